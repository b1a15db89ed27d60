/* Facts about when gathered writes are sent: one datacenter, whose log and store are played here. */
#include "../../proxy/core/command.h"
#include "../../proxy/core/core.h"

#include <CUnit/CUnit.h>

void suite_gather(void);

struct stage {
	struct core *core;
	uint64_t ids[8];             /* of groups on their way, oldest first */
	unsigned commands[8];        /* in each, SELECTs and the like included */
	struct slice last;           /* the newest group's bytes; owned */
	unsigned group_count;
	int64_t log_end;
	uint64_t token;
};

static void step(struct stage *stage, struct event event);

static void log_takes(struct stage *stage, uint64_t id, struct slice bytes)
{
	step(stage, (struct event){ .type = EVENT_APPENDED, .appended = { id, stage->log_end } });
	step(stage, (struct event){ .type = EVENT_BATCH, .batch = { 0, stage->log_end++, bytes } });
}

static void step(struct stage *stage, struct event event)
{
	struct effects effects = { 0 };
	event.now_ms = 1700000000000;
	core_step(stage->core, &event, &effects);
	struct { uint64_t id; struct slice bytes; } appends[8];
	unsigned append_count = 0;
	for (unsigned i = 0; i < effects.count; i++) {
		const struct effect *effect = &effects.items[i];
		CU_ASSERT_FATAL(stage->group_count < 8 && append_count < 8);
		if (effect->type == EFFECT_GROUP) {
			memory_free((void *)(uintptr_t)stage->last.ptr);
			stage->last = buffer_copy(effect->group.bytes);
			stage->ids[stage->group_count] = effect->group.id;
			stage->commands[stage->group_count++] = effect->group.reply_count;
		} else if (effect->type == EFFECT_APPEND) {
			appends[append_count].id = effect->append.id;
			appends[append_count++].bytes = buffer_copy(effect->append.bytes);
		}
	}
	effects_free(&effects);
	core_check(stage->core);
	for (unsigned i = 0; i < append_count; i++) {
		log_takes(stage, appends[i].id, appends[i].bytes);
		memory_free((void *)(uintptr_t)appends[i].bytes.ptr);
	}
}

static void turn_ends(struct stage *stage)
{
	step(stage, (struct event){ .type = EVENT_TURN_ENDED });
}

/* The store answers the oldest group; every reply looks like that of XADD. */
static void answer(struct stage *stage)
{
	struct slice replies[600];
	for (unsigned i = 0; i < stage->commands[0]; i++)
		replies[i] = SLICE("$3\r\n1-1\r\n");
	struct event event = { .type = EVENT_ANSWERED, .answered = { stage->ids[0], replies, stage->commands[0], { NULL, 0 } } };
	stage->group_count--;
	memmove(stage->ids, stage->ids + 1, stage->group_count * sizeof *stage->ids);
	memmove(stage->commands, stage->commands + 1, stage->group_count * sizeof *stage->commands);
	step(stage, event);
}

static void answer_all(struct stage *stage)
{
	while (stage->group_count > 0) {
		answer(stage);
		turn_ends(stage);
	}
}

static void stage_open(struct stage *stage)
{
	static const struct core_rule rule = { .match = "*", .rule = "record" };
	const char *const dcs[] = { "a" }, *error;
	const struct core_options options = {
		.dcs = dcs, .dc_count = 1, .rules = &rule, .rule_count = 1, .databases = 16, .reserved_db = 15, .heartbeat_ms = 500,
		.message_bytes_max = 900000, .inbox_bytes_max = 1 << 20, .outbox_bytes_max = 1 << 20, .metadata_bytes_max = 1 << 20,
		.group_commands_max = 1000, .siblings_max = 10,
	};
	*stage = (struct stage){ .core = core_new(&options, &error) };
	step(stage, (struct event){ .type = EVENT_OPENED, .opened = { .run_id = SLICE("run"), .nonce = 1700000000000000 } });
	turn_ends(stage);
	answer_all(stage);
}

