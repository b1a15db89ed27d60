/* Process: what the operating system says about us, for the metrics that Prometheus's own libraries call process_… */
#ifndef PROXY_PROCESS_H
#define PROXY_PROCESS_H

#include <stdint.h>

/* Processor time of all threads so far, user and system. */
uint64_t process_cpu_ms(void);
uint64_t process_resident_bytes(void);
uint64_t process_virtual_bytes(void);
uint64_t process_open_fds(void);
/* How many file descriptors may be open. */
uint64_t process_fds_max(void);

#endif
