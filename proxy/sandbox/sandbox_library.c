/* Sandbox library (see sandbox_library.h): the lists below name what a handler may call of Lua's own libraries. Functions that cannot be
 * interrupted, or whose results differ from run to run, are replaced by functions of our own. Nothing that is left can change what strings
 * are (there are no metatables), run text, or reach a file. */
#include "sandbox_library.h"

#include "sandbox_pattern.h"
#include "sandbox_run.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

static const char *const base_names[] = { "_G", "_VERSION", "assert", "error", "ipairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select",
	"tonumber", "tostring", "type", NULL };
static const char *const string_names[] = { "byte", "char", "find", "format", "len", "lower", "match", "pack", "packsize", "rep", "reverse", "sub",
	"unpack", "upper", NULL };
static const char *const table_names[] = { "concat", "insert", "pack", "remove", "unpack", NULL };
static const char *const math_names[] = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max",
	"maxinteger", "min", "mininteger", "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type", "ult", NULL };
static const char *const utf8_names[] = { "char", "charpattern", "codepoint", "codes", "len", "offset", NULL };

/* Functions written in Lua, so that each of their steps is counted. The originals would do much work in one step (table.sort), give an
 * order that depends on a random seed (pairs), or call the handler back from C (gsub). The chunk's argument is the real next. */
static const char prelude[] =
	"local next = ...\n"
	"local type, tostring, error, select, min, huge = type, tostring, error, select, math.min, math.huge\n"
	"local byte, sub, find, concat, pack, unpack = string.byte, string.sub, string.find, table.concat, table.pack, table.unpack\n"
	"local function is_less(a, b) return a < b end\n"
	/* Merging runs of 1, 2, 4 … */
	"local function sort(list, count, is_before)\n"
	"  local from, to, width = list, {}, 1\n"
	"  while width < count do\n"
	"    local at = 1\n"
	"    while at <= count do\n"
	"      local left, right = at, at + width\n"
	"      local left_end, right_end = min(right - 1, count), min(right + width - 1, count)\n"
	"      for place = at, right_end do\n"
	"        if right > right_end or left <= left_end and not is_before(from[right], from[left]) then\n"
	"          to[place] = from[left]; left = left + 1\n"
	"        else\n"
	"          to[place] = from[right]; right = right + 1\n"
	"        end\n"
	"      end\n"
	"      at = right_end + 1\n"
	"    end\n"
	"    from, to = to, from\n"
	"    width = width * 2\n"
	"  end\n"
	"  if from ~= list then for place = 1, count do list[place] = from[place] end end\n"
	"end\n"
	"function table.sort(list, is_before) sort(list, #list, is_before or is_less) end\n"
	"local function is_key_before(a, b)\n"
	"  local kind, other = type(a), type(b)\n"
	"  if kind ~= other then return kind < other end\n"
	"  if kind == 'number' or kind == 'string' then return a < b end\n"
	"  return kind == 'boolean' and b and not a\n"
	"end\n"
	"function pairs(list)\n"
	"  if type(list) ~= 'table' then error(\"bad argument #1 to 'pairs' (table expected, got \" .. type(list) .. ')', 2) end\n"
	"  local keys, count, at = {}, 0, 0\n"
	"  for key in next, list do count = count + 1; keys[count] = key end\n"
	"  sort(keys, count, is_key_before)\n"
	"  return function()\n"
	"    while at < count do\n"
	"      at = at + 1\n"
	"      local key = keys[at]\n"
	"      if list[key] ~= nil then return key, list[key] end\n"
	"    end\n"
	"  end\n"
	"end\n"
	"local function text_of(value, name)\n"
	"  if type(value) == 'string' then return value end\n"
	"  if type(value) == 'number' then return tostring(value) end\n"
	"  error(\"bad argument to '\" .. name .. \"' (string expected, got \" .. type(value) .. ')', 3)\n"
	"end\n"
	"function string.gmatch(text, pattern)\n"
	"  text, pattern = text_of(text, 'gmatch'), text_of(pattern, 'gmatch')\n"
	"  if byte(pattern, 1) == 94 then pattern = '%' .. pattern end\n"
	"  local at, last = 1, nil\n"
	"  return function()\n"
	"    while at <= #text + 1 do\n"
	"      local found = pack(find(text, pattern, at))\n"
	"      if not found[1] then at = #text + 2; return nil end\n"
	"      local behind = found[2] + 1\n"
	"      if behind ~= last then\n"
	"        at, last = behind, behind\n"
	"        if found.n > 2 then return unpack(found, 3, found.n) end\n"
	"        return sub(text, found[1], found[2])\n"
	"      end\n"
	"      at = found[1] + 1\n"
	"    end\n"
	"  end\n"
	"end\n"
	"local function expand(template, found, whole)\n"
	"  local parts, at = {}, 1\n"
	"  while true do\n"
	"    local mark = find(template, '%', at, true)\n"
	"    if not mark then break end\n"
	"    local code = byte(template, mark + 1)\n"
	"    local part = code == 37 and '%' or code == 48 and whole or nil\n"
	"    if not part and code and code > 48 and code < 58 then\n"
	"      part = found[code - 46]\n"
	"      if code == 49 and found.n == 2 then part = whole end\n"
	"      if not part then error('invalid capture index in replacement string', 3) end\n"
	"    end\n"
	"    if not part then error(\"invalid use of '%' in replacement string\", 3) end\n"
	"    parts[#parts + 1] = sub(template, at, mark - 1)\n"
	"    parts[#parts + 1] = part\n"
	"    at = mark + 2\n"
	"  end\n"
	"  parts[#parts + 1] = sub(template, at)\n"
	"  return concat(parts)\n"
	"end\n"
	"local function replace(by, found, whole)\n"
	"  local kind, value = type(by)\n"
	"  if kind == 'string' then return expand(by, found, whole) end\n"
	"  if kind == 'table' then\n"
	"    if found.n > 2 then value = by[found[3]] else value = by[whole] end\n"
	"  elseif found.n > 2 then\n"
	"    value = by(unpack(found, 3, found.n))\n"
	"  else\n"
	"    value = by(whole)\n"
	"  end\n"
	"  if not value then return whole end\n"
	"  if type(value) == 'string' or type(value) == 'number' then return value end\n"
	"  error('invalid replacement value (a ' .. type(value) .. ')', 3)\n"
	"end\n"
	"function string.gsub(text, pattern, by, most)\n"
	"  text, pattern, most = text_of(text, 'gsub'), text_of(pattern, 'gsub'), most or huge\n"
	"  if type(by) ~= 'table' and type(by) ~= 'function' then by = text_of(by, 'gsub') end\n"
	"  local parts, count, at, copied, last = {}, 0, 1, 1, nil\n"
	"  while count < most and at <= #text + 1 do\n"
	"    local found = pack(find(text, pattern, at))\n"
	"    if not found[1] then break end\n"
	"    local behind = found[2] + 1\n"
	"    if behind == last then\n"
	"      at = found[1] + 1\n"
	"    else\n"
	"      count = count + 1\n"
	"      parts[#parts + 1] = sub(text, copied, found[1] - 1)\n"
	"      parts[#parts + 1] = replace(by, found, sub(text, found[1], found[2]))\n"
	"      at, copied, last = behind, behind, behind\n"
	"    end\n"
	"    if byte(pattern, 1) == 94 then break end\n"
	"  end\n"
	"  parts[#parts + 1] = sub(text, copied)\n"
	"  return concat(parts), count\n"
	"end\n";

