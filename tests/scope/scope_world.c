#include "scope_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/core/commands/command.h"
#include "tests/scope/model/scope_write.h"

#define EPOCH_MS UINT64_C(1700000000000)

static unsigned local_index(unsigned dc, unsigned other) { return other == dc ? 0 : other < dc ? other + 1 : other; }
static unsigned global_index(unsigned dc, unsigned local) { return local == 0 ? dc : local <= dc ? local - 1 : local; }

/* ---- effects ---- */

static void run_group(struct scope_dc *dc, const struct effect *effect)
{
	dc->answers = array_grow(dc->answers, dc->answer_count, &dc->answer_cap, sizeof(*dc->answers));
	struct scope_answer *answer = &dc->answers[dc->answer_count++];
	*answer = (struct scope_answer){ .id = effect->group.id };
	const char *wrong = sim_store_execute(dc->store, effect->group.bytes, effect->group.protocol == 0 ? 2 : effect->group.protocol,
	                                      (uint64_t)((int64_t)dc->clock_ms + dc->store_ahead_ms), &answer->replies);
	if (wrong != NULL)
		scope_go_wrong(dc->world, dc->index, wrong, effect->group.bytes);
}

static void append(struct scope_dc *dc, const struct effect *effect)
{
	dc->messages = array_grow(dc->messages, dc->message_count, &dc->message_cap, sizeof(*dc->messages));
	dc->append_ids = array_grow(dc->append_ids, dc->message_count, &dc->append_cap, sizeof(*dc->append_ids));
	dc->append_ids[dc->message_count] = effect->append.id;
	scope_note_message(dc, effect->append.bytes, dc->is_client_heard);
	dc->messages[dc->message_count++] = buffer_copy(effect->append.bytes);
}

static void note_conflict(struct scope_dc *dc, const struct effect *effect)
{
	unsigned number, key;

	if (scope_case_of(effect->conflict.key, &number, &key))
		dc->conflicts[number] += effect->conflict.count;
	else
		dc->nameless += effect->conflict.count;
	if (dc->world->is_traced)
		printf("  %s counts %u on %.*s %.*s (%s)\n", scope_dc_names[dc->index], effect->conflict.count, (int)effect->conflict.key.len, effect->conflict.key.ptr,
		       (int)effect->conflict.element.len, effect->conflict.element.ptr, effect->conflict.kind);
}

static void note_handle(struct scope_dc *dc, uint64_t id)
{
	dc->handles = array_grow(dc->handles, dc->handle_count, &dc->handle_cap, sizeof(*dc->handles));
	dc->handles[dc->handle_count++] = id;
}

static void run_effect(struct scope_dc *dc, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_GROUP:
		run_group(dc, effect);
		break;
	case EFFECT_APPEND:
		append(dc, effect);
		break;
	case EFFECT_FOLLOW:
		dc->cursors[global_index(dc->index, effect->log.dc)] = effect->log.position + 1;
		break;
	case EFFECT_CONFLICT:
		note_conflict(dc, effect);
		break;
	case EFFECT_REPLY:
		scope_note_reply(dc->world, effect->reply.token, effect->reply.bytes);
		break;
	case EFFECT_HANDLE:
		note_handle(dc, effect->handle.id);
		break;
	case EFFECT_REFUSE:
		scope_go_wrong(dc->world, dc->index, "refuses:", effect->refuse.error);
		break;
	case EFFECT_ALARM:
		scope_go_wrong(dc->world, dc->index, "alarm:", effect->alarm.text);
		break;
	case EFFECT_UNFOLLOW:
		dc->cursors[global_index(dc->index, effect->log.dc)] = -1;
		break;
	case EFFECT_REOPEN:
		scope_go_wrong(dc->world, dc->index, "gives up its store", (struct slice){ "", 0 });
		break;
	default:
		break;
	}
}

void scope_step(struct scope_dc *dc, struct event *event)
{
	event->now_ms = dc->clock_ms;
	core_step(dc->core, event, &dc->effects);
	for (unsigned i = 0; i < dc->effects.count; i++)
		run_effect(dc, &dc->effects.items[i]);
}

