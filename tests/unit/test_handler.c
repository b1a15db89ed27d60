/* Handlers: what they are given and may return, what they cannot reach, and that nothing they do outlasts or outgrows its limits. */
#include "proxy/sandbox/handler.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

void suite_handler(void);

static const struct handler_limits limits = { .steps = 200000, .memory_bytes = 4 * 1024 * 1024, .time_ms = 60000, .result_bytes = 1000 };

static const struct handler_version two[] = {
	{ SLICE("us"), true, SLICE("new"), 2000 },
	{ SLICE("eu"), true, SLICE("old"), 1000 },
};
static const struct handler_version with_removal[] = {
	{ SLICE("us"), false, { NULL, 0 }, 2000 },
	{ SLICE("eu"), true, SLICE("old"), 1000 },
};

/* Runs TEXT on CALL and leaves what came of it, a result or an error, in OUT, ended by a NUL. */
static bool run(const char *text, const struct handler_call *call, const struct handler_limits *within, struct buffer *out)
{
	struct buffer error = { 0 };
	struct handler *handler = handler_new(slice_of(text), "test.lua", within, &error);
	bool is_good = handler != NULL && handler_run(handler, call, out, &error);

	buffer_add(out, buffer_slice(&error));
	buffer_add_byte(out, '\0');
	buffer_free(&error);
	handler_free(handler);
	return is_good;
}

static void expect(bool is_good, const char *text, const struct handler_call *call, const char *expected)
{
	struct buffer out = { 0 };

	if (run(text, call, &limits, &out) != is_good || strcmp(out.ptr, expected) != 0) {
		printf("\n%s\nexpected %s but got %s\n", text, expected, out.ptr);
		CU_FAIL("a handler did something else");
	}
	buffer_free(&out);
}

/* BODY of resolve, on two versions of the key "k". */
#define RESOLVE(body) "function resolve(key, versions) " body " end"
#define CALL(list) (&(struct handler_call){ .key = SLICE("k"), .versions = list, .count = sizeof(list) / sizeof(list[0]) })
#define RETURNS(body, expected) expect(true, RESOLVE(body), CALL(two), expected)
#define FAILS(body, expected) expect(false, RESOLVE(body), CALL(two), expected)

static void a_handler_sees_key_and_versions_newest_first(void)
{
	struct handler_call field = { .key = SLICE("k"), .is_field = true, .field = SLICE("f"), .versions = with_removal, .count = 2 };

	RETURNS("return key .. #versions .. versions[1].value .. versions[2].value", "k2newold");
	RETURNS("return versions[1].dc .. versions[1].time .. tostring(versions[1].field)", "us2000nil");
	RETURNS("return tostring(versions[1].deleted)", "false");
	expect(true, RESOLVE("return tostring(versions[1].value) .. tostring(versions[1].deleted)"), CALL(with_removal), "niltrue");
	expect(true, RESOLVE("return versions[1].field .. versions[2].field"), &field, "ff");
}

static void strings_and_numbers_are_results_and_nothing_else(void)
{
	RETURNS("return 'a\\0b'", "a");
	RETURNS("return ''", "");
	RETURNS("return 2 + 1", "3");
	RETURNS("return 1.5", "1.5");
	FAILS("return", "test.lua: resolve returned nothing (nil), return the merged value");
	FAILS("return nil", "test.lua: resolve returned nothing (nil), return the merged value");
	FAILS("return {}", "test.lua: resolve returned a table, return a string");
	FAILS("return true", "test.lua: resolve returned a boolean, return a string");
	FAILS("return resolve", "test.lua: resolve returned a function, return a string");
	FAILS("return string.rep('x', 1001)", "test.lua: resolve returned 1001 bytes, more than limits.bulk");
}

static void errors_are_told_in_one_line(void)
{
	FAILS("error('no way')", "test.lua:1: no way");
	FAILS("error('two\\nlines', 0)", "two lines");
	FAILS("error({})", "test.lua: threw a table");
	FAILS("error()", "test.lua: threw a nil");
	FAILS("local third = versions[3] return third.value", "test.lua:1: attempt to index a nil value (local 'third')");
	FAILS("return ('x'):find('[')", "test.lua:1: malformed pattern (missing ']')");
}