/* ---- functions of our own ---- */

/* pcall, except that it does not catch what ends the run. */
static int library_pcall(lua_State *state)
{
	luaL_checkany(state, 1);
	int status = lua_pcall(state, lua_gettop(state) - 1, LUA_MULTRET, 0);
	struct sandbox_run *run = sandbox_run_of(state);
	if (status == LUA_ERRMEM)
		sandbox_run_stop(state, SANDBOX_STOP_MEMORY);
	if (run->stop != SANDBOX_STOP_NONE)
		sandbox_run_stop(state, run->stop);
	lua_pushboolean(state, status == LUA_OK);
	lua_insert(state, 1);
	return lua_gettop(state);
}

/* string.rep. The real one (its upvalue) would loop even to repeat an empty text, so that case is answered here. */
static int library_rep(lua_State *state)
{
	size_t len, separator_len;
	luaL_checklstring(state, 1, &len);
	luaL_optlstring(state, 3, "", &separator_len);
	if (len + separator_len == 0)
		return lua_pushliteral(state, ""), 1;
	lua_pushvalue(state, lua_upvalueindex(1));
	lua_insert(state, 1);
	lua_call(state, lua_gettop(state) - 1, 1);
	return 1;
}

/* Pushes the captures, or, where there are none and IS_WHOLE is set, the whole match. Returns how many it pushed. */
static int push_captures(lua_State *state, const struct pattern_search *search, struct slice whole, bool is_whole)
{
	if (search->capture_count == 0 && is_whole)
		return lua_pushlstring(state, whole.ptr, whole.len), 1;
	luaL_checkstack(state, PATTERN_CAPTURES_MAX, "too many captures");
	for (unsigned i = 0; i < search->capture_count; i++) {
		const struct pattern_capture *capture = &search->captures[i];
		if (capture->is_open)
			return luaL_error(state, "unfinished capture");
		if (capture->is_position)
			lua_pushinteger(state, capture->ptr - search->text.ptr + 1);
		else
			lua_pushlstring(state, capture->ptr, capture->len);
	}
	return (int)search->capture_count;
}

