/* Group queue: groups that were sent to the store, in the order in which it will answer them. */
#include "groups.h"

#include <assert.h>

static void add_piece(struct group *group, const struct buffer *from, size_t start, size_t len)
{
	if (len == 0)
		return;
	group->pieces = array_reserve(group->pieces, group->piece_count, &group->piece_cap, sizeof *group->pieces);
	group->pieces[group->piece_count++] = (struct slice){ from->ptr + start, len };
	group->sent_bytes += len;
}

/* Nothing is added to the group's buffers any more: only now do slices of them stay valid. */
static void cut_into_pieces(struct group *group)
{
	size_t at = 0;
	for (unsigned i = 0; i < group->splices.count; i++) {
		const struct splice *splice = &group->splices.items[i];
		add_piece(group, &group->bytes, at, splice->at - at);
		add_piece(group, splice->from, splice->start, splice->len);
		at = splice->at;
	}
	add_piece(group, &group->bytes, at, group->bytes.len - at);
}

static void queue_group(struct groups *groups, struct group *group)
{
	group->next = NULL;
	*groups->unanswered_end = group;
	groups->unanswered_end = &group->next;
	groups->unanswered_count++;
	groups->unanswered_bytes += group->sent_bytes;
	groups->local_unanswered += group->kind == GROUP_LOCAL;
	groups->remote_unanswered += group->kind == GROUP_REMOTE;
	group->is_sent = true;
	for (unsigned i = 0; i < group->key_count; i++)
		if (group->keys[i] != NULL)
			group->keys[i]->in_flight++;
	groups->flushes_in_flight += group->flush_count;
	struct effect *effect = effects_add(groups->step->effects, EFFECT_GROUP);
	effect->group.id = group->id;
	effect->group.protocol = group->protocol;
	effect->group.pieces = group->pieces;
	effect->group.piece_count = group->piece_count;
	effect->group.reply_count = group->script.count;
	effect->group.slots = group->slots;
	effect->group.slot_count = group->slot_count;
	effect->group.is_for_full = group->is_for_full;
	effect->group.has_entry = group->write_count > 0;
	effect->group.entry_reply = group->entry_reply;
	effect->group.guard = group->guard;
}

void group_send(struct groups *groups, struct group *group)
{
	script_end_run(&group->script);
	group->is_for_full |= groups->is_store_full && group->guard == 0 && group_runs_when_full(group);
	groups->riders.add(groups->riders.context, group);
	script_select(&group->script, groups->options->reserved_db);
	buffer_add(&group->bytes, SLICE("*1\r\n$4\r\nEXEC\r\n"));
	cut_into_pieces(group);
	queue_group(groups, group);
}

void groups_hold_refused(struct groups *groups, struct group *group)
{
	assert(group->kind == GROUP_REMOTE && groups->refused == NULL);
	groups->refused = group;
	groups->is_overtaken = false;
	groups->remote_unanswered++;         /* it still is: nothing may pass it */
}

/* It counts as unanswered until the connection is lost, so that nothing remote is sent before. */
void groups_give_up_refused(struct groups *groups)
{
	group_free(groups, groups->refused);
	groups->refused = NULL;
	groups->is_store_refusing = true;
}

void groups_send_refused(struct groups *groups)
{
	struct group *group = groups->refused;
	assert(group != NULL && !groups->is_overtaken && groups->unanswered_count == 0);
	groups->refused = NULL;
	groups->remote_unanswered--;
	group->is_for_full = true;
	queue_group(groups, group);
}

void groups_free_done(struct groups *groups)
{
	while (groups->done != NULL) {
		struct group *group = groups->done;
		groups->done = group->next;
		group_free(groups, group);
	}
}

struct group *groups_take_answered(struct groups *groups, uint64_t id)
{
	struct group *group = groups->unanswered;
	assert(group != NULL && group->id == id);
	groups->unanswered = group->next;
	if (groups->unanswered == NULL)
		groups->unanswered_end = &groups->unanswered;
	groups->unanswered_count--;
	groups->unanswered_bytes -= group->sent_bytes;
	groups->local_unanswered -= group->kind == GROUP_LOCAL;
	groups->remote_unanswered -= group->kind == GROUP_REMOTE;
	return group;
}

unsigned groups_local_at_store(const struct groups *groups)
{
	unsigned late = groups->late_count, local = groups->local_unanswered;
	for (const struct group *group = groups->unanswered; late > 0; group = group->next, late--)
		local -= group->kind == GROUP_LOCAL;
	return local;
}

void groups_add_done(struct groups *groups, struct group *group)
{
	group_release_keys(groups, group);
	group->next = groups->done;
	groups->done = group;
}

void groups_drop_unanswered(struct groups *groups, void *context, void (*let_go)(void *context, const struct group *group))
{
	while (groups->unanswered != NULL) {
		struct group *group = groups->unanswered;
		groups->unanswered = group->next;
		let_go(context, group);
		group_free(groups, group);
	}
	if (groups->refused != NULL)
		group_free(groups, groups->refused);
	groups->refused = NULL;
	groups->is_overtaken = false;
	groups->unanswered_end = &groups->unanswered;
	groups->unanswered_count = groups->local_unanswered = groups->remote_unanswered = groups->flushes_in_flight = 0;
	groups->unanswered_bytes = 0;
}

void groups_init(struct groups *groups)
{
	groups->unanswered_end = &groups->unanswered;
}

void groups_free(struct groups *groups)
{
	groups_free_done(groups);
	group_free_spare(groups);
}
