/* Answer: the store has executed a group of local writes. Its replies decide the final form of the writes, which enters the metadata and goes to the
 * outbox. */
#include "gather_member.h"
#include "gathering.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/scripting/ran.h"

#include <assert.h>
#include <string.h>

#define SHARE_MIN 4096               /* fewer bytes are copied: their buffers are used again */
#define WARM_MEMBERS 32              /* of a group, at a time: their metadata fits into the processor's fastest cache */

/* What a script wrote, from the log in its answer. */
static struct changes *finish_script(struct local *local, const struct member *member, const struct slice *replies)
{
	struct slice log, answer = replies[member->answer];
	const struct write_facts *facts = &local->step->changes.facts;
	scripts_answered(local->scripts, facts->by, member->is_loading ? replies[0] : (struct slice){ "", 0 }, answer);
	libraries_answered(&local->scripts->libraries, facts->by, answer);
	local->step->results.facts.by = (struct slice){ "", 0 };
	ran_reply(answer, &log);
	if (member->plan != PLAN_SCRIPT || log.len == 0)
		return &local->step->results;
	struct write_facts kept = local->step->results.facts;
	struct plan_world world = gather_world(local, scripts_db(facts->by));
	if (!ran_changes(log, &world, &local->step->seqs, &local->step->changes, &local->step->results))
		step_alarm(local->step, 0, "a script did what cannot be told to other datacenters: its keys differ there");
	local->step->results.facts = kept;
	return &local->step->results;
}

/* The final form of a write: its intent, void, or what the replies say. RESULT may be INTENT itself. */
static struct changes *finish_write(struct local *local, const struct member *member, const struct event *event, bool *is_as_intended)
{
	const struct slice *replies = event->answered.replies + member->reply_first;
	local->step->results.count = 0;
	local->step->results.facts = local->step->changes.facts;
	*is_as_intended = false;
	if (member->plan == PLAN_SCRIPT || member->plan == PLAN_SCRIPT_LOAD)
		return finish_script(local, member, replies);
	if (reply_is_error(replies[member->answer]))
		return &local->step->results;
	if (plan_certainty(member->plan) != CERTAINTY_PENDING) {
		*is_as_intended = true;
		return &local->step->changes;
	}
	plan_finish(member->plan, &local->step->changes, replies, &local->step->results);
	return &local->step->results;
}

/* True if the write removed the last element of a collection: then the key's deadline is gone, too. */
static bool has_emptied(const struct member *member, const struct event *event, const struct changes *changes)
{
	const struct slice *replies = event->answered.replies + member->reply_first;
	if (!member->is_emptying || changes->count == 0 || !slice_equal(replies[member->reply_count - 1], SLICE(":0\r\n")))
		return false;
	return !slice_equal(replies[member->answer], SLICE(":0\r\n"));
}

/* Cache misses are batched: prefetches the keys of the WARM_MEMBERS members from FIRST on. */
static void warm_members(const struct group *group, unsigned first)
{
	unsigned end = group->member_count - first < WARM_MEMBERS ? group->member_count : first + WARM_MEMBERS;
	unsigned key_end = group->members[end - 1].key_first + group->members[end - 1].key_count;
	unsigned key_first = group->members[first].key_first;
	keyspace_warm(group->keys + key_first, key_end - key_first);
}

