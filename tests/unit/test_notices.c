/* Facts about keyspace notifications: clients' own flags, and those that Redis is told. */
#include "proxy/sessions/notices.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_notices(void);

static bool is_written(struct slice given, const char *expected)
{
	char text[NOTICES_TEXT_MAX];
	notices_text(notices_flags(given), text);
	return strcmp(text, expected) == 0;
}

static void flags_are_written_as_redis_writes_them(void)
{
	CU_ASSERT(is_written(SLICE(""), ""));
	CU_ASSERT(is_written(SLICE("ExKmnd"), "xdnKEm"));
	CU_ASSERT(is_written(SLICE("KEA"), "AKE"));
	CU_ASSERT(is_written(SLICE("An"), "A"));
	CU_ASSERT(is_written(SLICE("dtexzhsl$g"), "A"));
	CU_ASSERT(is_written(SLICE("?!"), ""));
}

static void what_redis_had_at_first_was_clients_own(void)
{
	struct notices notices = { 0 };
	char text[2 * NOTICES_TEXT_MAX];
	notices_read(&notices, SLICE(""), SLICE("xKE"), SLICE("K"));
	CU_ASSERT(notices.own == notices_flags(SLICE("K")));
	notices_stored(&notices, text);
	CU_ASSERT_STRING_EQUAL(text, "K xKE");
}

static void what_was_written_down_counts_unless_redis_has_something_else(void)
{
	struct notices same = { 0 }, other = { 0 };
	notices_read(&same, SLICE("K xKE"), SLICE("xKE"), SLICE("xKE"));
	CU_ASSERT(same.own == notices_flags(SLICE("K")));
	notices_read(&other, SLICE("K xKE"), SLICE("AKE"), SLICE("AKE"));
	CU_ASSERT(other.own == notices_flags(SLICE("AKE")));
	notices_read(&same, SLICE("K xKE"), SLICE("g"), SLICE(""));
	CU_ASSERT(same.own == notices_flags(SLICE("g")));
}

#define MESSAGE(len, channel, text_len, text) "*3\r\n$7\r\nmessage\r\n$" len "\r\n" channel "\r\n$" text_len "\r\n" text "\r\n"

static bool is_hidden(const char *own, struct slice push)
{
	struct notices notices = { .own = notices_flags(slice_of(own)), .is_known = true };
	return notices_hide(&notices, 15, push);
}

static void only_what_clients_turned_on_is_told(void)
{
	const struct slice expired = SLICE(MESSAGE("22", "__keyevent@0__:expired", "1", "k")), set = SLICE(MESSAGE("18", "__keyevent@0__:set", "1", "k"));
	const struct slice key_expired = SLICE(MESSAGE("16", "__keyspace@0__:k", "7", "expired")), key_set = SLICE(MESSAGE("16", "__keyspace@0__:k", "3", "set"));
	CU_ASSERT(is_hidden("", expired) && is_hidden("K", expired) && is_hidden("E", expired) && !is_hidden("Ex", expired) && !is_hidden("AE", expired));
	CU_ASSERT(is_hidden("K$", set) && !is_hidden("E$", set));
	CU_ASSERT(is_hidden("K", key_expired) && is_hidden("Ex", key_expired) && !is_hidden("Kx", key_expired) && !is_hidden("K$", key_set));
	CU_ASSERT(is_hidden("AKE", SLICE(MESSAGE("19", "__keyevent@15__:set", "1", "k"))));
	CU_ASSERT(!is_hidden("", SLICE(MESSAGE("4", "news", "7", "expired"))));
	CU_ASSERT(is_hidden("", SLICE(">4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$22\r\n__keyevent@0__:expired\r\n$1\r\nk\r\n")));
	CU_ASSERT(!is_hidden("", SLICE("+PONG\r\n")) && !is_hidden("", SLICE("*3\r\n$9\r\nsubscribe\r\n$22\r\n__keyevent@0__:expired\r\n:1\r\n")));
}

void suite_notices(void)
{
	CU_pSuite suite = CU_add_suite("notices", NULL, NULL);
	CU_ADD_TEST(suite, flags_are_written_as_redis_writes_them);
	CU_ADD_TEST(suite, what_redis_had_at_first_was_clients_own);
	CU_ADD_TEST(suite, what_was_written_down_counts_unless_redis_has_something_else);
	CU_ADD_TEST(suite, only_what_clients_turned_on_is_told);
}
