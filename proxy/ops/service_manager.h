/* Service manager: tells systemd about start and stop, if it listens (Type=notify). */
#ifndef PROXY_SERVICE_MANAGER_H
#define PROXY_SERVICE_MANAGER_H

/* STATE as in sd_notify(3): "READY=1", "STOPPING=1". Nobody listens: nothing happens. */
void service_manager_tell(const char *state);

#endif
