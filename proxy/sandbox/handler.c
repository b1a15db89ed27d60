/* Handler: one run from beginning to end (see handler.h). */
#include "handler.h"

#include "sandbox_library.h"
#include "sandbox_run.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define ERROR_LEN_MAX 300

struct handler {
	struct slice text;           /* owned; freed once it is compiled */
	struct buffer library, code; /* compiled forms, kept because parsing takes longer than most runs */
	char *name;                  /* owned; in the form that Lua expects: "@cart.lua" */
	struct handler_limits limits;
};

/* One run of a handler, in a Lua state of its own. */
struct run {
	struct sandbox_run sandbox;
	const struct handler *handler;
	const struct handler_call *call;     /* NULL: resolve is not called, only looked for */
	struct buffer *result;
	struct buffer *library, *code;       /* the first run puts here what it compiled; NULL in later runs */
};

static bool run_whole(struct run *run, struct buffer *error);

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
	struct run run = { .sandbox = { .limits = &handler->limits }, .handler = handler, .library = &handler->library, .code = &handler->code };
	bool is_good = run_whole(&run, error);
	bytes_free(handler->text);
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
	struct run run = { .sandbox = { .limits = &handler->limits }, .handler = handler, .call = call, .result = result };
	if (run_whole(&run, error))
		return true;
	result->len = result_len;
	return false;
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
static void take_result(lua_State *state, struct run *run)
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

/* In protected mode: lua_error, wherever it is called, ends this function. */
static int run_protected(lua_State *state)
{
	struct run *run = lua_touserdata(state, 1);
	const struct handler *handler = run->handler;
	run->sandbox.steps_left = INT64_MAX;
	sandbox_library_open(state, &handler->library, run->library);
	sandbox_run_limit(state);
	sandbox_load(state, handler->text, handler->name, &handler->code, run->code);
	lua_call(state, 0, 0);
	if (lua_getglobal(state, HANDLER_FUNCTION) != LUA_TFUNCTION)
		luaL_error(state, "%s: there is no function " HANDLER_FUNCTION ", write: function " HANDLER_FUNCTION "(key, versions) … end", handler->name + 1);
	if (run->call == NULL)
		return 0;
	lua_pushlstring(state, run->call->key.ptr != NULL ? run->call->key.ptr : "", run->call->key.len);
	push_versions(state, run->call);
	lua_call(state, 2, 1);
	if (run->sandbox.steps_left < 0)
		sandbox_run_stop(state, SANDBOX_STOP_STEPS);
	take_result(state, run);
	return 0;
}

/* One line, whatever the handler threw. */
static void explain(lua_State *state, const struct run *run, int status, struct buffer *error)
{
	const struct handler_limits *limits = &run->handler->limits;
	const char *name = run->handler->name + 1;
	char text[ERROR_LEN_MAX];
	if (run->sandbox.stop == SANDBOX_STOP_STEPS)
		snprintf(text, sizeof(text), "%s: stopped after %llu steps (handlers.steps)", name, (unsigned long long)limits->steps);
	else if (run->sandbox.stop == SANDBOX_STOP_TIME)
		snprintf(text, sizeof(text), "%s: stopped after %llu ms (handlers.time)", name, (unsigned long long)limits->time_ms);
	else if (run->sandbox.stop == SANDBOX_STOP_MEMORY || status == LUA_ERRMEM)
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

static bool run_whole(struct run *run, struct buffer *error)
{
	lua_State *state = sandbox_state_new(&run->sandbox);
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
