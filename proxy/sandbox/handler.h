/* Handler: the function resolve(key, versions) of a `custom` rule, in Lua, run in a sandbox. A handler sees its arguments and nothing else:
 * no file, no clock, no random number, nothing of an earlier run. Whatever it does, handler_run returns with a value or an error after a
 * bounded number of steps and with a bounded amount of memory. Which rule has which handler, and when it runs: proxy/handler_runs.
 *
 *   handler.c           one run from beginning to end
 *   sandbox_library.c   what a handler may call
 *   sandbox_pattern.c   Lua's string patterns, matched with a budget of steps
 *   sandbox_run.c       the Lua state of one run, and its limits */
#ifndef PROXY_HANDLER_H
#define PROXY_HANDLER_H

#include "base/bytes.h"

#define HANDLER_TEXT_MAX (64u * 1024)
#define HANDLER_FUNCTION "resolve"

struct handler_limits {
	uint64_t steps;              /* Lua instructions, steps of pattern matching, and one for each 64 bytes of memory asked for */
	uint64_t memory_bytes;
	uint64_t time_ms;            /* of the processor, for what steps cannot count: comparing large strings again and again */
	uint64_t result_bytes;
};

struct handler_version {             /* a live version */
	struct slice dc;
	bool is_present;             /* else a removal, without a value */
	struct slice value;
	uint64_t time_ms;            /* when it was written, by the clock of its datacenter */
};

struct handler_call {
	struct slice key;
	bool is_field;               /* of a hash: FIELD; else the string KEY */
	struct slice field;
	const struct handler_version *versions;      /* newest first */
	unsigned count;
};

struct handler;

/* Compiles TEXT and runs it once, to see that it gives a function `resolve`. NAME is what errors call it. NULL: ERROR has a line that
 * says why not. TEXT is copied. */
struct handler *handler_new(struct slice text, const char *name, const struct handler_limits *limits, struct buffer *error);
void handler_free(struct handler *handler);
/* Appends what resolve(key, versions) returns to RESULT. False: it failed, and ERROR gets one line that says why. */
MUST_CHECK bool handler_run(const struct handler *handler, const struct handler_call *call, struct buffer *result, struct buffer *error);

#endif
