#include "handler_parts.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOOK_STEPS 16            /* so often the limits are looked at */
#define BYTES_A_STEP 64
#define ERROR_LEN_MAX 300

struct handler {
	struct slice text;           /* owned; gone once it is compiled */
	struct buffer library, code; /* compiled: parsing takes longer than most runs */
	char *name;                  /* owned; as Lua wants it: "@cart.lua" */
	struct handler_limits limits;
};

static bool run_whole(struct handler_run *run, struct buffer *error);

struct handler *handler_new(struct slice text, const char *name, const struct handler_limits *limits, struct buffer *error)
{
	if (text.len > HANDLER_TEXT_MAX) {
		buffer_add_text(error, name);
		buffer_add_text(error, ": larger than 64KiB, keep only what resolve needs");
		return NULL;
	}
	if (text.len > 0 && text.ptr[0] == LUA_SIGNATURE[0]) {
		buffer_add_text(error, name);
		buffer_add_text(error, ": a compiled chunk, give its source text");
		return NULL;
	}
	struct handler *handler = memory_new(sizeof(*handler));
	size_t name_len = strlen(name);
	handler->text = buffer_copy(text);
	handler->name = memory_new(name_len + 2);
	handler->name[0] = '@';
	memcpy(handler->name + 1, name, name_len);
	handler->limits = *limits;
	struct handler_run run = { .handler = handler, .library = &handler->library, .code = &handler->code };
	bool is_good = run_whole(&run, error);
	memory_free((void *)(uintptr_t)handler->text.ptr);
	handler->text = (struct slice){ NULL, 0 };
	if (is_good)
		return handler;
	handler_free(handler);
	return NULL;
}

void handler_free(struct handler *handler)
{
	if (handler == NULL)
		return;
	buffer_free(&handler->library);
	buffer_free(&handler->code);
	memory_free(handler->name);
	memory_free(handler);
}

bool handler_run(const struct handler *handler, const struct handler_call *call, struct buffer *result, struct buffer *error)
{
	size_t result_len = result->len;
	struct handler_run run = { .handler = handler, .call = call, .result = result };
	if (run_whole(&run, error))
		return true;
	result->len = result_len;
	return false;
}

/* ---- limits ---- */

struct handler_run *handler_run_of(lua_State *state)
{
	void *run;
	lua_getallocf(state, &run);
	return run;
}

