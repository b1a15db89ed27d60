/* Handlers: those of all custom rules, and the runs that the core has asked for. Runs wait here until the core's step is over, since steps
 * must not nest; each then takes the loop for as long as its limits allow. */
#ifndef PROXY_HANDLERS_H
#define PROXY_HANDLERS_H

#include "config/settings.h"
#include "proxy/core/core.h"

struct handlers;

struct handlers *handlers_new(void);
void handlers_free(struct handlers *handlers);
/* Makes the handlers of SETTINGS' rules, with its limits, in place of those there were. Where the rules have changed, runs that
 * wait are of no use any more: they end with an error. A handler that cannot be made under these limits says so at each of its runs. */
void handlers_set(struct handlers *handlers, const struct settings *settings);
/* Keeps a copy of an EFFECT_HANDLE. */
void handlers_ask(struct handlers *handlers, const struct effect *handle);
/* Nobody waits for answers any more. */
void handlers_forget(struct handlers *handlers);
bool handlers_is_idle(const struct handlers *handlers);
/* Makes the oldest run, and HANDLED its EVENT_HANDLED; what that borrows lives until the next call. False: there is none. */
MUST_CHECK bool handlers_run(struct handlers *handlers, struct event *handled);

#endif
