/* Facts about when gathered writes are sent: one datacenter, whose log and store are played here. */
#include "proxy/core/wire/envelope.h"
#include "stage.h"

#include <CUnit/CUnit.h>

void suite_gather(void);

/* Nothing is under way. */
static void open_quiet(struct stage *stage)
{
	stage_open(stage);
	stage_end_turn(stage);
	stage_answer_all(stage);
}

static void client_sets_with_context(struct stage *stage, const char *key)
{
	stage_step(stage, (struct event){ .type = EVENT_ASKED, .asked = {
		.token = ++stage->token, .ask = ASK_SET, .key = slice_of(key), .value = SLICE("v"), .context = SLICE("-"),
	} });
}

/* ---- facts ---- */

static void small_group_waits_while_one_is_on_its_way(void)
{
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 1);
	stage_set(&stage, "b");
	stage_end_turn(&stage);
	stage_set(&stage, "c");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 1);
	stage_answer(&stage);
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 1 && stage_has_sent(&stage, "$1\r\nb\r\n") && stage_has_sent(&stage, "$1\r\nc\r\n"));
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void large_group_does_not_wait(void)
{
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_end_turn(&stage);
	for (unsigned i = 0; i < 64; i++)
		stage_set(&stage, "b");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2);
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void long_group_does_not_wait(void)
{
	static const char value[20000];
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_end_turn(&stage);
	stage_say(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), { value, sizeof value } }, false);
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2);
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void guarded_transaction_does_not_wait(void)
{
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_end_turn(&stage);
	stage_say(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), SLICE("v") }, true);
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2);
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void guarded_transaction_goes_alone(void)
{
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_say(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), SLICE("v") }, true);
	CU_ASSERT(stage.group_count == 2 && stage_has_sent(&stage, "$1\r\nb\r\n") && !stage_has_sent(&stage, "$1\r\na\r\n"));
	stage_set(&stage, "c");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2);
	stage_answer_all(&stage);
	stage_close(&stage);
}

/* The store decides whether it runs. If not, its client is told by an empty error, it is not tried again, and its seqs go to the next write. */
static void guarded_transaction_that_did_not_run_leaves_nothing(void)
{
	struct stage stage;
	open_quiet(&stage);
	uint64_t seq = core_status(stage.core)->seq;
	stage_say(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), SLICE("v") }, true);
	CU_ASSERT_FATAL(stage.group_count == 1);
	stage_abort(&stage, "");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 0 && stage.refusals == 1 && strcmp(stage.answer, "-\r\n") == 0);
	CU_ASSERT(core_status(stage.core)->aborted_groups == 0 && core_status(stage.core)->refused_writes == 0);
	stage_set(&stage, "c");
	stage_end_turn(&stage);
	stage_answer_all(&stage);
	CU_ASSERT(core_status(stage.core)->seq == seq + 1);
	stage_close(&stage);
}

/* SELECTs stand between its commands, when it is run again, too, and what follows begins with one. */
static void transaction_in_two_databases_is_run_again_in_them(void)
{
	static const uint32_t dbs[] = { 0, 3, 0 };
	struct slice words[] = { SLICE("incr"), SLICE("a") };
	const struct request request = { .argv = words, .argc = 2 };
	const struct request commands[] = { request, request, request };
	const struct command *row = command_find(2, words), *rows[] = { row, row, row };
	struct stage stage;
	open_quiet(&stage);
	stage_step(&stage, (struct event){ .type = EVENT_REQUEST, .request = {
		.token = ++stage.token, .protocol = 2, .dbs = dbs, .commands = commands, .rows = rows, .count = 3, .is_transaction = true,
	} });
	stage_set(&stage, "neighbour");
	stage_end_turn(&stage);
	CU_ASSERT_FATAL(stage.group_count == 1);
	stage_abort(&stage, "OOM command not allowed when used memory > 'maxmemory'.");
	stage_end_turn(&stage);
	CU_ASSERT_FATAL(stage.group_count == 1);
	CU_ASSERT(stage_has_sent(&stage, "INCR\r\n$1\r\na\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n") || stage_has_sent(&stage, "incr\r\n$1\r\na\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"));
	CU_ASSERT(!stage_has_sent(&stage, "neighbour"));
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void context_write_goes_alone(void)
{
	struct stage stage;
	open_quiet(&stage);
	client_sets_with_context(&stage, "b");
	stage_end_turn(&stage);
	/* What the store holds of it was asked for. */
	while (stage.group_count > 0)
		stage_answer(&stage);
	stage_set(&stage, "a");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2 && stage_has_sent(&stage, "$1\r\nb\r\n") && !stage_has_sent(&stage, "$1\r\na\r\n"));
	stage_set(&stage, "b");
	stage_end_turn(&stage);
	CU_ASSERT(stage.group_count == 2);
	stage_answer_all(&stage);
	stage_close(&stage);
}