/* ---- the store tells ---- */

static void trace_command(const struct scope_dc *dc, const struct sim_executed *executed)
{
	printf("    %s:", scope_dc_names[dc->index]);
	for (unsigned i = 0; i < executed->argc; i++)
		printf(" %.*s", (int)executed->argv[i].len, executed->argv[i].ptr);
	printf("  ->  %.*s\n", (int)strcspn(executed->reply.ptr, "\r"), executed->reply.ptr);
}

static void store_executed(void *context, const struct sim_executed *executed)
{
	const struct scope_dc *dc = context;

	if (dc->world->is_traced && executed->db != SIM_RESERVED_DB)
		trace_command(dc, executed);
}

static void store_expired(void *context, uint32_t db, uint32_t key)
{
	struct scope_dc *dc = context;

	(void)db;
	assert(dc->expired_count < sizeof(dc->expired) / sizeof(*dc->expired));
	dc->expired[dc->expired_count++] = key;
}

/* ---- events ---- */

static void give_answer(struct scope_dc *dc)
{
	struct scope_answer answer = dc->answers[0];
	struct slice *replies = memory_new((answer.replies.count + 1) * sizeof(*replies));
	struct event event = { .type = EVENT_ANSWERED };

	dc->answer_count--;
	memmove(dc->answers, dc->answers + 1, dc->answer_count * sizeof(*dc->answers));
	for (unsigned i = 0; i < answer.replies.count; i++)
		replies[i] = sim_replies_at(&answer.replies, i);
	event.answered.id = answer.id;
	event.answered.replies = replies;
	event.answered.reply_count = answer.replies.count;
	scope_step(dc, &event);
	memory_free(replies);
	sim_replies_free(&answer.replies);
}

static bool give_expired(struct scope_dc *dc)
{
	struct event event = { .type = EVENT_EXPIRED };

	if (dc->expired_count == 0)
		return false;
	event.expired.key = pool_text(dc->world->pool, dc->expired[--dc->expired_count]);
	scope_step(dc, &event);
	return true;
}

/* No handler ever has a result here: its conflicts stay open. */
static bool give_handled(struct scope_dc *dc)
{
	struct event event = { .type = EVENT_HANDLED };

	if (dc->handle_count == 0)
		return false;
	event.handled.id = dc->handles[--dc->handle_count];
	event.handled.error = slice_of("no handler");
	scope_step(dc, &event);
	return true;
}

static bool give_message(struct scope_dc *dc, unsigned origin)
{
	const struct scope_dc *source = &dc->world->dcs[origin];
	struct event event = { .type = EVENT_BATCH };

	if (!dc->is_linked[origin] || dc->cursors[origin] < 0 || dc->cursors[origin] >= (int64_t)source->message_count)
		return false;
	event.batch.dc = local_index(dc->index, origin);
	event.batch.position = dc->cursors[origin]++;
	event.batch.bytes = source->messages[event.batch.position];
	scope_step(dc, &event);
	return true;
}

static bool give_acknowledgement(struct scope_dc *dc)
{
	struct event event = { .type = EVENT_APPENDED };

	if (dc->acknowledged == dc->message_count)
		return false;
	event.appended.position = dc->acknowledged;
	event.appended.id = dc->append_ids[dc->acknowledged++];
	scope_step(dc, &event);
	return true;
}

/* All that one DC has to hear before its turn ends. */
static bool give_all(struct scope_dc *dc)
{
	bool is_any = false;

	while (dc->answer_count > 0) {
		give_answer(dc);
		is_any = true;
	}
	while (give_acknowledgement(dc))
		is_any = true;
	while (give_expired(dc))
		is_any = true;
	while (give_handled(dc))
		is_any = true;
	for (unsigned i = 0; i < SCOPE_DCS; i++)
		while (give_message(dc, dc->is_reversed ? SCOPE_DCS - 1 - i : i))
			is_any = true;
	return is_any;
}

void scope_run(struct scope_world *world)
{
	bool is_any = true, is_first = true;

	while (is_any) {
		is_any = false;
		for (unsigned i = 0; i < SCOPE_DCS; i++) {
			struct scope_dc *dc = &world->dcs[i];

			if (!give_all(dc) && !is_first)
				continue;
			scope_step(dc, &(struct event){ .type = EVENT_TURN_ENDED });
			is_any = true;
		}
		is_first = false;
	}
}

