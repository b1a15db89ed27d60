/* Facts about RESP: requests, replies, and where they end. */
#include "proxy/core/resp/resp.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_resp(void);

static const struct resp_limits limits = { 1024 * 1024, 512 * 1024 * 1024, 64 * 1024 };
static const struct resp_limits unauthenticated = { 10, 16384, 64 * 1024 };

/* ---- requests ---- */

/* What INPUT parses to, as "argument,argument;…"; an error ends it. */
static void parse_all(const struct resp_limits *within, struct slice input, struct buffer *out)
{
	struct resp_requests *parser = resp_requests_new();
	struct request request;
	size_t used;
	const char *error = NULL;
	enum resp_state state;
	while ((state = resp_request_next(parser, within, input, &request, &used, &error)) == RESP_READY) {
		for (uint32_t i = 0; i < request.argc; i++) {
			buffer_add(out, request.argv[i]);
			buffer_add_byte(out, i + 1 == request.argc ? ';' : ',');
		}
		CU_ASSERT(request.raw.len == 0 || request.raw.len == used);
		input.ptr += used;
		input.len -= used;
	}
	if (state == RESP_ERROR)
		buffer_add_text(out, error);
	resp_requests_free(parser);
}

static bool parses_to(const struct resp_limits *within, struct slice input, const char *expected)
{
	struct buffer out = { 0 };
	parse_all(within, input, &out);
	bool is_equal = slice_equal(buffer_slice(&out), slice_of(expected));
	if (!is_equal)
		printf("\n    expected %s, found %.*s\n", expected, (int)out.len, buffer_slice(&out).ptr);
	buffer_free(&out);
	return is_equal;
}

static void requests_are_read_one_after_another(void)
{
	CU_ASSERT(parses_to(&limits, SLICE("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nv\n\r\n*1\r\n$4\r\nPING\r\nGET k\r\n"), "SET,k,v\n;PING;GET,k;"));
	CU_ASSERT(parses_to(&limits, SLICE("*0\r\n*-1\r\n\r\n*1\r\n$0\r\n\r\n"), ";"));
	CU_ASSERT(parses_to(&limits, SLICE("*2\r\n$4\r\nECHO\r\n$3\r\nhal"), ""));
}

static void inline_words_are_unquoted_as_redis_does(void)
{
	CU_ASSERT(parses_to(&limits, SLICE("  set  a\t\"b \\x41\\n\\\"\"\n"), "set,a,b A\n\";"));
	CU_ASSERT(parses_to(&limits, SLICE("set a 'it\\'s \\n'\n"), "set,a,it's \\n;"));
	CU_ASSERT(parses_to(&limits, SLICE("set a \"\"\n"), "set,a,;"));
	CU_ASSERT(parses_to(&limits, SLICE("set a x\"y z\"\n"), "set,a,xy z;"));
	CU_ASSERT(parses_to(&limits, SLICE("set a \"b\n"), "ERR Protocol error: unbalanced quotes in request"));
	CU_ASSERT(parses_to(&limits, SLICE("set a 'b'c\n"), "ERR Protocol error: unbalanced quotes in request"));
}

