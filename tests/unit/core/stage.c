#include "stage.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 1200

static struct waiting take_first(struct waiting *list, unsigned *count)
{
	struct waiting first = list[0];
	memmove(list, list + 1, --*count * sizeof *list);
	return first;
}

static void free_all(struct waiting *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		bytes_free(list[i].bytes);
}

/* ---- the core and its log ---- */

static void hear_home(struct buffer *out, unsigned dc, uint64_t epoch)
{
	buffer_add_byte(out, ' ');
	buffer_add_byte(out, dc == CORE_DC_UNKNOWN ? '?' : (char)('a' + dc));
	buffer_add_byte(out, ' ');
	buffer_add_uint64(out, epoch);
	buffer_add_byte(out, '\n');
}

static void hear(struct buffer *out, const struct effect *effect)
{
	static const char *const policies[] = { "accept", "redirect", "forward", "refuse" };
	if (effect->type == EFFECT_REFUSE || effect->type == EFFECT_REPLY) {
		buffer_add_text(out, effect->type == EFFECT_REFUSE ? "refused " : "reply ");
		buffer_add(out, effect->type == EFFECT_REFUSE ? effect->refuse.error : effect->reply.bytes);
		buffer_add_byte(out, '\n');
	} else if (effect->type == EFFECT_AWAY) {
		buffer_add_text(out, policies[effect->away.policy]);
		buffer_add_byte(out, ' ');
		buffer_add(out, effect->away.user);
		buffer_add_byte(out, ' ');
		buffer_add(out, effect->away.commands[0].argv[1]);
		hear_home(out, effect->away.dc, effect->away.epoch);
	} else if (effect->type == EFFECT_HELD) {
		buffer_add_text(out, "held\n");
	} else if (effect->type == EFFECT_HOME) {
		buffer_add_text(out, "home ");
		buffer_add(out, effect->home.user);
		hear_home(out, effect->home.dc, effect->home.epoch);
	}
}

static void step_once(struct stage *stage, struct event event)
{
	struct effects effects = { 0 };
	event.now_ms = event.steady_ms = stage->now_ms;
	core_step(stage->core, &event, &effects);
	for (unsigned i = 0; i < effects.count; i++) {
		const struct effect *effect = &effects.items[i];
		CU_ASSERT_FATAL(stage->group_count < STAGE_WAITING_MAX && stage->append_count < STAGE_WAITING_MAX);
		if (effect->type == EFFECT_GROUP) {
			struct buffer room = { 0 };
			stage->groups[stage->group_count++] = (struct waiting){ effect->group.id, buffer_copy(effect_group_bytes(effect, &room)) };
			buffer_free(&room);
		}
		if (effect->type == EFFECT_FOLLOW || effect->type == EFFECT_UNFOLLOW)
			stage->followed[effect->log.dc % 4] = effect->type == EFFECT_FOLLOW ? effect->log.position : STAGE_NOT_FOLLOWED;
		if (stage->heard != NULL)
			hear(stage->heard, effect);
		stage->alarms += effect->type == EFFECT_ALARM;
		stage->refusals += effect->type == EFFECT_REFUSE;
		stage->replies += effect->type == EFFECT_REPLY;
		if (effect->type == EFFECT_REFUSE)
			snprintf(stage->answer, sizeof stage->answer, "-%.*s\r\n", (int)effect->refuse.error.len, effect->refuse.error.ptr);
		if (effect->type == EFFECT_REPLY)
			snprintf(stage->answer, sizeof stage->answer, "%.*s", (int)effect->reply.bytes.len, effect->reply.bytes.ptr);
		if (effect->type == EFFECT_APPEND)
			stage->appends[stage->append_count++] = (struct waiting){ effect->append.id, buffer_copy(effect->append.bytes) };
	}
	effects_free(&effects);
	core_check(stage->core);
}

void stage_step(struct stage *stage, struct event event)
{
	step_once(stage, event);
	while (stage->append_count > 0) {
		struct waiting first = take_first(stage->appends, &stage->append_count);
		step_once(stage, (struct event){ .type = EVENT_APPENDED, .appended = { first.id, stage->log_end } });
		step_once(stage, (struct event){ .type = EVENT_BATCH, .batch = { 0, stage->log_end++, first.bytes } });
		free_all(&first, 1);
	}
}

void stage_end_turn(struct stage *stage)
{
	stage_step(stage, (struct event){ .type = EVENT_TURN_ENDED });
}

/* ---- the store ---- */

