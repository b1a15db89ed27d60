/* Facts about the command table. */
#include "proxy/core/commands/command.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_command(void);

#define ARGV(...) ((struct slice[]){ __VA_ARGS__ })

static void rows_are_sorted_and_whole(void)
{
	for (unsigned i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);
		CU_ASSERT(i == 0 || strcmp(command_at(i - 1)->name, command->name) < 0);
		CU_ASSERT_EQUAL(command->class == COMMAND_WRITE, command->plan != PLAN_NONE);
		CU_ASSERT(command->arity != 0);
		CU_ASSERT(command->first_key == 0 || command->key_step > 0);
	}
	CU_ASSERT_PTR_NULL(command_at(command_count()));
}

static void every_row_is_found_by_its_name(void)
{
	for (unsigned i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);
		const char *bar = strchr(command->name, '|');
		struct slice name = slice_of(command->name);
		if (bar != NULL)
			name.len = (size_t)(bar - command->name);
		struct slice argv[] = { name, bar == NULL ? SLICE("") : slice_of(bar + 1) };
		CU_ASSERT_PTR_EQUAL(command_find(bar == NULL ? 1 : 2, argv), command);
	}
}

static void names_are_found_in_any_case_and_only_whole(void)
{
	CU_ASSERT_STRING_EQUAL(command_find(1, ARGV(SLICE("gEt")))->name, "get");
	CU_ASSERT_STRING_EQUAL(command_find(3, ARGV(SLICE("Client"), SLICE("SETNAME"), SLICE("x")))->name, "client|setname");
	CU_ASSERT_STRING_EQUAL(command_find(1, ARGV(SLICE("CONFIG")))->name, "config");
	CU_ASSERT_PTR_NULL(command_find(1, ARGV(SLICE("ge"))));
	CU_ASSERT_PTR_NULL(command_find(1, ARGV(SLICE(""))));
	CU_ASSERT_PTR_NULL(command_find(1, ARGV(SLICE("get\0"))));
	CU_ASSERT_PTR_NULL(command_find(1, ARGV(SLICE("config|get"))));
	CU_ASSERT_PTR_NULL(command_find(2, ARGV(SLICE("config"), SLICE("nonsense"))));
	CU_ASSERT_PTR_NULL(command_find(2, ARGV(SLICE("config"), SLICE("get|x"))));
	CU_ASSERT_PTR_NULL(command_find(1, ARGV(SLICE("averyveryveryveryveryveryveryverylongcommandname"))));
	CU_ASSERT_PTR_NULL(command_find(0, NULL));
}

static void arity_is_exact_or_a_minimum(void)
{
	const struct command *get = command_find(1, ARGV(SLICE("get"))), *del = command_find(1, ARGV(SLICE("del")));
	CU_ASSERT(command_arity_ok(get, 2) && !command_arity_ok(get, 1) && !command_arity_ok(get, 3));
	CU_ASSERT(command_arity_ok(del, 2) && command_arity_ok(del, 9) && !command_arity_ok(del, 1));
}

static void collect(void *context, struct slice key)
{
	buffer_add(context, key);
	buffer_add_byte(context, ' ');
}

/* LINE is an inline command. */
static bool keys_are(const char *line, const char *expected)
{
	static const struct resp_limits limits = { 100, 100, 100 };
	struct resp_requests *parser = resp_requests_new();
	struct request request;
	size_t used;
	const char *error;
	struct buffer keys = { 0 };
	bool is_read = resp_request_next(parser, &limits, slice_of(line), &request, &used, &error) == RESP_READY;
	if (is_read)
		command_keys(command_find(request.argc, request.argv), &request, collect, &keys);
	bool is_equal = is_read && slice_equal(buffer_slice(&keys), slice_of(expected));
	buffer_free(&keys);
	resp_requests_free(parser);
	return is_equal;
}

