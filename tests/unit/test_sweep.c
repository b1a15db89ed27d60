/* Facts about the sweep: dots beside the data go when the data is gone, and not while it may be on its way. One datacenter, whose log and
 * store are played here. */
#include "../../proxy/core/command.h"
#include "../../proxy/core/core.h"

#include <CUnit/CUnit.h>

void suite_sweep(void);

#define WAITING_MAX 16
#define COMMANDS_MAX 600

struct waiting { uint64_t id; struct slice bytes; };         /* a group, or a message; owned */

struct stage {
	struct core *core;
	uint64_t now_ms;
	struct waiting groups[WAITING_MAX], appends[WAITING_MAX];
	unsigned group_count, append_count;
	int64_t log_end;
	const char *there;           /* the one key that the store has, a string */
	struct buffer fields;        /* owned: with their values, as HSCAN tells them; each once */
	unsigned field_count;
	unsigned asked, dropped;     /* how often about data; dots */
};

static struct waiting take_first(struct waiting *list, unsigned *count)
{
	struct waiting first = list[0];
	memmove(list, list + 1, --*count * sizeof *list);
	return first;
}

static void step(struct stage *stage, struct event event)
{
	struct effects effects = { 0 };
	event.now_ms = stage->now_ms;
	core_step(stage->core, &event, &effects);
	for (unsigned i = 0; i < effects.count; i++) {
		const struct effect *effect = &effects.items[i];
		CU_ASSERT_FATAL(stage->group_count < WAITING_MAX && stage->append_count < WAITING_MAX);
		if (effect->type == EFFECT_GROUP)
			stage->groups[stage->group_count++] = (struct waiting){ effect->group.id, buffer_copy(effect->group.bytes) };
		if (effect->type == EFFECT_APPEND)
			stage->appends[stage->append_count++] = (struct waiting){ effect->append.id, buffer_copy(effect->append.bytes) };
	}
	effects_free(&effects);
	core_check(stage->core);
}

/* The log takes all that it is given, and tells it again. */
static void log_on(struct stage *stage)
{
	while (stage->append_count > 0) {
		struct waiting first = take_first(stage->appends, &stage->append_count);
		step(stage, (struct event){ .type = EVENT_APPENDED, .appended = { first.id, stage->log_end } });
		step(stage, (struct event){ .type = EVENT_BATCH, .batch = { 0, stage->log_end++, first.bytes } });
		memory_free((void *)(uintptr_t)first.bytes.ptr);
	}
}

/* ---- the store ---- */

static void execute(struct stage *stage, const struct request *request, struct buffer *reply)
{
	struct slice name = request->argv[0];
	bool is_there = request->argc > 1 && slice_equal(request->argv[1], slice_of(stage->there));
	stage->asked += slice_equal(name, SLICE("TYPE")) || slice_equal(name, SLICE("HEXISTS"));
	stage->dropped += slice_equal(name, SLICE("HDEL")) ? request->argc - 2 : 0;
	if (slice_equal(name, SLICE("XADD"))) {
		resp_add_bulk(reply, SLICE("1-1"));
	} else if (slice_equal(name, SLICE("TYPE"))) {
		resp_add_status(reply, is_there ? "string" : "none");
	} else if (slice_equal(name, SLICE("HEXISTS")) && is_there) {
		resp_add_error(reply, "WRONGTYPE Operation against a key holding the wrong kind of value");
	} else if (slice_equal(name, SLICE("HSCAN"))) {
		resp_add_array(reply, 2);
		resp_add_bulk(reply, SLICE("0"));
		resp_add_array(reply, 2 * stage->field_count);
		buffer_add(reply, buffer_slice(&stage->fields));
		buffer_reset(&stage->fields);
		stage->field_count = 0;
	} else {
		resp_add_integer(reply, 0);
	}
}

/* The store answers the oldest group. */
static void answer(struct stage *stage)
{
	const struct resp_limits limits = { 1000, 1 << 20, 1 << 16 };
	struct resp_requests *requests = resp_requests_new();
	struct waiting group = take_first(stage->groups, &stage->group_count);
	struct slice input = group.bytes, replies[COMMANDS_MAX];
	struct buffer texts[COMMANDS_MAX] = { 0 };
	struct event event = { .type = EVENT_ANSWERED, .answered = { .id = group.id, .replies = replies } };
	struct request request;
	const char *error;
	size_t used;
	while (resp_request_next(requests, &limits, input, &request, &used, &error) == RESP_READY) {
		bool is_frame = slice_equal(request.argv[0], SLICE("MULTI")) || slice_equal(request.argv[0], SLICE("EXEC"));
		CU_ASSERT_FATAL(event.answered.reply_count < COMMANDS_MAX);
		if (!is_frame) {
			struct buffer *text = &texts[event.answered.reply_count];
			execute(stage, &request, text);
			replies[event.answered.reply_count++] = buffer_slice(text);
		}
		input = (struct slice){ input.ptr + used, input.len - used };
	}
	step(stage, event);
	for (unsigned i = 0; i < event.answered.reply_count; i++)
		buffer_free(&texts[i]);
	memory_free((void *)(uintptr_t)group.bytes.ptr);
	resp_requests_free(requests);
}