void scope_hear(struct scope_world *world, unsigned dc)
{
	memset(world->dcs[dc].hlcs, 0, sizeof(world->dcs[dc].hlcs));
	world->dcs[dc].is_client_heard = true;
	scope_run(world);
	world->dcs[dc].is_client_heard = false;
}

void scope_pass(struct scope_world *world)
{
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		world->dcs[i].clock_ms += 500;
		scope_step(&world->dcs[i], &(struct event){ .type = EVENT_TICK });
	}
	scope_run(world);
}

void scope_link(struct scope_world *world, unsigned dc, unsigned origin, bool is_linked)
{
	world->dcs[dc].is_linked[origin] = is_linked || dc == origin;
}

void scope_link_all(struct scope_world *world, bool is_linked)
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		for (unsigned origin = 0; origin < SCOPE_DCS; origin++)
			scope_link(world, dc, origin, is_linked);
}

/* ---- clients ---- */

static void expire(struct scope_dc *dc)
{
	if (dc->store_ahead_ms != 0)
		return;
	dc->store_ahead_ms = SCOPE_EXPIRY_MS;
	sim_store_expire(dc->store, dc->clock_ms + SCOPE_EXPIRY_MS);
}

/* Words that are one of the letters of keys name the case's keys. */
static struct slice argument(struct scope_world *world, unsigned number, const char *word)
{
	const char *letter = word[1] == '\0' ? memchr(scope_key_letters, *word, SCOPE_KEYS) : NULL;

	return letter == NULL ? slice_of(word) : pool_text(world->pool, scope_key_name(world, number, (unsigned)(letter - scope_key_letters)));
}

void scope_say(struct scope_world *world, unsigned dc, unsigned number, const char *operation)
{
	struct scope_words words[SCOPE_WRITES_MAX];
	struct slice argv[SCOPE_WRITES_MAX][SCOPE_WORDS_MAX];
	struct request requests[SCOPE_WRITES_MAX];
	const struct command *rows[SCOPE_WRITES_MAX];
	struct event event = { .type = EVENT_REQUEST };
	unsigned count = 0;

	if (world->is_traced)
		printf("%s: %s\n", scope_dc_names[dc], operation);
	if (scope_is_expiry(operation)) {
		expire(&world->dcs[dc]);
		return;
	}
	for (; scope_next_command(&operation, &words[count]); count++) {
		for (unsigned i = 0; i < words[count].count; i++)
			argv[count][i] = argument(world, number, words[count].words[i]);
		requests[count] = (struct request){ .argv = argv[count], .argc = words[count].count };
		rows[count] = command_find(words[count].count, argv[count]);
		assert(rows[count] != NULL && rows[count]->class == COMMAND_WRITE);
	}
	event.request.token = number + 1;
	event.request.protocol = 2;
	event.request.commands = requests;
	event.request.rows = rows;
	event.request.count = count;
	event.request.is_transaction = count > 1;
	scope_step(&world->dcs[dc], &event);
}

bool scope_look(struct scope_world *world, unsigned dc, unsigned number, struct scope_state *state)
{
	bool is_known = true;

	memset(state, 0, sizeof(*state));
	for (unsigned key = 0; key < SCOPE_KEYS; key++) {
		const struct sim_key *found = sim_store_find(world->dcs[dc].store, 0, scope_key_name(world, number, key));

		is_known = scope_read_key(world->pool, found, state->at[key]) && is_known;
	}
	return is_known;
}

/* ---- new and free ---- */