static void stage_close(struct stage *stage)
{
	memory_free((void *)(uintptr_t)stage->last.ptr);
	core_free(stage->core);
}

static void client_sends(struct stage *stage, unsigned argc, struct slice *argv, bool is_guarded)
{
	const struct request request = { .argv = argv, .argc = argc };
	const struct command *row = command_find(argc, argv);
	step(stage, (struct event){ .type = EVENT_REQUEST, .request = {
		.token = ++stage->token, .protocol = 2, .commands = &request, .rows = &row, .count = 1, .is_transaction = is_guarded, .is_guarded = is_guarded,
	} });
}

static void client_sets(struct stage *stage, const char *key)
{
	client_sends(stage, 3, (struct slice[]){ SLICE("set"), slice_of(key), SLICE("v") }, false);
}

static void client_sets_with_context(struct stage *stage, const char *key)
{
	step(stage, (struct event){ .type = EVENT_ASKED, .asked = {
		.token = ++stage->token, .ask = ASK_SET, .key = slice_of(key), .value = SLICE("v"), .context = SLICE("-"),
	} });
}

static bool last_has(const struct stage *stage, const char *text)
{
	return memmem(stage->last.ptr, stage->last.len, text, strlen(text)) != NULL;
}

/* ---- facts ---- */

static void small_group_waits_while_one_is_on_its_way(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 1);
	client_sets(&stage, "b");
	turn_ends(&stage);
	client_sets(&stage, "c");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 1);
	answer(&stage);
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 1 && last_has(&stage, "$1\r\nb\r\n") && last_has(&stage, "$1\r\nc\r\n"));
	answer_all(&stage);
	stage_close(&stage);
}

static void large_group_does_not_wait(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	turn_ends(&stage);
	for (unsigned i = 0; i < 64; i++)
		client_sets(&stage, "b");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2);
	answer_all(&stage);
	stage_close(&stage);
}

static void long_group_does_not_wait(void)
{
	static const char value[20000];
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	turn_ends(&stage);
	client_sends(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), { value, sizeof value } }, false);
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2);
	answer_all(&stage);
	stage_close(&stage);
}

static void guarded_transaction_does_not_wait(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	turn_ends(&stage);
	client_sends(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), SLICE("v") }, true);
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2);
	answer_all(&stage);
	stage_close(&stage);
}

static void guarded_transaction_goes_alone(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	client_sends(&stage, 3, (struct slice[]){ SLICE("set"), SLICE("b"), SLICE("v") }, true);
	CU_ASSERT(stage.group_count == 2 && last_has(&stage, "$1\r\nb\r\n") && !last_has(&stage, "$1\r\na\r\n"));
	client_sets(&stage, "c");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2);
	answer_all(&stage);
	stage_close(&stage);
}

static void context_write_goes_alone(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets_with_context(&stage, "b");
	turn_ends(&stage);
	/* What the store holds of it was asked for. */
	while (stage.group_count > 0)
		answer(&stage);
	client_sets(&stage, "a");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2 && last_has(&stage, "$1\r\nb\r\n") && !last_has(&stage, "$1\r\na\r\n"));
	client_sets(&stage, "b");
	turn_ends(&stage);
	CU_ASSERT(stage.group_count == 2);
	answer_all(&stage);
	stage_close(&stage);
}

static void sets_that_follow_each_other_are_one_command(void)
{
	struct stage stage;
	stage_open(&stage);
	client_sets(&stage, "a");
	client_sets(&stage, "b");
	client_sends(&stage, 2, (struct slice[]){ SLICE("incr"), SLICE("a") }, false);
	client_sets(&stage, "c");
	turn_ends(&stage);
	CU_ASSERT(last_has(&stage, "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\nv\r\n$1\r\nb\r\n$1\r\nv\r\n*2\r\n$4\r\nincr\r\n$1\r\na\r\n"
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
