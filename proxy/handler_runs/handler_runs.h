/* Handler runs: the handlers of all custom rules, and the runs of them that the core has asked for. A run waits here until the core's step
 * is over, since steps must not nest. It then takes the loop for as long as the limits of handlers allow. */
#ifndef PROXY_HANDLER_RUNS_H
#define PROXY_HANDLER_RUNS_H

#include "config/settings.h"
#include "proxy/core/core.h"

struct handler_runs;

struct handler_runs *handler_runs_new(void);
void handler_runs_free(struct handler_runs *runs);
/* Compiles the handlers of SETTINGS' rules under its limits and replaces the handlers there were. Where the rules have changed, runs
 * that wait are obsolete and end with an error. A handler that cannot be compiled under these limits says so at each of its runs. */
void handler_runs_configure(struct handler_runs *runs, const struct settings *settings);
/* Queues a run; copies the EFFECT_HANDLE that asks for it. */
void handler_runs_add(struct handler_runs *runs, const struct effect *handle);
/* Drops all runs that wait: the store was lost, and the core expects no answer to them. */
void handler_runs_drop(struct handler_runs *runs);
bool handler_runs_are_done(const struct handler_runs *runs);
/* Runs the oldest one. HANDLED becomes its EVENT_HANDLED; what that borrows lives until the next call. False: none waits. */
MUST_CHECK bool handler_runs_next(struct handler_runs *runs, struct event *handled);

#endif