static void keys_are_found_by_position_count_and_keyword(void)
{
	CU_ASSERT(keys_are("SET k v\n", "k "));
	CU_ASSERT(keys_are("MSET a 1 b 2\n", "a b "));
	CU_ASSERT(keys_are("DEL a b c\n", "a b c "));
	CU_ASSERT(keys_are("BLPOP a b 0\n", "a b "));
	CU_ASSERT(keys_are("PING\n", ""));
	CU_ASSERT(keys_are("ZUNIONSTORE d 2 a b WEIGHTS 1 2\n", "d a b "));
	CU_ASSERT(keys_are("ZDIFF 2 a b WITHSCORES\n", "a b "));
	CU_ASSERT(keys_are("ZMPOP 1 a MIN\n", "a "));
	CU_ASSERT(keys_are("ZMPOP 9 a MIN\n", "a MIN "));
	CU_ASSERT(keys_are("ZMPOP x a MIN\n", ""));
	CU_ASSERT(keys_are("EVAL_RO x 2 a b c\n", "a b "));
	CU_ASSERT(keys_are("GEORADIUS k 1 2 3 m COUNT 1 STORE d\n", "k d "));
	CU_ASSERT(keys_are("GEORADIUSBYMEMBER k x 3 m STOREDIST d STORE e\n", "k e "));
	CU_ASSERT(keys_are("OBJECT ENCODING k\n", "k "));
}

static bool is_refused(const char *line)
{
	static const struct resp_limits limits = { 100, 1000, 1000 };
	struct resp_requests *parser = resp_requests_new();
	struct request request;
	size_t used;
	const char *error;
	CU_ASSERT_EQUAL_FATAL(resp_request_next(parser, &limits, slice_of(line), &request, &used, &error), RESP_READY);
	bool result = command_refusal(command_find(request.argc, request.argv), &request) != NULL;
	resp_requests_free(parser);
	return result;
}

static void forms_of_debug_that_change_data_are_refused(void)
{
	CU_ASSERT(is_refused("DEBUG populate 10\n"));
	CU_ASSERT(is_refused("DEBUG LOADAOF\n"));
	CU_ASSERT(is_refused("DEBUG RELOAD NOSAVE\n"));
	CU_ASSERT(is_refused("DEBUG PROTOCOL PUSH\n"));
	CU_ASSERT(!is_refused("DEBUG RELOAD\n"));
	CU_ASSERT(!is_refused("DEBUG PROTOCOL attrib\n"));
	CU_ASSERT(!is_refused("DEBUG SLEEP 0\n"));
	CU_ASSERT(!is_refused("PING populate\n"));
}

static void unreplicated_writes_are_refused(void)
{
	static const char *const names[] = { "xcfgset", "migrate", "swapdb", "hexpire", "msetex", "shutdown", "replicaof" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice name = slice_of(names[i]);
		CU_ASSERT_EQUAL(command_find(1, &name)->class, COMMAND_UNSUPPORTED);
	}
}

static void the_page_has_a_line_for_every_command(void)
{
	struct buffer page = { 0 };
	command_describe(&page);
	buffer_add_byte(&page, '\0');
	unsigned lines = 0, containers = 0;
	for (const char *at = page.ptr; (at = strstr(at, "\n| `")) != NULL; at++)
		lines++;
	for (unsigned i = 0; i < command_count(); i++)
		containers += command_at(i)->is_container;
	CU_ASSERT_EQUAL(lines + containers, command_count());
	buffer_free(&page);
}

void suite_command(void)
{
	CU_pSuite suite = CU_add_suite("command", NULL, NULL);
	CU_ADD_TEST(suite, rows_are_sorted_and_whole);
	CU_ADD_TEST(suite, every_row_is_found_by_its_name);
	CU_ADD_TEST(suite, names_are_found_in_any_case_and_only_whole);
	CU_ADD_TEST(suite, arity_is_exact_or_a_minimum);
	CU_ADD_TEST(suite, keys_are_found_by_position_count_and_keyword);
	CU_ADD_TEST(suite, unreplicated_writes_are_refused);
	CU_ADD_TEST(suite, forms_of_debug_that_change_data_are_refused);
	CU_ADD_TEST(suite, the_page_has_a_line_for_every_command);
}
