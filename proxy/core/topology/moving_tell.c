#include "moving_tell.h"

#include "homes.h"

struct slice topology_text(struct topology *topology, const struct slice *parts, unsigned count)
{
	size_t len = 0;
	for (unsigned i = 0; i < count; i++)
		len += parts[i].len;
	char *text = arena_take(&topology->step->seqs, len + 1), *at = text;
	for (unsigned i = 0; i < count; i++) {
		memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	return (struct slice){ text, len };
}

/* What was added to the step's replies. */
static void give_reply(struct step *step, uint64_t token)
{
	struct effect *effect = effects_add(step->effects, EFFECT_REPLY);
	effect->reply.token = token;
	effect->reply.bytes = (struct slice){ NULL, step->replies.len - step->reply_at };
	step->reply_at = step->replies.len;
}

void moving_tell(struct topology *topology, uint64_t token, struct slice user, const struct moved *moved)
{
	struct step *step = topology->step;
	if (token == 0)
		return;
	struct buffer epoch = { 0 }, held = { 0 };
	buffer_add_uint64(&epoch, moved->home.epoch);
	buffer_add_uint64(&held, moved->held_ms);
	resp_add_array(&step->replies, 5);
	resp_add_bulk(&step->replies, user);
	resp_add_bulk(&step->replies, homes_dc_name(topology, moved->home.dc));
	resp_add_bulk(&step->replies, buffer_slice(&epoch));
	resp_add_bulk(&step->replies, moved->is_confirmed ? SLICE("confirmed") : SLICE("unconfirmed"));
	resp_add_bulk(&step->replies, buffer_slice(&held));
	buffer_free(&epoch);
	buffer_free(&held);
	give_reply(step, token);
}

void moving_tell_taken(struct topology *topology, const struct move *move)
{
	struct step *step = topology->step;
	uint64_t fresh_ms = move->from == CORE_DC_UNKNOWN ? 0 : topology->causes->peers[move->from].status.fresh_at_ms;
	struct buffer epoch = { 0 }, age = { 0 };
	if (move->token == 0)
		return;
	buffer_add_uint64(&epoch, move->epoch);
	if (fresh_ms == 0)
		buffer_add_text(&age, "unknown");
	else
		buffer_add_uint64(&age, step->steady_ms > fresh_ms ? step->steady_ms - fresh_ms : 0);
	resp_add_array(&step->replies, 6);
	resp_add_bulk(&step->replies, move->user);
	resp_add_bulk(&step->replies, homes_dc_name(topology, 0));
	resp_add_bulk(&step->replies, buffer_slice(&epoch));
	resp_add_bulk(&step->replies, SLICE("forced"));
	resp_add_bulk(&step->replies, homes_dc_name(topology, move->from));
	resp_add_bulk(&step->replies, buffer_slice(&age));
	buffer_free(&epoch);
	buffer_free(&age);
	give_reply(step, move->token);
}
