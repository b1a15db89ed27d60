/* Answer: the store has executed a group of local writes. Their final form (finish.c) goes to the outbox. */
#include "finish.h"
#include "gathering.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#define SHARE_MIN 4096               /* fewer bytes are copied: their buffers are used again */

/* Reads "ms-seq". */
static bool read_stream_id(struct slice raw, uint64_t *ms, uint64_t *seq)
{
	struct reply reply;
	int64_t low = 0, high = 0;
	if (!reply_read(&raw, &reply) || reply.type != REPLY_STRING)
		return false;
	const char *dash = memchr(reply.text.ptr, '-', reply.text.len);
	if (dash == NULL)
		return false;
	size_t at = (size_t)(dash - reply.text.ptr);
	if (!slice_to_int64((struct slice){ reply.text.ptr, at }, &high) ||
	    !slice_to_int64((struct slice){ dash + 1, reply.text.len - at - 1 }, &low))
		return false;
	*ms = (uint64_t)high;
	*seq = (uint64_t)low;
	return true;
}

/* All groups sent before this one are answered. So its context must claim no more than what is confirmed now, or counts as seen. */
static bool lower_context(const struct local *local, struct stamp *stamp)
{
	const struct context *before = local->causes->origins.items[local->causes->self].before;
	bool is_lowered = false;
	for (uint32_t i = 0; i < stamp->context->count; i++) {
		if (stamp->context->seqs[i] == 0)
			continue;
		uint64_t confirmed = local->causes->origins.items[i].confirmed, seen = before == NULL ? 0 : context_at(before, i);
		uint64_t limit = confirmed > seen ? confirmed : seen;
		if (i == local->causes->self || stamp->context->seqs[i] <= limit)
			continue;
		stamp->context->seqs[i] = limit;
		is_lowered = true;
	}
	return is_lowered;
}

/* True if the store lacked some of what we had announced when it executed this group. (All earlier groups are answered.) While we do not know yet what
 * was announced, settle.c decides that later. */
static bool has_lacked(const struct local *local)
{
	const struct context *before = local->causes->origins.items[local->causes->self].before;
	return local->causes->has_announced && !causes_have_applied(local->causes, before, true);
}

/* The outbox needs the bytes until the log has them, and the latent writes among them do until they are stable. FROM: what the entry is in, and of which
 * nothing else is needed. */
static struct shared *share_entry(struct local *local, const struct group *group, struct buffer *from, const struct append *facts)
{
	bool is_inside = from->len > 0 && group->entry.ptr >= from->ptr && group->entry.ptr < from->ptr + from->len;
	if (!is_inside || group->entry.len < SHARE_MIN)
		return NULL;
	size_t at = (size_t)(group->entry.ptr - from->ptr);
	struct shared *shared = shared_new(from);
	outbox_add_shared(local->outbox, &local->outbox->waiting, shared, (struct slice){ shared->bytes.ptr + at, shared->bytes.len - at }, facts);
	return shared;
}

static void keep_writes(struct local *local, struct group *group, const struct append *facts)
{
	struct shared *writes = share_entry(local, group, &group->writes, facts);
	struct shared *final = writes == NULL ? share_entry(local, group, &local->finish.final, facts) : NULL;
	if (writes == NULL && final == NULL)
		outbox_add_batch(local->outbox, &local->outbox->waiting, group->entry, facts);
	group_keep_latent(local->groups, group, writes);
	shared_drop(writes);
	shared_drop(final);
}

static void begin_answer(struct local *local, struct group *group)
{
	/* The store may have refused a remote batch that was sent before this group and that its context claims. */
	bool is_lowered = lower_context(local, &group->stamp);
	bool is_moved =
		group->is_provisional && local->causes->has_announced && causes_lift(local->causes, &group->stamp.context, local->causes->self);
	uint64_t hlc = causes_lift_hlc(local->causes, local->causes->self, group->stamp.seq, group->stamp.hlc);
	bool is_lifted = has_lacked(local);
	local->finish.is_moved = is_moved | is_lowered || hlc != group->stamp.hlc || group->is_lifted != is_lifted;
	group->stamp.hlc = hlc;
	/* An earlier group was aborted. Its seqs will never name writes, and the outbox entry of this group proves that. */
	if (group->stamp.seq > local->causes->answered_seq + 1)
		outbox_add_void(local->outbox, &local->outbox->waiting, local->causes->answered_seq + 1, &group->stamp);
	group->is_lifted = is_lifted;
	finish_begin(local, group);
}

static void add_final(struct local *local, struct group *group)
{
	struct finish *finish = &local->finish;
	if (!finish->is_changed && !finish->is_moved)
		return;
	size_t start;
	const struct buffer *entry = gathering_put_header(local, group, finish->is_changed ? &finish->final : &group->writes, &start);
	group->entry = (struct slice){ entry->ptr + start, entry->len - start };
	books_add_correction(local->books, group->entry);
}

bool local_is_long(const struct local *local, const struct group *group, const struct event *event)
{
	/* Before the gate opens, nothing enters the metadata, and after it has, all must. */
	if (!group->has_whole || !local->causes->is_gate_open)
		return false;
	uint64_t elements = 0;
	for (unsigned i = 0; i < group->member_count; i++) {
		const struct member *member = &group->members[i];
		if (member->plan != PLAN_NONE)
			elements += plan_elements(member->plan, event->answered.replies + member->reply_first, member->reply_count);
	}
	return elements > local->options->elements_per_turn;
}

bool local_finish_some(struct local *local, struct group *group, const struct event *event, unsigned *most)
{
	if (group->write_count == 0)
		return true;
	if (local->finish.group == NULL)
		begin_answer(local, group);
	return finish_some(local, group, event, most);
}

void local_answered(struct local *local, struct group *group, const struct event *event)
{
	unsigned most = UINT_MAX;
	if (group->write_count == 0)
		return;
	uint64_t last_seq = group->stamp.seq + group->write_count - 1;
	struct append facts = { .origin = local->causes->self, .last_seq = last_seq, .events = group->write_count };
	bool has_id = read_stream_id(event->answered.replies[group->entry_reply], &facts.entry_ms, &facts.entry_seq);
	assert(has_id);
	bool is_all = local_finish_some(local, group, event, &most);
	assert(is_all);
	add_final(local, group);
	gather_homes_answered(local, group, event);
	rerun_above(local, group, event);
	keep_writes(local, group, &facts);
	finish_end(local);
	local->causes->answered_seq = last_seq;
	causes_announce(local->causes, group->stamp.context);
	struct origin *self = &local->causes->origins.items[local->causes->self];
	self->applied = self->confirmed = last_seq;
}