static void answer_all(struct stage *stage)
{
	while (stage->group_count > 0) {
		answer(stage);
		step(stage, (struct event){ .type = EVENT_TURN_ENDED });
		log_on(stage);
	}
}

/* ---- the scene ---- */

static void add_dot(struct stage *stage, const char *field)
{
	resp_add_bulk(&stage->fields, slice_of(field));
	resp_add_bulk(&stage->fields, SLICE("a 1 1 65536"));
	stage->field_count++;
}

static void stage_open(struct stage *stage)
{
	static const struct core_rule rule = { .match = "*", .rule = "record" };
	const char *const dcs[] = { "a" }, *error;
	const struct core_options options = {
		.dcs = dcs, .dc_count = 1, .rules = &rule, .rule_count = 1, .databases = 16, .reserved_db = 15, .heartbeat_ms = 500,
		.message_bytes_max = 900000, .inbox_bytes_max = 1 << 20, .outbox_bytes_max = 1 << 20, .metadata_bytes_max = 1 << 20,
		.group_commands_max = 64,
	};
	*stage = (struct stage){ .now_ms = 1700000000000, .there = "" };
	stage->core = core_new(&options, &error);
	step(stage, (struct event){ .type = EVENT_OPENED, .opened = { .run_id = SLICE("run"), .nonce = 1700000000000000 } });
	log_on(stage);
}

static void stage_close(struct stage *stage)
{
	for (unsigned i = 0; i < stage->group_count; i++)
		memory_free((void *)(uintptr_t)stage->groups[i].bytes.ptr);
	buffer_free(&stage->fields);
	core_free(stage->core);
}

/* Answers what is due; then the next step is under way. The first one asks about what the store told when it was opened. */
static void next_step(struct stage *stage)
{
	answer_all(stage);
	stage->now_ms += 1000;
	step(stage, (struct event){ .type = EVENT_TICK });
	log_on(stage);
}

static void client_sets(struct stage *stage, const char *key)
{
	struct slice argv[] = { SLICE("set"), slice_of(key), SLICE("v") };
	const struct request request = { .argv = argv, .argc = 3 };
	const struct command *row = command_find(3, argv);
	step(stage, (struct event){ .type = EVENT_REQUEST, .request = { .token = 1, .protocol = 2, .commands = &request, .rows = &row, .count = 1 } });
	step(stage, (struct event){ .type = EVENT_TURN_ENDED });
}

/* ---- facts ---- */

static void dot_goes_when_its_data_is_gone(void)
{
	struct stage stage;
	stage_open(&stage);
	stage.there = "s";
	add_dot(&stage, "0:string:1:s");
	add_dot(&stage, "0:string:1:t");
	add_dot(&stage, "0:hash:1:sf");
	add_dot(&stage, "3:hash:1:h");
	/* It is asked about, then dropped. */
	next_step(&stage);
	next_step(&stage);
	answer_all(&stage);
	CU_ASSERT(stage.asked == 4 && stage.dropped == 3);
	CU_ASSERT(core_status(stage.core)->swept_versions == 3);
	stage_close(&stage);
}

static void dot_stays_while_a_write_is_under_way(void)
{
	struct stage stage;
	stage_open(&stage);
	add_dot(&stage, "0:string:1:k");
	add_dot(&stage, "0:string:1:m");
	next_step(&stage);
	/* The store says that there is nothing before it has the write. */
	client_sets(&stage, "k");
	while (stage.group_count > 1)
		answer(&stage);
	CU_ASSERT(stage.asked == 2 && core_status(stage.core)->swept_versions == 1);
	stage_close(&stage);
}

static void field_of_another_form_is_left_alone(void)
{
	struct stage stage;
	stage_open(&stage);
	add_dot(&stage, "");
	add_dot(&stage, "0:string:1");
	add_dot(&stage, "0:string:2:k");
	add_dot(&stage, "0:string:1:kf");
	add_dot(&stage, "0:set:1:km");
	add_dot(&stage, "0:hash:-1:km");
	add_dot(&stage, "16:string:1:k");
	add_dot(&stage, "15:string:1:k");
	next_step(&stage);
	next_step(&stage);
	CU_ASSERT(stage.field_count == 0 && stage.asked == 0 && stage.dropped == 0);
	stage_close(&stage);
}

static void many_are_asked_about_a_few_at_a_time(void)
{
	struct stage stage;
	stage_open(&stage);
	for (unsigned i = 0; i < 500; i++)
		add_dot(&stage, "0:hash:1:kf");
	next_step(&stage);
	CU_ASSERT(stage.field_count == 0 && stage.asked == 0);
	next_step(&stage);
	CU_ASSERT(stage.asked == 256);
	next_step(&stage);
	CU_ASSERT(stage.asked == 500);
	stage_close(&stage);
}

void suite_sweep(void)
{
	CU_pSuite suite = CU_add_suite("sweep", NULL, NULL);
	CU_ADD_TEST(suite, dot_goes_when_its_data_is_gone);
	CU_ADD_TEST(suite, dot_stays_while_a_write_is_under_way);
	CU_ADD_TEST(suite, field_of_another_form_is_left_alone);
	CU_ADD_TEST(suite, many_are_asked_about_a_few_at_a_time);
}