static void text_without_a_function_is_refused(void)
{
	expect(false, "x = = 1", CALL(two), "test.lua:1: unexpected symbol near '='");
	expect(false, "x = 1", CALL(two), "test.lua: there is no function resolve, write: function resolve(key, versions) … end");
	expect(false, "resolve = 'resolve'", CALL(two), "test.lua: there is no function resolve, write: function resolve(key, versions) … end");
	expect(false, "\033Lua", CALL(two), "test.lua: a compiled chunk, give its source text");
	expect(false, "while true do end", CALL(two), "test.lua: stopped after 200000 steps (handlers.steps)");
	char *large = memory_new(HANDLER_TEXT_MAX + 2);

	memset(large, ' ', HANDLER_TEXT_MAX + 1);
	expect(false, large, CALL(two), "test.lua: larger than 64KiB, keep only what resolve needs");
	memory_free(large);
}

static void nothing_outside_can_be_reached(void)
{
	static const char *const names[] = { "io", "os", "debug", "package", "require", "load", "loadstring", "loadfile", "dofile", "print", "warn",
		"collectgarbage", "coroutine", "getmetatable", "setmetatable", "next", "xpcall", "string.dump", "math.random", "math.randomseed",
		"table.move" };
	char text[100];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), RESOLVE("return tostring(%s)"), names[i]);
		expect(true, text, CALL(two), "nil");
	}
	/* Whatever more a library may bring some day: these are all there are. */
	RETURNS("local all = {} for name in pairs(_G) do all[#all + 1] = name end return table.concat(all, ' ')",
	        "_G _VERSION assert error ipairs math pairs pcall rawequal rawget rawlen rawset resolve select string table tonumber tostring type utf8");
	RETURNS("local all = {} for name in pairs(string) do all[#all + 1] = name end return table.concat(all, ' ')",
	        "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper");
}

static void a_run_leaves_nothing_to_the_next(void)
{
	static const char text[] = "count = 0\nfunction resolve() count = count + 1\n"
	                           "  string.tally = (string.tally or 0) + 1\n"
	                           "  return count .. ('').tally end";
	struct buffer result = { 0 }, error = { 0 };
	struct handler *handler = handler_new(slice_of(text), "test.lua", &limits, &error);

	CU_ASSERT_PTR_NOT_NULL_FATAL(handler);
	CU_ASSERT_TRUE(handler_run(handler, CALL(two), &result, &error));
	CU_ASSERT_TRUE(handler_run(handler, CALL(two), &result, &error));
	CU_ASSERT_TRUE(slice_equal(buffer_slice(&result), SLICE("1111")));
	handler_free(handler);
	buffer_free(&result);
	buffer_free(&error);
}

#define TOO_LONG "test.lua: stopped after 200000 steps (handlers.steps)"
#define TOO_LARGE "test.lua: needs more than 4194304 bytes of memory (handlers.memory)"

static void endless_handlers_are_stopped(void)
{
	FAILS("while true do end", TOO_LONG);
	FAILS("return resolve(key, versions)", TOO_LONG);
	FAILS("for i = 1, 1e15 do end", TOO_LONG);
	/* Once over the limit nothing goes on, whoever catches it. */
	FAILS("pcall(function() while true do end end) return 'caught'", TOO_LONG);
	FAILS("while true do pcall(function() while true do end end) end", TOO_LONG);
	FAILS("local function again() pcall(again) again() end again()", TOO_LONG);
	FAILS("return (('x'):rep(100):gsub('x', function() while true do end end))", TOO_LONG);
	FAILS("local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() while true do end end)", TOO_LONG);
}

static void what_libraries_do_counts(void)
{
	FAILS("return ('a'):rep(100):find(('a?'):rep(100) .. ('a'):rep(100) .. 'b')", TOO_LONG);
	FAILS("return ('a'):rep(30):find(('a*'):rep(30) .. 'b')", TOO_LONG);
	FAILS("return ('a'):rep(5000):match('.-.-.-.-b')", TOO_LONG);
	FAILS("return ('('):rep(100000):find('%b()')", TOO_LONG);
	FAILS("local s = ('a'):rep(1e6) while true do s:find('b', 1, true) end", TOO_LONG);
	FAILS("local s = ('a'):rep(1e6) while true do s:lower() end", TOO_LONG);
	FAILS("local s = ('a'):rep(1e6) while true do local t = s .. 'b' end", TOO_LONG);
	FAILS("while true do ('a'):rep(1e6) end", TOO_LONG);
	RETURNS("return (''):rep(1e15) .. (''):rep(1e15, '')", "");
	FAILS("local t = {} for i = 1, 1e5 do t[i] = -i end table.sort(t) return t[1]", TOO_LONG);
}

