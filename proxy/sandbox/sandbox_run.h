/* Sandbox run: a Lua state that lives for one run of a handler, and the limits of that run. Lua asks it for memory and reports its steps
 * to it; both count against the limits. */
#ifndef PROXY_SANDBOX_RUN_H
#define PROXY_SANDBOX_RUN_H

#include "handler.h"

#include <lua.h>

enum sandbox_stop { SANDBOX_STOP_NONE, SANDBOX_STOP_STEPS, SANDBOX_STOP_MEMORY, SANDBOX_STOP_TIME };

/* Once STOP is set the handler gets no further: its own pcall cannot catch that, and no result counts. */
struct sandbox_run {
	const struct handler_limits *limits;
	uint64_t memory;                     /* bytes in use */
	int64_t steps_left;                  /* below 0: all are used up */
	uint64_t wall_end_ns, cpu_end_ns;
	enum sandbox_stop stop;
};

/* A Lua state whose memory is counted in RUN. NULL: the limit is too small even for that. To be closed by lua_close. */
MUST_CHECK lua_State *sandbox_state_new(struct sandbox_run *run);
/* The run of STATE. */
struct sandbox_run *sandbox_run_of(lua_State *state);

/* ---- to be called in protected mode: errors leave by lua_error ---- */

/* From here on steps and time are limited; memory always is. */
void sandbox_run_limit(lua_State *state);
/* Ends the run: does not return. */
_Noreturn void sandbox_run_stop(lua_State *state, enum sandbox_stop stop);
/* Pushes TEXT as a function, or, if COMPILED is not empty, what was compiled of TEXT before. CODE gets the compiled form; NULL: not wanted. */
void sandbox_load(lua_State *state, struct slice text, const char *name, const struct buffer *compiled, struct buffer *code);

#endif
