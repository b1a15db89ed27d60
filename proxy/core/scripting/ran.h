/* Ran: what a script did, from the log that its wrapper kept (wrapper.h): each write as its own plan would have made it, and then what they come to. */
#ifndef CORE_RAN_H
#define CORE_RAN_H

#include "base/arena.h"
#include "proxy/core/commands/plan.h"

/* The script's own answer, inside the wrapper's; and the log behind it, empty if it wrote nothing. An error is all there is. */
struct slice ran_reply(struct slice reply, struct slice *log);
/* The token that LOG begins with. */
struct slice ran_token(struct slice log);
/* RESULT gets what the writes in LOG come to, each element once, in the terms of one write; its slices point into LOG and ARENA. SCRATCH is used. DB: where the
 * script began. False: part of the log cannot be read, and is left out. */
MUST_CHECK bool ran_changes(struct slice log, const struct plan_world *world, struct arena *arena, struct changes *scratch, struct changes *result);

#endif
