/* Facts about the slow log that clients see. */
#include "proxy/sessions/slow_log.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void suite_slow_log(void);

#define ENTRY(argv, name_len, name) "*6\r\n:7\r\n:1700000000\r\n:12\r\n" argv "$11\r\n127.0.0.1:1\r\n$" name_len "\r\n" name "\r\n"
#define SHOWN(argv, name_len, name) "*6\r\n:7\r\n:1700000000\r\n:12\r\n" argv "$3\r\n?:0\r\n$" name_len "\r\n" name "\r\n"
#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"

static bool is_shown(struct slice reply, int64_t max, struct slice expected)
{
	struct buffer out = { 0 };
	bool is_log;
	slow_log_adapt(reply, max, &out, &is_log);
	bool is_so = is_log && slice_equal(buffer_slice(&out), expected);
	buffer_free(&out);
	return is_so;
}

static void the_sidecars_own_are_left_out(void)
{
	CU_ASSERT(is_shown(SLICE("*2\r\n" ENTRY(SET, "10", "homeport:1") ENTRY("*1\r\n$5\r\nMULTI\r\n", "10", "homeport:1")), -1, SLICE("*1\r\n" SHOWN(SET, "0", ""))));
	CU_ASSERT(is_shown(SLICE("*1\r\n" ENTRY("*2\r\n$6\r\nEXISTS\r\n$15\r\nhomeport:outbox\r\n", "10", "homeport:1")), -1, SLICE("*0\r\n")));
	CU_ASSERT(is_shown(SLICE("*1\r\n" ENTRY("*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n", "10", "homeport:1")), -1, SLICE("*0\r\n")));
	CU_ASSERT(is_shown(SLICE("*1\r\n" ENTRY(SET, "12", "homeport-log")), -1, SLICE("*0\r\n")));
	CU_ASSERT(is_shown(SLICE("*1\r\n" ENTRY(SET, "15", "homeport:access")), -1, SLICE("*0\r\n")));
}

static void those_of_others_stay(void)
{
	CU_ASSERT(is_shown(SLICE("*2\r\n" ENTRY("*1\r\n$5\r\nMULTI\r\n", "2", "me") ENTRY(SET, "0", "")), -1,
	                   SLICE("*2\r\n" SHOWN("*1\r\n$5\r\nMULTI\r\n", "2", "me") SHOWN(SET, "0", ""))));
	CU_ASSERT(is_shown(SLICE("*2\r\n" ENTRY(SET, "1", "a") ENTRY(SET, "1", "b")), 1, SLICE("*1\r\n" SHOWN(SET, "1", "a"))));
}

static void what_is_no_log_is_told(void)
{
	struct buffer out = { 0 };
	bool is_log;
	slow_log_adapt(SLICE("*1\r\n:1\r\n"), -1, &out, &is_log);
	CU_ASSERT(!is_log);
	slow_log_adapt(SLICE("+OK\r\n"), -1, &out, &is_log);
	CU_ASSERT(!is_log);
	buffer_free(&out);
}

void suite_slow_log(void)
{
	CU_pSuite suite = CU_add_suite("slow log", NULL, NULL);
	CU_ADD_TEST(suite, the_sidecars_own_are_left_out);
	CU_ADD_TEST(suite, those_of_others_stay);
	CU_ADD_TEST(suite, what_is_no_log_is_told);
}
