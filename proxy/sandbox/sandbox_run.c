/* Sandbox run: limits of memory, steps and time (see sandbox_run.h). */
#include "sandbox_run.h"

#include <lauxlib.h>
#include <time.h>

#define HOOK_STEPS 16            /* Lua calls run_on_count after so many instructions */
#define BYTES_A_STEP 64

struct sandbox_run *sandbox_run_of(lua_State *state)
{
	void *run;
	lua_getallocf(state, &run);
	return run;
}

void sandbox_run_stop(lua_State *state, enum sandbox_stop stop)
{
	sandbox_run_of(state)->stop = stop;
	lua_pushnil(state);
	lua_error(state);
	__builtin_unreachable();
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Processor time can never be up before as much wall-clock time has passed, which costs less to read: so that is looked at first. */
static bool run_is_late(const struct sandbox_run *run)
{
	return clock_ns(CLOCK_MONOTONIC) > run->wall_end_ns && clock_ns(CLOCK_THREAD_CPUTIME_ID) > run->cpu_end_ns;
}

static void run_on_count(lua_State *state, lua_Debug *where)
{
	(void)where;
	struct sandbox_run *run = sandbox_run_of(state);
	run->steps_left -= HOOK_STEPS;
	if (run->stop != SANDBOX_STOP_NONE)
		sandbox_run_stop(state, run->stop);
	if (run->steps_left < 0)
		sandbox_run_stop(state, SANDBOX_STOP_STEPS);
	if (run_is_late(run))
		sandbox_run_stop(state, SANDBOX_STOP_TIME);
}

static void *run_allocate(void *context, void *ptr, size_t old_size, size_t new_size)
{
	struct sandbox_run *run = context;
	if (ptr == NULL)
		old_size = 0;                /* for a new object Lua passes its kind there */
	if (new_size == 0) {
		memory_free(ptr);
		run->memory -= old_size;
		return NULL;
	}
	if (new_size > old_size) {
		/* On NULL Lua collects garbage and asks again, and if it gets NULL again raises an error. */
		if (new_size - old_size > run->limits->memory_bytes - run->memory)
			return NULL;
		run->steps_left -= (int64_t)((new_size - old_size) / BYTES_A_STEP);
	}
	run->memory = run->memory + new_size - old_size;
	return memory_resize(ptr, new_size);
}

lua_State *sandbox_state_new(struct sandbox_run *run)
{
	return lua_newstate(run_allocate, run);
}

void sandbox_run_limit(lua_State *state)
{
	struct sandbox_run *run = sandbox_run_of(state);
	run->steps_left = (int64_t)run->limits->steps;
	run->wall_end_ns = clock_ns(CLOCK_MONOTONIC) + run->limits->time_ms * 1000000;
	run->cpu_end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + run->limits->time_ms * 1000000;
	lua_sethook(state, run_on_count, LUA_MASKCOUNT, HOOK_STEPS);
}

static int add_code(lua_State *state, const void *bytes, size_t len, void *code)
{
	(void)state;
	buffer_add(code, (struct slice){ bytes, len });
	return 0;
}

void sandbox_load(lua_State *state, struct slice text, const char *name, const struct buffer *compiled, struct buffer *code)
{
	bool is_compiled = compiled->len > 0;
	struct slice chunk = is_compiled ? buffer_slice(compiled) : text;
	/* Only what was compiled here is loaded in compiled form: foreign compiled code could break out of the sandbox. */
	if (luaL_loadbufferx(state, chunk.ptr, chunk.len, name, is_compiled ? "b" : "t") != LUA_OK)
		lua_error(state);
	if (code != NULL)
		lua_dump(state, add_code, code, 0);
}