static void greedy_handlers_are_refused_memory(void)
{
	FAILS("return ('x'):rep(1e9)", TOO_LARGE);
	FAILS("local t = {} for i = 1, 1e9 do t[i] = {} end", TOO_LARGE);
	FAILS("local s = 'x' while true do s = s .. s end", TOO_LARGE);
	FAILS("return table.concat({ ('x'):rep(1.5e6), ('y'):rep(1.5e6) })", TOO_LARGE);
	FAILS("return string.pack('!16 c2000000000', '')", TOO_LARGE);
	FAILS("return table.unpack({}, 1, 900000)", "test.lua:1: too many results to unpack");
	FAILS("local function f() return 1 + f() end return f()", TOO_LARGE);
	FAILS("pcall(string.rep, 'x', 1e9) return 'caught'", TOO_LARGE);
	FAILS("while true do pcall(string.rep, 'x', 1e9) end", TOO_LARGE);
	/* What is garbage does not count. */
	RETURNS("for i = 1, 5 do local s = ('x'):rep(700 * 1000) .. i end return 'fine'", "fine");
}

static void large_versions_and_little_memory_are_an_error(void)
{
	struct buffer value = { 0 }, out = { 0 };

	memset(buffer_grow(&value, 5000000), 'x', 5000000);
	struct handler_version large[] = { { SLICE("eu"), true, buffer_slice(&value), 1 } };

	expect(false, RESOLVE("return 'x'"), CALL(large), TOO_LARGE);
	for (uint64_t bytes = 0; bytes < 60000; bytes += 501) {
		struct handler_limits tight = limits;

		tight.memory_bytes = bytes;
		buffer_reset(&out);
		if (!run(RESOLVE("return 'x'"), CALL(two), &tight, &out))
			CU_ASSERT_PTR_NOT_NULL(strstr(out.ptr, "(handlers.memory)"));
	}
	buffer_free(&value);
	buffer_free(&out);
}

/* Each step compares two equal megabytes. */
static void what_steps_cannot_count_is_stopped_by_time(void)
{
	struct buffer out = { 0 };
	struct handler_limits patient = limits;

	patient.steps = 1000000000;
	patient.time_ms = 20;
	CU_ASSERT_FALSE(run(RESOLVE("local a, b = ('x'):rep(1e6) .. 'y', ('x'):rep(1e6) .. 'y' while true do local same = a == b end"), CALL(two),
	                    &patient, &out));
	CU_ASSERT_STRING_EQUAL(out.ptr, "test.lua: stopped after 20 ms (handlers.time)");
	buffer_free(&out);
}

static void pcall_catches_ordinary_errors(void)
{
	RETURNS("return select('#', pcall(error)) .. tostring(pcall(error, 'x')) .. select(2, pcall(error, 'x'))", "2falsex");
	RETURNS("return table.concat({ select(2, pcall(function(...) return ... end, 1, 2, 3)) }, ' ')", "1 2 3");
	FAILS("return pcall()", "test.lua:1: bad argument #1 to 'pcall' (value expected)");
}