/* Where a search begins, from its third argument; beyond the text: nowhere. */
static size_t search_from(lua_State *state, size_t len)
{
	lua_Integer from = luaL_optinteger(state, 3, 1);
	if (from > 0)
		return (lua_Unsigned)from - 1 > len ? len + 1 : (size_t)from - 1;
	if (from == 0 || from < -(lua_Integer)len)
		return 0;
	return len - (size_t)-from;
}

static bool search_plain(struct pattern_search *search, size_t from, size_t *begin, size_t *end)
{
	*search->steps_left -= (int64_t)((search->text.len - from) / 16);
	const char *found = memmem(search->text.ptr + from, search->text.len - from, search->pattern.ptr, search->pattern.len);
	if (found == NULL)
		return false;
	*begin = (size_t)(found - search->text.ptr);
	*end = *begin + search->pattern.len;
	return true;
}

static int library_search(lua_State *state, bool is_find)
{
	struct sandbox_run *run = sandbox_run_of(state);
	struct pattern_search search = { .steps_left = &run->steps_left };
	search.text.ptr = luaL_checklstring(state, 1, &search.text.len);
	search.pattern.ptr = luaL_checklstring(state, 2, &search.pattern.len);
	size_t from = search_from(state, search.text.len), begin = 0, end = 0;
	bool is_found = false;
	if (from <= search.text.len)
		is_found = is_find && lua_toboolean(state, 4) ? search_plain(&search, from, &begin, &end)
		                                              : pattern_find(&search, from, &begin, &end);
	if (run->steps_left < 0)
		sandbox_run_stop(state, SANDBOX_STOP_STEPS);
	if (search.error != NULL)
		return luaL_error(state, "%s", search.error);
	if (!is_found)
		return lua_pushnil(state), 1;
	if (!is_find)
		return push_captures(state, &search, (struct slice){ search.text.ptr + begin, end - begin }, true);
	lua_pushinteger(state, (lua_Integer)begin + 1);
	lua_pushinteger(state, (lua_Integer)end);
	return 2 + push_captures(state, &search, (struct slice){ NULL, 0 }, false);
}

static int library_find(lua_State *state)
{
	return library_search(state, true);
}

static int library_match(lua_State *state)
{
	return library_search(state, false);
}

/* ---- what is there ---- */

static bool is_listed(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Takes everything out of the table on the stack's top that is not in NAMES. */
static void prune(lua_State *state, const char *const *names)
{
	for (lua_pushnil(state); lua_next(state, -2);) {
		lua_pop(state, 1);
		if (lua_type(state, -1) == LUA_TSTRING && is_listed(lua_tostring(state, -1), names))
			continue;
		lua_pushvalue(state, -1);
		lua_pushnil(state);
		lua_rawset(state, -4);
	}
}

/* Opens a library as the global NAME, and leaves its table on the stack. */
static void open_pruned(lua_State *state, const char *name, lua_CFunction open, const char *const *names)
{
	lua_pushcfunction(state, open);
	lua_pushstring(state, name);
	lua_call(state, 1, 1);
	prune(state, names);
	lua_pushvalue(state, -1);
	lua_setglobal(state, name);
}

static void open_string(lua_State *state)
{
	open_pruned(state, LUA_STRLIBNAME, luaopen_string, string_names);
	lua_getfield(state, -1, "rep");
	lua_pushcclosure(state, library_rep, 1);
	lua_setfield(state, -2, "rep");
	lua_pushcfunction(state, library_find);
	lua_setfield(state, -2, "find");
	lua_pushcfunction(state, library_match);
	lua_setfield(state, -2, "match");
}

void sandbox_library_open(lua_State *state, const struct buffer *compiled, struct buffer *code)
{
	int top = lua_gettop(state);
	lua_pushcfunction(state, luaopen_base);
	lua_call(state, 0, 1);
	lua_getfield(state, -1, "next");
	lua_insert(state, -2);
	prune(state, base_names);
	lua_pushcfunction(state, library_pcall);
	lua_setglobal(state, "pcall");
	open_string(state);
	open_pruned(state, LUA_TABLIBNAME, luaopen_table, table_names);
	open_pruned(state, LUA_MATHLIBNAME, luaopen_math, math_names);
	open_pruned(state, LUA_UTF8LIBNAME, luaopen_utf8, utf8_names);
	sandbox_load(state, (struct slice){ prelude, sizeof(prelude) - 1 }, "=library", compiled, code);
	lua_pushvalue(state, top + 1);
	lua_call(state, 1, 0);
	lua_settop(state, top);
}
