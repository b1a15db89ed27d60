/* Facts about what ACL GETUSER says of a user. */
#include "proxy/sessions/user_rules.h"

#include <CUnit/CUnit.h>

void suite_user_rules(void);

#define FLAGS "$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n$9\r\npasswords\r\n*0\r\n"
#define COMMANDS(len, text) "$8\r\ncommands\r\n$" len "\r\n" text "\r\n"
#define KEYS(len, text) "$4\r\nkeys\r\n$" len "\r\n" text "\r\n"
#define CHANNELS(len, text) "$8\r\nchannels\r\n$" len "\r\n" text "\r\n"
#define NO_SELECTORS "$9\r\nselectors\r\n*0\r\n"

static bool is_unrestricted(struct slice reply)
{
	struct user_rules rules;
	CU_ASSERT(user_rules_read(reply, &rules));
	CU_ASSERT(rules.is_there && rules.is_open);
	return rules.is_unrestricted;
}

static void who_may_do_everything_is_told_from_who_may_not(void)
{
	CU_ASSERT(is_unrestricted(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("2", "~*") CHANNELS("2", "&*") NO_SELECTORS)));
	CU_ASSERT(is_unrestricted(SLICE("%6\r\n" FLAGS COMMANDS("5", "+@all") KEYS("2", "~*") CHANNELS("2", "&*") NO_SELECTORS)));
	CU_ASSERT(!is_unrestricted(SLICE("*12\r\n" FLAGS COMMANDS("10", "+@all -set") KEYS("2", "~*") CHANNELS("2", "&*") NO_SELECTORS)));
	CU_ASSERT(!is_unrestricted(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("4", "%R~*") CHANNELS("2", "&*") NO_SELECTORS)));
	CU_ASSERT(!is_unrestricted(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("2", "~*") CHANNELS("0", "") NO_SELECTORS)));
}

static void who_may_read_all_keys_is_told_from_who_may_not(void)
{
	struct user_rules rules;
	CU_ASSERT(user_rules_read(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("8", "~a* %R~*") CHANNELS("0", "") NO_SELECTORS), &rules) && rules.reads_all_keys);
	CU_ASSERT(user_rules_read(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("8", "~a* %W~*") CHANNELS("0", "") NO_SELECTORS), &rules) && !rules.reads_all_keys);
	CU_ASSERT(user_rules_read(SLICE("*12\r\n" FLAGS COMMANDS("5", "+@all") KEYS("2", "~*") CHANNELS("0", "") "$9\r\nselectors\r\n*1\r\n*0\r\n"), &rules) && !rules.reads_all_keys);
}

static void older_servers_list_keys_and_channels(void)
{
	CU_ASSERT(is_unrestricted(SLICE("*10\r\n" FLAGS COMMANDS("5", "+@all") "$4\r\nkeys\r\n*1\r\n$1\r\n*\r\n$8\r\nchannels\r\n*1\r\n$1\r\n*\r\n")));
	CU_ASSERT(!is_unrestricted(SLICE("*10\r\n" FLAGS COMMANDS("5", "+@all") "$4\r\nkeys\r\n*2\r\n$1\r\n*\r\n$1\r\na\r\n$8\r\nchannels\r\n*1\r\n$1\r\n*\r\n")));
}

static void a_user_may_be_missing_closed_or_not_told_at_all(void)
{
	struct user_rules rules;
	CU_ASSERT(user_rules_read(SLICE("*-1\r\n"), &rules) && !rules.is_there && !rules.is_unrestricted);
	CU_ASSERT(user_rules_read(SLICE("_\r\n"), &rules) && !rules.is_there);
	CU_ASSERT(user_rules_read(SLICE("*2\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n"), &rules) && rules.is_there && !rules.is_open);
	CU_ASSERT(user_rules_read(SLICE("*2\r\n$5\r\nflags\r\n~2\r\n$3\r\noff\r\n$6\r\nnopass\r\n"), &rules) && !rules.is_open);
	CU_ASSERT(!user_rules_read(SLICE("-NOPERM this user\r\n"), &rules));
	CU_ASSERT(!user_rules_read(SLICE("*4\r\n$5\r\nflags\r\n"), &rules));
}

void suite_user_rules(void)
{
	CU_pSuite suite = CU_add_suite("user rules", NULL, NULL);
	CU_ADD_TEST(suite, who_may_do_everything_is_told_from_who_may_not);
	CU_ADD_TEST(suite, who_may_read_all_keys_is_told_from_who_may_not);
	CU_ADD_TEST(suite, older_servers_list_keys_and_channels);
	CU_ADD_TEST(suite, a_user_may_be_missing_closed_or_not_told_at_all);
}