static void reply_empty(const struct request *request, struct buffer *out)
{
	struct slice name = request->argv[0];
	if (slice_equal(name, SLICE("XADD"))) {
		resp_add_bulk(out, SLICE("1-1"));
	} else if (slice_equal(name, SLICE("TYPE"))) {
		resp_add_status(out, "none");
	} else if (slice_equal(name, SLICE("HSCAN"))) {
		resp_add_array(out, 2);
		resp_add_bulk(out, SLICE("0"));
		resp_add_array(out, 0);
	} else {
		resp_add_integer(out, 0);
	}
}

void stage_answer(struct stage *stage)
{
	const struct resp_limits limits = { 10000, 1 << 20, 1 << 16 };
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
			if (stage->reply == NULL || !stage->reply(stage, &request, text))
				reply_empty(&request, text);
			replies[event.answered.reply_count++] = buffer_slice(text);
		}
		input = (struct slice){ input.ptr + used, input.len - used };
	}
	stage_step(stage, event);
	for (unsigned i = 0; i < event.answered.reply_count; i++)
		buffer_free(&texts[i]);
	free_all(&group, 1);
	resp_requests_free(requests);
}

void stage_abort(struct stage *stage, const char *error)
{
	struct waiting group = take_first(stage->groups, &stage->group_count);
	stage_step(stage, (struct event){ .type = EVENT_ANSWERED, .answered = { .id = group.id, .error = slice_of(error) } });
	free_all(&group, 1);
}

void stage_answer_all(struct stage *stage)
{
	while (stage->group_count > 0) {
		stage_answer(stage);
		stage_end_turn(stage);
	}
}

bool stage_has_sent(const struct stage *stage, const char *text)
{
	if (stage->group_count == 0)
		return false;
	struct slice last = stage->groups[stage->group_count - 1].bytes;
	return memmem(last.ptr, last.len, text, strlen(text)) != NULL;
}

/* ---- the scene ---- */

void stage_open(struct stage *stage)
{
	static const struct core_rule rule = { .match = "*", .rule = "record" };
	const char *const dcs[] = { "a" }, *error;
	const struct core_options options = {
		.dcs = dcs, .dc_count = 1, .rules = &rule, .rule_count = 1, .databases = 16, .reserved_db = 15, .heartbeat_ms = 500,
		.message_bytes_max = 900000, .inbox_bytes_max = 1 << 20, .outbox_bytes_max = 1 << 20, .metadata_bytes_max = 1 << 20,
		.group_commands_max = 1000, .forget_per_turn = 10000, .elements_per_turn = 4096, .incarnations_max = CORE_INCARNATIONS_MAX, .siblings_max = 10, .waits_max = 3,
	};
	*stage = (struct stage){ .core = core_new(&options, &error), .now_ms = 1700000000000 };
	stage_step(stage, (struct event){ .type = EVENT_OPENED, .opened = { .run_id = SLICE("run"), .nonce = 1700000000000000, .parts = CORE_PARTS_ALL } });
}

void stage_close(struct stage *stage)
{
	free_all(stage->groups, stage->group_count);
	core_free(stage->core);
}

void stage_say(struct stage *stage, unsigned argc, struct slice *argv, bool is_guarded)
{
	const struct request request = { .argv = argv, .argc = argc };
	const struct command *row = command_find(argc, argv);
	stage_step(stage, (struct event){ .type = EVENT_REQUEST, .request = {
		.token = ++stage->token, .protocol = 2, .commands = &request, .rows = &row, .count = 1, .is_transaction = is_guarded, .guard = is_guarded,
	} });
}

void stage_set(struct stage *stage, const char *key)
{
	stage_say(stage, 3, (struct slice[]){ SLICE("set"), slice_of(key), SLICE("v") }, false);
}

/* ---- tables ---- */

void stage_expect(const char *row, const char *what, struct slice found, const char *wanted)
{
	char message[1000];
	snprintf(message, sizeof message, "%s: %s \"%.*s\", not \"%s\"", row, what, (int)found.len, found.ptr == NULL ? "" : found.ptr, wanted);
	CU_assertImplementation(slice_equal(found, slice_of(wanted)), __LINE__, message, __FILE__, "", CU_FALSE);
}

void stage_expect_number(const char *row, const char *what, uint64_t found, uint64_t wanted)
{
	char message[400];
	snprintf(message, sizeof message, "%s: %s: %llu, not %llu", row, what, (unsigned long long)found, (unsigned long long)wanted);
	CU_assertImplementation(found == wanted, __LINE__, message, __FILE__, "", CU_FALSE);
}