static void open_core(struct scope_dc *dc, const struct core_rule *rule)
{
	const char *names[SCOPE_DCS], *error;
	struct core_options options = {
		.dcs = names, .dc_count = SCOPE_DCS, .rules = rule, .rule_count = 1, .databases = SIM_DATABASES, .reserved_db = SIM_RESERVED_DB,
		.heartbeat_ms = 500, .drift_ms_max = 500, .quarantine_ms = 3600000, .message_bytes_max = 900000, .inbox_bytes_max = 64 << 20,
		.outbox_bytes_max = 256 << 20, .metadata_bytes_max = 1 << 30, .group_commands_max = 4096, .siblings_max = 32,
		.record_value_bytes_max = 256, .records_max = 100000, .records_bytes_max = UINT64_C(1) << 28, .records_age_ms_max = 3600000, .handler_retry_ms = 3600000,
		.handler_retry_ms_max = 3600000, .is_listing_conflicts = true,
	};
	struct event opened = { .type = EVENT_OPENED };

	for (unsigned i = 0; i < SCOPE_DCS; i++)
		names[i] = scope_dc_names[global_index(dc->index, i)];
	dc->core = core_new(&options, &error);
	assert(dc->core != NULL);
	opened.opened.run_id = slice_of(scope_dc_names[dc->index]);
	opened.opened.nonce = dc->clock_ms * 1000;
	scope_step(dc, &opened);
}

static unsigned order_of(const struct scope_policy *policy, const char **names)
{
	unsigned count = 0;

	for (unsigned rank = 0; policy->rule == SCOPE_PRIORITY && rank < SCOPE_DCS; rank++) {
		unsigned holders = 0, holder = 0;

		for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
			if (policy->ranks[dc] == rank) {
				holders++;
				holder = dc;
			}
		if (holders == 1)
			names[count++] = scope_dc_names[holder];
	}
	return count;
}

struct scope_world *scope_world_new(const struct scope_policy *policy, bool is_traced)
{
	static const char *const rules[SCOPE_RULES] = { "lww", "priority", "record", "merge", "custom" };
	struct scope_world *world = memory_new(sizeof(*world));
	static const char *const ttls[] = { [SCOPE_TTL_NEWEST] = NULL, [SCOPE_TTL_LONGEST] = "longest", [SCOPE_TTL_SHORTEST] = "shortest" };
	const char *order[SCOPE_DCS];
	struct core_rule rule = {
		.match = "*", .rule = rules[policy->rule], .order = order, .order_count = order_of(policy, order), .ttl = ttls[policy->ttl],
	};

	world->pool = pool_new();
	world->is_traced = is_traced;
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		struct scope_dc *dc = &world->dcs[i];
		const struct sim_observer observer = { dc, store_executed, store_expired };

		dc->index = i;
		dc->world = world;
		dc->clock_ms = EPOCH_MS;
		dc->store = sim_store_new(world->pool, i, &observer);
		memset(dc->cursors, 0xff, sizeof(dc->cursors));
		open_core(dc, &rule);
	}
	scope_link_all(world, true);
	scope_run(world);
	scope_pass(world);
	return world;
}

void scope_world_free(struct scope_world *world)
{
	for (unsigned i = 0; i < SCOPE_DCS; i++) {
		struct scope_dc *dc = &world->dcs[i];

		core_free(dc->core);
		sim_store_free(dc->store);
		effects_free(&dc->effects);
		for (unsigned j = 0; j < dc->message_count; j++)
			bytes_free(dc->messages[j]);
		free(dc->messages);
		free(dc->shipped);
		free(dc->append_ids);
		free(dc->answers);
		free(dc->handles);
	}
	free(world->own_words);
	pool_free(world->pool);
	memory_free(world);
}

/* ---- asking ---- */

void scope_ask(struct scope_world *world, unsigned dc, unsigned number, unsigned key, enum scope_element element)
{
	struct event event = { .type = EVENT_ASKED };

	assert(element < SCOPE_ASKED);
	event.asked.token = (number * SCOPE_KEYS + key) * SCOPE_ASKED + element + 1;
	event.asked.ask = ASK_GET;
	event.asked.key = pool_text(world->pool, scope_key_name(world, number, key));
	event.asked.is_field = element != SCOPE_STRING;
	event.asked.element = slice_of(element == SCOPE_STRING ? "" : element == SCOPE_FIELD_F ? "f" : "g");
	*scope_asked_by(world, event.asked.token) = (struct scope_siblings){ .count = 0 };
	scope_step(&world->dcs[dc], &event);
}
