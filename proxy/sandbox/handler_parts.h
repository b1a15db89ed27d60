/* Parts of a handler's run, for the files handler*.c. */
#ifndef PROXY_HANDLER_PARTS_H
#define PROXY_HANDLER_PARTS_H

#include "handler.h"

#include <lua.h>

enum handler_stop { HANDLER_STOP_NONE, HANDLER_STOP_STEPS, HANDLER_STOP_MEMORY, HANDLER_STOP_TIME };

/* One run. Once STOP is set the handler gets no further: its own pcall cannot catch that, and no result counts. */
struct handler_run {
	const struct handler *handler;
	const struct handler_call *call;     /* NULL: only see whether there is a function */
	struct buffer *result;
	struct buffer *library, *code;       /* the first run keeps here what it compiled; else NULL */
	uint64_t memory;                     /* bytes in use */
	int64_t steps_left;
	uint64_t wall_end_ns, cpu_end_ns;
	enum handler_stop stop;
};

/* The run that STATE is of. */
struct handler_run *handler_run_of(lua_State *state);
/* Ends the run: does not return. */
_Noreturn void handler_run_stop(lua_State *state, enum handler_stop stop);
/* ---- to be called in protected mode ---- */

/* Pushes TEXT as a function, or what was COMPILED of it before, if that is not empty. CODE: gets it compiled; NULL: need not. */
void handler_load(lua_State *state, struct slice text, const char *name, const struct buffer *compiled, struct buffer *code);
/* Fills the globals with what a handler may call. */
void handler_library_open(lua_State *state, const struct buffer *compiled, struct buffer *code);

#endif