/* Takes the writes into the metadata. Returns whether the final form differs from the intent; then FINAL holds its writes. */
static bool finish_writes(struct local *local, struct group *group, const struct event *event, struct buffer *final)
{
	struct stamp stamp = group->stamp;
	uint32_t latent = group->latent_first;
	bool is_changed = false;
	if (group->latents != NULL)
		group->latents->stamp = group->stamp;
	for (unsigned i = 0; i < group->member_count; i++) {
		const struct member *member = &group->members[i];
		if (i % WARM_MEMBERS == 0)
			warm_members(group, i);
		if (member->plan == PLAN_NONE)
			continue;
		struct slice writes = { group->writes.ptr + member->write_at, member->write_len }, raw;
		if (group_is_latent(local->groups, group, member, event->answered.replies)) {
			latents_answered(&local->keyspace->latents, &latent, (uint32_t)member->write_at);
			if (is_changed)
				buffer_add(final, writes);
			stamp.seq++;
			stamp.hlc++;
			continue;
		}
		enum plan pending;
		bool is_as_intended, has_write = envelope_write_next(&writes, &pending, &local->step->changes, &raw);
		assert(has_write);
		struct changes *changes = finish_write(local, member, event, &is_as_intended);
		if (has_emptied(member, event, changes)) {
			changes_add(changes, CHANGE_EXPIRE, changes->items[0].db, changes->items[0].key);
			is_as_intended = false;
		}
		if (group->is_lifted)
			rereads_add_touched(local->rereads, changes);
		/* Before the gate opens, our older writes are still being recalled. These enter the metadata when it opens (settle.c). */
		if (local->causes->is_gate_open)
			apply_answered(local->apply, &stamp, changes, group->keys + member->key_first, member->key_count);
		local->step->status.void_writes += changes->count == 0;
		if (!is_changed && (!is_as_intended || pending != PLAN_NONE)) {
			is_changed = true;
			buffer_add(final, (struct slice){ group->writes.ptr + GROUP_HEADER_ROOM, member->write_at - GROUP_HEADER_ROOM });
		}
		if (is_changed)
			envelope_add_write(final, PLAN_NONE, changes);
		stamp.seq++;
		stamp.hlc++;
	}
	return is_changed;
}

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

/* The outbox needs the bytes until the log has them, and the latent writes among them do until they are stable. */
static void keep_writes(struct local *local, struct group *group, const struct append *facts)
{
	const char *start = group->writes.ptr;
	bool is_inside = group->entry.ptr >= start && group->entry.ptr < start + group->writes.len;
	if (!is_inside || group->entry.len < SHARE_MIN) {
		outbox_add_batch(local->outbox, &local->outbox->waiting, group->entry, facts);
		group_keep_latent(local->groups, group, NULL);
		return;
	}
	size_t at = (size_t)(group->entry.ptr - start);
	struct shared *shared = shared_new(&group->writes);
	outbox_add_shared(local->outbox, &local->outbox->waiting, shared, (struct slice){ shared->bytes.ptr + at, shared->bytes.len - at }, facts);
	group_keep_latent(local->groups, group, shared);
	shared_drop(shared);
}

void local_answered(struct local *local, struct group *group, const struct event *event)
{
	if (group->write_count == 0)
		return;
	uint64_t last_seq = group->stamp.seq + group->write_count - 1;
	struct append facts = { .origin = local->causes->self, .last_seq = last_seq, .events = group->write_count };
	bool has_id = read_stream_id(event->answered.replies[group->entry_reply], &facts.entry_ms, &facts.entry_seq);
	assert(has_id);
	struct buffer final = { 0 };
	/* The store may have refused a remote batch that was sent before this group and that its context claims. */
	bool is_lowered = lower_context(local, &group->stamp);
	bool is_moved =
		group->is_provisional && local->causes->has_announced && causes_lift(local->causes, &group->stamp.context, local->causes->self);
	uint64_t hlc = causes_lift_hlc(local->causes, local->causes->self, group->stamp.seq, group->stamp.hlc);
	bool is_lifted = has_lacked(local);
	is_moved |= is_lowered || hlc != group->stamp.hlc || group->is_lifted != is_lifted;
	group->stamp.hlc = hlc;
	/* An earlier group was aborted. Its seqs will never name writes, and the outbox entry of this group proves that. */
	if (group->stamp.seq > local->causes->answered_seq + 1)
		outbox_add_void(local->outbox, &local->outbox->waiting, local->causes->answered_seq + 1, &group->stamp);
	group->is_lifted = is_lifted;
	bool is_changed = finish_writes(local, group, event, &final);
	if (is_moved && !is_changed)
		buffer_add(&final, group_writes(group));
	if (is_changed || is_moved) {
		group->payload.len = 0;
		gathering_add_header(local, group);
		buffer_add(&group->payload, buffer_slice(&final));
		group->entry = buffer_slice(&group->payload);
		books_add_correction(local->books, group->entry);
	}
	buffer_free(&final);
	gather_homes_answered(local, group, event);
	rerun_above(local, group, event);
	keep_writes(local, group, &facts);
	local->causes->answered_seq = last_seq;
	causes_announce(local->causes, group->stamp.context);
	struct origin *self = &local->causes->origins.items[local->causes->self];
	self->applied = self->confirmed = last_seq;
}
