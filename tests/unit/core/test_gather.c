/* Facts about when gathered writes are sent: one datacenter, whose log and store are played here. */
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

void suite_gather(void)
{
	CU_pSuite suite = CU_add_suite("gather", NULL, NULL);
	CU_ADD_TEST(suite, small_group_waits_while_one_is_on_its_way);
	CU_ADD_TEST(suite, large_group_does_not_wait);
	CU_ADD_TEST(suite, long_group_does_not_wait);
	CU_ADD_TEST(suite, guarded_transaction_does_not_wait);
	CU_ADD_TEST(suite, guarded_transaction_goes_alone);
	CU_ADD_TEST(suite, context_write_goes_alone);
	CU_ADD_TEST(suite, sets_that_follow_each_other_are_one_command);
}
