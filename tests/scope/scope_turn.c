#include "scope_turn.h"

#include <stdio.h>
#include <string.h>

#include "scope_ask.h"
#include "scope_names.h"

/* ---- effects ---- */

static void run_group(struct scope_dc *dc, const struct effect *effect)
{
	dc->answers = array_grow(dc->answers, dc->answer_count, &dc->answer_cap, sizeof(*dc->answers));
	struct scope_answer *answer = &dc->answers[dc->answer_count++];
	*answer = (struct scope_answer){ .id = effect->group.id };
	struct buffer room = { 0 };
	struct slice bytes = effect_group_bytes(effect, &room);
	const char *wrong = sim_store_execute(dc->store, bytes, effect->group.protocol == 0 ? 2 : effect->group.protocol,
	                                      (uint64_t)((int64_t)dc->clock_ms + dc->store_ahead_ms), &answer->replies);
	if (wrong != NULL)
		scope_go_wrong(dc->world, dc->index, wrong, bytes);
	buffer_free(&room);
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
		dc->cursors[scope_global_index(dc->index, effect->log.dc)] = effect->log.position + 1;
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
		dc->cursors[scope_global_index(dc->index, effect->log.dc)] = -1;
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
	event->now_ms = event->steady_ms = dc->clock_ms;
	core_step(dc->core, event, &dc->effects);
	for (unsigned i = 0; i < dc->effects.count; i++)
		run_effect(dc, &dc->effects.items[i]);
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
	event.batch.dc = scope_local_index(dc->index, origin);
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

/* Gives one DC every event that waits for it. False: there was none. */
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