void handler_run_stop(lua_State *state, enum handler_stop stop)
{
	handler_run_of(state)->stop = stop;
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

/* Reading the processor's time is dear: it cannot be up before the wall clock's is. */
static bool run_is_late(const struct handler_run *run)
{
	return clock_ns(CLOCK_MONOTONIC) > run->wall_end_ns && clock_ns(CLOCK_THREAD_CPUTIME_ID) > run->cpu_end_ns;
}

static void run_on_count(lua_State *state, lua_Debug *where)
{
	(void)where;
	struct handler_run *run = handler_run_of(state);
	run->steps_left -= HOOK_STEPS;
	if (run->stop != HANDLER_STOP_NONE)
		handler_run_stop(state, run->stop);
	if (run->steps_left < 0)
		handler_run_stop(state, HANDLER_STOP_STEPS);
	if (run_is_late(run))
		handler_run_stop(state, HANDLER_STOP_TIME);
}

static void *run_allocate(void *context, void *ptr, size_t old_size, size_t new_size)
{
	struct handler_run *run = context;
	if (ptr == NULL)
		old_size = 0;                /* it says the kind of object instead */
	if (new_size == 0) {
		memory_free(ptr);
		run->memory -= old_size;
		return NULL;
	}
	if (new_size > old_size) {
		/* Lua collects its garbage and asks again; then it raises an error. */
		if (new_size - old_size > run->handler->limits.memory_bytes - run->memory)
			return NULL;
		run->steps_left -= (int64_t)((new_size - old_size) / BYTES_A_STEP);
	}
	run->memory = run->memory + new_size - old_size;
	return memory_resize(ptr, new_size);
}

static void run_limit(struct handler_run *run, lua_State *state)
{
	const struct handler_limits *limits = &run->handler->limits;
	run->steps_left = (int64_t)limits->steps;
	run->wall_end_ns = clock_ns(CLOCK_MONOTONIC) + limits->time_ms * 1000000;
	run->cpu_end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + limits->time_ms * 1000000;
	lua_sethook(state, run_on_count, LUA_MASKCOUNT, HOOK_STEPS);
}

/* ---- a run ---- */

static void push_slice(lua_State *state, const char *name, struct slice text)
{
	lua_pushlstring(state, text.ptr != NULL ? text.ptr : "", text.len);
	lua_setfield(state, -2, name);
}

static void push_versions(lua_State *state, const struct handler_call *call)
{
	lua_createtable(state, (int)call->count, 0);
	for (unsigned i = 0; i < call->count; i++) {
		const struct handler_version *version = &call->versions[i];
		lua_createtable(state, 0, 5);
		if (version->is_present)
			push_slice(state, "value", version->value);
		lua_pushboolean(state, !version->is_present);
		lua_setfield(state, -2, "deleted");
		push_slice(state, "dc", version->dc);
		lua_pushinteger(state, (lua_Integer)version->time_ms);
		lua_setfield(state, -2, "time");
		if (call->is_field)
			push_slice(state, "field", call->field);
		lua_seti(state, -2, i + 1);
	}
}

/* The value on the stack's top is what resolve returned. */
static void take_result(lua_State *state, struct handler_run *run)
{
	int type = lua_type(state, -1);
	size_t len;
	if (type == LUA_TNIL)
		luaL_error(state, "%s: " HANDLER_FUNCTION " returned nothing (nil), return the merged value", run->handler->name + 1);
	if (type != LUA_TSTRING && type != LUA_TNUMBER)
		luaL_error(state, "%s: " HANDLER_FUNCTION " returned a %s, return a string", run->handler->name + 1, lua_typename(state, type));
	const char *text = lua_tolstring(state, -1, &len);
	if (len > run->handler->limits.result_bytes)
		luaL_error(state, "%s: " HANDLER_FUNCTION " returned %I bytes, more than limits.bulk", run->handler->name + 1, (LUAI_UACINT)len);
	buffer_add(run->result, (struct slice){ text, len });
}

static int add_code(lua_State *state, const void *bytes, size_t len, void *code)
{
	(void)state;
	buffer_add(code, (struct slice){ bytes, len });
	return 0;
}

void handler_load(lua_State *state, struct slice text, const char *name, const struct buffer *compiled, struct buffer *code)
{
	bool is_compiled = compiled->len > 0;
	struct slice chunk = is_compiled ? buffer_slice(compiled) : text;
	/* Foreign code is never taken compiled: that could break out of the sandbox. */
	if (luaL_loadbufferx(state, chunk.ptr, chunk.len, name, is_compiled ? "b" : "t") != LUA_OK)
		lua_error(state);
	if (code != NULL)
		lua_dump(state, add_code, code, 0);
}

/* In protected mode: errors come here by lua_error, from wherever they happen. */
static int run_protected(lua_State *state)
{
	struct handler_run *run = lua_touserdata(state, 1);
	const struct handler *handler = run->handler;
	run->steps_left = INT64_MAX;
	handler_library_open(state, &handler->library, run->library);
	run_limit(run, state);
	handler_load(state, handler->text, handler->name, &handler->code, run->code);
	lua_call(state, 0, 0);
	if (lua_getglobal(state, HANDLER_FUNCTION) != LUA_TFUNCTION)
		luaL_error(state, "%s: there is no function " HANDLER_FUNCTION ", write: function " HANDLER_FUNCTION "(key, versions) … end", handler->name + 1);
	if (run->call == NULL)
		return 0;
	lua_pushlstring(state, run->call->key.ptr != NULL ? run->call->key.ptr : "", run->call->key.len);
	push_versions(state, run->call);
	lua_call(state, 2, 1);
	if (run->steps_left < 0)
		handler_run_stop(state, HANDLER_STOP_STEPS);
	take_result(state, run);
	return 0;
}

/* One line, whatever the handler threw. */
static void explain(lua_State *state, const struct handler_run *run, int status, struct buffer *error)
{
	const struct handler_limits *limits = &run->handler->limits;
	const char *name = run->handler->name + 1;
	char text[ERROR_LEN_MAX];
	if (run->stop == HANDLER_STOP_STEPS)
		snprintf(text, sizeof(text), "%s: stopped after %llu steps (handlers.steps)", name, (unsigned long long)limits->steps);
	else if (run->stop == HANDLER_STOP_TIME)
		snprintf(text, sizeof(text), "%s: stopped after %llu ms (handlers.time)", name, (unsigned long long)limits->time_ms);
	else if (run->stop == HANDLER_STOP_MEMORY || status == LUA_ERRMEM)
		snprintf(text, sizeof(text), "%s: needs more than %llu bytes of memory (handlers.memory)", name,
		         (unsigned long long)limits->memory_bytes);
	else if (lua_type(state, -1) == LUA_TSTRING)
		snprintf(text, sizeof(text), "%s", lua_tostring(state, -1));
	else
		snprintf(text, sizeof(text), "%s: threw a %s", name, luaL_typename(state, -1));
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	buffer_add_text(error, text);
}

static bool run_whole(struct handler_run *run, struct buffer *error)
{
	lua_State *state = lua_newstate(run_allocate, run);
	int status = LUA_ERRMEM;
	if (state != NULL) {
		lua_pushcfunction(state, run_protected);
		lua_pushlightuserdata(state, run);
		status = lua_pcall(state, 1, 0, 0);
	}
	if (status != LUA_OK)
		explain(state, run, status, error);
	if (state != NULL)
		lua_close(state);
	return status == LUA_OK;
}