/* Expectations are Lua's own answers. */
static void patterns_are_lua_s(void)
{
	RETURNS("return table.concat({ ('hello world'):find('o w') }, ' ')", "5 7");
	RETURNS("return table.concat({ ('a+b'):find('+', 1, true) }, ' ')", "2 2");
	RETURNS("return table.concat({ ('key = value'):match('^(%w+)%s*=%s*(%w+)$') }, '|')", "key|value");
	RETURNS("return table.concat({ ('abc'):find('()b()') }, ' ')", "2 2 2 3");
	RETURNS("return ('x(a(b)c)y'):match('%b()')", "(a(b)c)");
	RETURNS("return (('THE (quick) fox'):gsub('%f[%a]%a+', string.lower))", "the (quick) fox");
	RETURNS("return ('say \"hi\" now'):match('([\"\\'])(.-)%1')", "\"");
	RETURNS("return ('[]^-'):gsub('[]^[-]', '.')", "....");
	RETURNS("return ('a-b%c'):gsub('[%-%%]', '')", "abc");
	RETURNS("return ('abc'):gsub('%w*', 'x')", "x");
	RETURNS("return ('abc'):gsub('', '-')", "-a-b-c-");
	RETURNS("return ('hello world'):gsub('o', '0', 1)", "hell0 world");
	RETURNS("return ('hello'):gsub('(l)(l)', '%2%1%0%%')", "hellll%o");
	RETURNS("return ('$a $b'):gsub('%$(%w)', { a = 'x' })", "x $b");
	RETURNS("return ('aaa'):gsub('^a', 'b')", "baa");
	RETURNS("local all = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do all[#all + 1] = k .. v end return table.concat(all, ' ')", "a1 b2");
	RETURNS("local all = {} for word in ('one two'):gmatch('%a+') do all[#all + 1] = word end return table.concat(all, '|')", "one|two");
	RETURNS("return tostring(('abc'):find('b', -1)) .. ('abc'):find('b', -2) .. tostring(('abc'):find('', 5)) .. ('abc'):find('', 4)", "nil2nil4");
	RETURNS("return ('aXb'):match('%u') .. ('a1'):match('%D') .. ('\\n'):match('%c')", "Xa\n");
	RETURNS("return ('2024-05-06'):match('%d+-(%d-)-') .. ('colour color'):gsub('colou?r', 'x')", "05x x");
	RETURNS("return tostring(('a'):find('()a%1')) .. tostring(('a\\0'):find('%z'))", "nil2");
	FAILS("return ('x'):find('%')", "test.lua:1: malformed pattern (ends with '%')");
	FAILS("return ('x'):find('(x')", "test.lua:1: unfinished capture");
	FAILS("return ('x'):find('x)')", "test.lua:1: invalid pattern capture");
	FAILS("return ('x'):find('%1')", "test.lua:1: invalid capture index in the pattern");
	FAILS("local s = ('x'):gsub('x', '%2')", "test.lua:1: invalid capture index in replacement string");
	FAILS("local s = ('x'):gsub('x', '%a')", "test.lua:1: invalid use of '%' in replacement string");
	FAILS("local s = ('x'):gsub('x', function() return {} end)", "test.lua:1: invalid replacement value (a table)");
	FAILS("local s = ('x'):gsub('x', function() error('inside') end)", "test.lua:1: inside");
}

static void answers_do_not_depend_on_a_seed(void)
{
	RETURNS("local t, all = { zebra = 1, apple = 1, [3] = 1, [1.5] = 1, mango = 1, [true] = 1 }, {}\n"
	        "for k in pairs(t) do all[#all + 1] = tostring(k) end return table.concat(all, ' ')",
	        "true 1.5 3 apple mango zebra");
	/* Equals stay in order. */
	RETURNS("local t, all = {}, {} for i = 1, 200 do t[i] = { i % 3, i } end\n"
	        "table.sort(t, function(a, b) return a[1] < b[1] end)\n"
	        "for i = 2, 200 do if t[i - 1][1] == t[i][1] and t[i - 1][2] > t[i][2] then return 'unstable' end end\n"
	        "return t[1][1] .. t[67][1] .. t[200][1]",
	        "012");
	RETURNS("local t = { 5, 2, 8, 1 } table.sort(t) return table.concat(t, ' ')", "1 2 5 8");
	RETURNS("local t = { 'b', 'a', 'c' } table.sort(t, function(x, y) return x > y end) return table.concat(t)", "cba");
	RETURNS("local t = { a = 1, b = 2 } for k in pairs(t) do t[k] = nil t.b = nil end return tostring(rawlen(t))", "0");
	FAILS("for k in pairs(nil) do end", "test.lua:1: bad argument #1 to 'pairs' (table expected, got nil)");
}

void suite_handler(void)
{
	CU_pSuite suite = CU_add_suite("handler", NULL, NULL);

#define ADD(test) CU_add_test(suite, #test, test)
	ADD(a_handler_sees_key_and_versions_newest_first);
	ADD(strings_and_numbers_are_results_and_nothing_else);
	ADD(errors_are_told_in_one_line);
	ADD(text_without_a_function_is_refused);
	ADD(nothing_outside_can_be_reached);
	ADD(a_run_leaves_nothing_to_the_next);
	ADD(endless_handlers_are_stopped);
	ADD(what_libraries_do_counts);
	ADD(greedy_handlers_are_refused_memory);
	ADD(large_versions_and_little_memory_are_an_error);
	ADD(what_steps_cannot_count_is_stopped_by_time);
	ADD(pcall_catches_ordinary_errors);
	ADD(patterns_are_lua_s);
	ADD(answers_do_not_depend_on_a_seed);
#undef ADD
}