static void protocol_errors_are_worded_as_redis_words_them(void)
{
	CU_ASSERT(parses_to(&limits, SLICE("*x\r\n"), "ERR Protocol error: invalid multibulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("*01\r\n"), "ERR Protocol error: invalid multibulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("*9999999999\r\n"), "ERR Protocol error: invalid multibulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("*1\r\n$-1\r\n"), "ERR Protocol error: invalid bulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("*1\r\n$9999999999\r\n"), "ERR Protocol error: invalid bulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("*1\r\n+OK\r\n"), "ERR Protocol error: expected '$', got '+'"));
	CU_ASSERT(parses_to(&limits, SLICE("*1\r\n\r\n"), "ERR Protocol error: expected '$', got ' '"));
	CU_ASSERT(parses_to(&unauthenticated, SLICE("*11\r\n"), "ERR Protocol error: unauthenticated multibulk length"));
	CU_ASSERT(parses_to(&unauthenticated, SLICE("*1\r\n$16385\r\n"), "ERR Protocol error: unauthenticated bulk length"));
	CU_ASSERT(parses_to(&limits, SLICE("POST / HTTP/1.1\r\n"), ""));
	CU_ASSERT(parses_to(&limits, SLICE("Host: a\r\nSET a b\r\n"), ""));
}

static void endless_headers_are_refused(void)
{
	struct { const char *start, *error; } cases[] = {
		{ "*", "ERR Protocol error: too big mbulk count string" },
		{ "*1\r\n$", "ERR Protocol error: too big bulk count string" },
		{ "x", "ERR Protocol error: too big inline request" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer input = { 0 };
		buffer_add_text(&input, cases[i].start);
		memset(buffer_grow(&input, 65537), '1', 65537);
		CU_ASSERT(parses_to(&limits, buffer_slice(&input), cases[i].error));
		buffer_free(&input);
	}
}

/* A byte at a time, and at another address each time: what is found must not change. */
static void requests_survive_every_cut_and_move(void)
{
	struct slice whole = SLICE("*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$10\r\n0123456789\r\n");
	struct resp_requests *parser = resp_requests_new();
	struct request request;
	const char *error;
	size_t used;
	char *previous = NULL;
	for (size_t len = 1; len <= whole.len; len++) {
		struct slice moved = buffer_copy((struct slice){ whole.ptr, len });
		enum resp_state state = resp_request_next(parser, &limits, moved, &request, &used, &error);
		CU_ASSERT_EQUAL(state, len < whole.len ? RESP_MORE : RESP_READY);
		memory_free(previous);
		previous = (char *)(uintptr_t)moved.ptr;
	}
	CU_ASSERT_EQUAL(used, whole.len);
	CU_ASSERT_EQUAL_FATAL(request.argc, 3);
	CU_ASSERT(slice_equal(request.argv[0], SLICE("SET")));
	CU_ASSERT(slice_equal(request.argv[2], SLICE("0123456789")));
	memory_free(previous);
	resp_requests_free(parser);
}

/* ---- replies ---- */

#define NESTED "*3\r\n:1\r\n%1\r\n+k\r\n~2\r\n$1\r\na\r\n,1.5\r\n|1\r\n+x\r\n:2\r\n=7\r\ntxt:abc\r\n"

static void replies_end_where_they_end_at_every_cut(void)
{
	static const char *const replies[] = {
		"+OK\r\n", "-ERR no\r\n", ":-5\r\n", "$-1\r\n", "$0\r\n\r\n", "$5\r\na\r\nbc\r\n", "*-1\r\n", "*0\r\n", "_\r\n",
		"#t\r\n", ",inf\r\n", "(123\r\n", "!5\r\nERR x\r\n", ">2\r\n+a\r\n+b\r\n", NESTED,
	};
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct slice whole = slice_of(replies[i]);
		struct resp_frame frame = { 0 };
		size_t len = 0;
		for (size_t cut = 0; cut < whole.len; cut++)
			CU_ASSERT_EQUAL(resp_frame_next(&frame, (struct slice){ whole.ptr, cut }, &len), RESP_MORE);
		CU_ASSERT_EQUAL(resp_frame_next(&frame, whole, &len), RESP_READY);
		CU_ASSERT_EQUAL(len, whole.len);
		CU_ASSERT(reply_skip(&whole));
		CU_ASSERT_EQUAL(whole.len, 0);
	}
}

static void nonsense_is_not_a_reply(void)
{
	static const char *const nonsense[] = { "x\r\n", "$x\r\n", "*-2\r\n", "%-1\r\n", ":1\rx", "*99999999999999\r\n", "\r\n" };
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct slice bytes = slice_of(nonsense[i]);
		struct resp_frame frame = { 0 };
		size_t len;
		CU_ASSERT_EQUAL(resp_frame_next(&frame, bytes, &len), RESP_ERROR);
		CU_ASSERT(!reply_skip(&bytes));
	}
}

static void deep_nesting_costs_no_stack(void)
{
	struct buffer deep = { 0 };
	for (unsigned i = 0; i < 100000; i++)
		buffer_add_text(&deep, i % 2 == 0 ? "*1\r\n" : "|1\r\n+a\r\n");
	buffer_add_text(&deep, "+b\r\n+c\r\n");
	struct slice cursor = buffer_slice(&deep);
	struct resp_frame frame = { 0 };
	size_t len;
	CU_ASSERT_NOT_EQUAL(resp_frame_next(&frame, cursor, &len), RESP_ERROR);
	struct reply reply;
	CU_ASSERT(reply_read(&cursor, &reply));
	buffer_free(&deep);
}

static void replies_read_piece_by_piece(void)
{
	struct slice cursor = SLICE(NESTED);
	struct reply reply;
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_ARRAY && reply.integer == 3);
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_INTEGER && reply.integer == 1);
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_ARRAY && reply.integer == 2);
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_STATUS && slice_equal(reply.text, SLICE("k")));
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_ARRAY && reply.integer == 2);
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_STRING && slice_equal(reply.text, SLICE("a")));
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_DOUBLE && slice_equal(reply.text, SLICE("1.5")));
	CU_ASSERT(reply_read(&cursor, &reply) && reply.type == REPLY_STRING && slice_equal(reply.text, SLICE("abc")));
	CU_ASSERT_EQUAL(cursor.len, 0);
	CU_ASSERT(!reply_read(&cursor, &reply));
	CU_ASSERT(reply_is_error(SLICE("-ERR\r\n")) && reply_is_error(SLICE("!0\r\n\r\n")) && !reply_is_error(SLICE("+OK\r\n")));
}

static void what_is_written_reads_back(void)
{
	struct buffer out = { 0 };
	resp_add_command(&out, 2, (const struct slice[]){ SLICE("GET"), SLICE("a\r\nb") });
	resp_add_bulk_int(&out, INT64_MIN);
	resp_add_integer(&out, -7);
	resp_add_status(&out, "OK");
	resp_add_error(&out, "ERR a\r\nb");
	CU_ASSERT(slice_equal(buffer_slice(&out), SLICE("*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n$20\r\n-9223372036854775808\r\n:-7\r\n+OK\r\n-ERR a  b\r\n")));
	buffer_free(&out);
}

void suite_resp(void)
{
	CU_pSuite suite = CU_add_suite("resp", NULL, NULL);
	CU_ADD_TEST(suite, requests_are_read_one_after_another);
	CU_ADD_TEST(suite, inline_words_are_unquoted_as_redis_does);
	CU_ADD_TEST(suite, protocol_errors_are_worded_as_redis_words_them);
	CU_ADD_TEST(suite, endless_headers_are_refused);
	CU_ADD_TEST(suite, requests_survive_every_cut_and_move);
	CU_ADD_TEST(suite, replies_end_where_they_end_at_every_cut);
	CU_ADD_TEST(suite, nonsense_is_not_a_reply);
	CU_ADD_TEST(suite, deep_nesting_costs_no_stack);
	CU_ADD_TEST(suite, replies_read_piece_by_piece);
	CU_ADD_TEST(suite, what_is_written_reads_back);
}
