/* Any text as a handler: a result or an error of one line, within the limits. Any bytes as a text and a pattern: what Lua's own library
 * makes of them. */
#include "proxy/sandbox/handler.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_LEN_MAX 24       /* Lua's own matcher cannot be interrupted */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct handler_limits limits = { .steps = 100000, .memory_bytes = 1024 * 1024, .time_ms = 10000, .result_bytes = 1024 * 1024 };

static const char matching[] = "function resolve(key, versions)\n"
                               "  local text, pattern, out = versions[1].value, versions[2].value, {}\n"
                               "  for first, second in text:gmatch(pattern) do out[#out + 1] = tostring(first) .. '/' .. tostring(second) end\n"
                               "  out[#out + 1] = text:gsub(pattern, '<%0>')\n"
                               "  out[#out + 1] = text:gsub(pattern, string.upper, 2)\n"
                               "  for _, found in ipairs({ text:find(pattern, -3) }) do out[#out + 1] = tostring(found) end\n"
                               "  out[#out + 1] = tostring(text:match(pattern, 2))\n"
                               "  return table.concat(out, ' ')\n"
                               "end\n";

static bool run(struct slice text, const struct handler_version *versions, struct buffer *result)
{
	struct buffer error = { 0 };
	struct handler_call call = { .key = SLICE("key"), .versions = versions, .count = 2 };
	struct handler *handler = handler_new(text, "fuzz.lua", &limits, &error);
	bool is_good = handler != NULL && handler_run(handler, &call, result, &error);

	if (is_good == (error.len > 0) || memchr(error.ptr != NULL ? error.ptr : "", '\n', error.len) != NULL)
		abort();
	handler_free(handler);
	buffer_free(&error);
	return is_good;
}

/* What Lua as it comes makes of the same. */
static bool run_plain(const struct handler_version *versions, struct buffer *result)
{
	lua_State *state = luaL_newstate();

	luaL_openlibs(state);
	if (luaL_dostring(state, matching) != LUA_OK)
		abort();
	lua_getglobal(state, "resolve");
	lua_pushnil(state);
	lua_newtable(state);
	for (int i = 0; i < 2; i++) {
		lua_newtable(state);
		lua_pushlstring(state, versions[i].value.ptr, versions[i].value.len);
		lua_setfield(state, -2, "value");
		lua_seti(state, -2, i + 1);
	}
	bool is_good = lua_pcall(state, 2, 1, 0) == LUA_OK;
	if (is_good) {
		struct slice value;
		value.ptr = lua_tolstring(state, -1, &value.len);
		buffer_add(result, value);
	}
	lua_close(state);
	return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = { (const char *)bytes, len };
	struct handler_version versions[] = {
		{ SLICE("eu"), true, { input.ptr, len / 2 }, 2 },
		{ SLICE("us"), true, { input.ptr + len / 2, len - len / 2 }, 1 },
	};
	struct buffer ours = { 0 }, theirs = { 0 };

	run(input, versions, &ours);
	buffer_reset(&ours);
	if (len <= PATTERN_LEN_MAX) {
		bool is_good = run(slice_of(matching), versions, &ours);

		if (is_good != run_plain(versions, &theirs) || !slice_equal(buffer_slice(&ours), buffer_slice(&theirs)))
			abort();
	}
	buffer_free(&ours);
	buffer_free(&theirs);
	return 0;
}