static void sets_that_follow_each_other_are_one_command(void)
{
	struct stage stage;
	open_quiet(&stage);
	stage_set(&stage, "a");
	stage_set(&stage, "b");
	stage_say(&stage, 2, (struct slice[]){ SLICE("incr"), SLICE("a") }, false);
	stage_set(&stage, "c");
	stage_end_turn(&stage);
	CU_ASSERT(stage_has_sent(&stage, "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\nv\r\n$1\r\nb\r\n$1\r\nv\r\n*2\r\n$4\r\nincr\r\n$1\r\na\r\n"
	                           "*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\nv\r\n"));
	stage_close(&stage);
}

/* The outbox entry of a transaction, joined. */
static struct slice entry_of(struct slice transaction)
{
	const struct resp_limits limits = { 1000, 1 << 20, 1 << 16 };
	struct resp_requests *requests = resp_requests_new();
	struct slice entry = { NULL, 0 };
	struct request request;
	const char *error;
	size_t used;
	while (resp_request_next(requests, &limits, transaction, &request, &used, &error) == RESP_READY) {
		if (slice_equal(request.argv[0], SLICE("XADD")))
			entry = request.argv[request.argc - 1];
		transaction = (struct slice){ transaction.ptr + used, transaction.len - used };
	}
	CU_ASSERT(transaction.len == 0);
	resp_requests_free(requests);
	return entry;
}

/* Values and outbox entry are sent in pieces, which nobody copied together. */
static void long_values_and_their_entry_join_to_one_transaction(void)
{
	static char values[3][9000];
	struct stage stage;
	struct batch batch;
	struct changes changes = { 0 };
	struct envelope_scratch *scratch = envelope_scratch_new();
	open_quiet(&stage);
	for (unsigned i = 0; i < 3; i++) {
		memset(values[i], (int)('x' + i), sizeof values[i]);
		stage_say(&stage, 3, (struct slice[]){ SLICE("set"), { "abc" + i, 1 }, { values[i], sizeof values[i] } }, false);
		if (i == 1)
			stage_say(&stage, 2, (struct slice[]){ SLICE("incr"), SLICE("n") }, false);
	}
	stage_end_turn(&stage);
	CU_ASSERT_FATAL(stage.group_count == 1);
	struct slice entry = entry_of(stage.groups[0].bytes);
	CU_ASSERT_FATAL(envelope_decode(entry, scratch, &batch) == ENVELOPE_OK && batch.write_count == 4);
	for (unsigned i = 0; i < 4; i++) {
		enum plan pending;
		struct slice raw;
		CU_ASSERT_FATAL(envelope_write_next(&batch.writes, &pending, &changes, &raw) && changes.count == 1);
		if (i != 2)
			CU_ASSERT(slice_equal(changes.items[0].value, (struct slice){ values[i == 3 ? 2 : i], sizeof values[0] }));
	}
	stage_answer_all(&stage);
	CU_ASSERT(stage.alarms == 0);
	changes_free(&changes);
	envelope_scratch_free(scratch);
	stage_close(&stage);
}

void suite_gather(void)
{
	CU_pSuite suite = CU_add_suite("gather", NULL, NULL);
	CU_ADD_TEST(suite, small_group_waits_while_one_is_on_its_way);
	CU_ADD_TEST(suite, large_group_does_not_wait);
	CU_ADD_TEST(suite, long_group_does_not_wait);
	CU_ADD_TEST(suite, guarded_transaction_does_not_wait);
	CU_ADD_TEST(suite, guarded_transaction_goes_alone);
	CU_ADD_TEST(suite, guarded_transaction_that_did_not_run_leaves_nothing);
	CU_ADD_TEST(suite, transaction_in_two_databases_is_run_again_in_them);
	CU_ADD_TEST(suite, context_write_goes_alone);
	CU_ADD_TEST(suite, sets_that_follow_each_other_are_one_command);
	CU_ADD_TEST(suite, long_values_and_their_entry_join_to_one_transaction);
}
