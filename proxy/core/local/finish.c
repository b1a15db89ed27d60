/* Finish: the replies to a group of local writes decide their final form, which enters the metadata. A key that was told whole may hold very many elements:
 * of these some are taken at a time. Until the last is, the group counts as unanswered, and nothing else enters the metadata. */
#include "finish.h"

#include "gather_member.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/scripting/ran.h"

#include <assert.h>
#include <limits.h>

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

/* Before the gate opens, our older writes are still being recalled. These enter the metadata when it opens (settle.c). */
static void take_changes(struct local *local, const struct group *group, const struct member *member, struct changes *changes, bool is_first)
{
	unsigned key_count = is_first ? member->key_count : 0;
	if (group->is_lifted)
		rereads_add_touched(local->rereads, changes);
	if (local->causes->is_gate_open)
		apply_answered(local->apply, &local->finish.stamp, changes, group->keys + member->key_first, key_count);
}

/* From MEMBER's write on, the final form differs from the intents. */
static void begin_final(struct finish *finish, const struct group *group, const struct member *member)
{
	if (finish->is_changed)
		return;
	finish->is_changed = true;
	buffer_grow(&finish->final, GROUP_HEADER_ROOM);
	buffer_add(&finish->final, (struct slice){ group->writes.ptr + GROUP_HEADER_ROOM, member->write_at - GROUP_HEADER_ROOM });
}

/* A whole key. True: all of it is taken. */
static bool finish_whole(struct local *local, const struct group *group, const struct member *member, const struct slice *replies, unsigned *most)
{
	struct finish *finish = &local->finish;
	struct changes *intent = &local->step->changes, *results = &local->step->results;
	struct slice writes = { group->writes.ptr + member->write_at, member->write_len }, raw;
	enum plan pending;
	bool has_write = envelope_write_next(&writes, &pending, intent, &raw), is_first = finish->walk.stage == 0;
	assert(has_write);
	if (*most == 0)
		return false;
	finish->walk.most = *most;
	bool has_more = plan_finish_some(member->plan, intent, replies + member->reply_first, &finish->walk, results);
	results->facts = intent->facts;
	take_changes(local, group, member, results, is_first);
	envelope_add_changes(&finish->whole, results);
	local->step->turn_elements += results->count;
	*most -= results->count < *most ? results->count : *most;
	if (has_more)
		return false;
	begin_final(finish, group, member);
	envelope_add_write_with(&finish->final, buffer_slice(&finish->whole), &intent->facts);
	local->step->status.void_writes += finish->whole.len == 0;
	buffer_reset(&finish->whole);
	finish->walk = (struct plan_walk){ 0 };
	return true;
}

static void finish_member(struct local *local, const struct group *group, const struct member *member, const struct event *event)
{
	struct finish *finish = &local->finish;
	struct slice writes = { group->writes.ptr + member->write_at, member->write_len }, raw;
	enum plan pending;
	bool is_as_intended, has_write = envelope_write_next(&writes, &pending, &local->step->changes, &raw);
	assert(has_write);
	struct changes *changes = finish_write(local, member, event, &is_as_intended);
	if (has_emptied(member, event, changes)) {
		changes_add(changes, CHANGE_EXPIRE, changes->items[0].db, changes->items[0].key);
		is_as_intended = false;
	}
	take_changes(local, group, member, changes, true);
	local->step->status.void_writes += changes->count == 0;
	if (!is_as_intended || pending != PLAN_NONE)
		begin_final(finish, group, member);
	if (finish->is_changed)
		envelope_add_write(&finish->final, PLAN_NONE, changes);
}

static void finish_latent(struct local *local, const struct group *group, const struct member *member)
{
	struct finish *finish = &local->finish;
	latents_answered(&local->keyspace->latents, &finish->latent, (uint32_t)member->write_at);
	if (finish->is_changed)
		buffer_add(&finish->final, (struct slice){ group->writes.ptr + member->write_at, member->write_len });
}

static bool tells_whole(const struct group *group, const struct member *member, const struct slice *replies)
{
	return group->has_whole && plan_is_whole(member->plan) && !reply_is_error(replies[member->reply_first + member->answer]);
}

void finish_begin(struct local *local, struct group *group)
{
	struct finish *finish = &local->finish;
	finish->group = group;
	finish->stamp = group->stamp;
	finish->latent = group->latent_first;
	if (group->latents != NULL)
		group->latents->stamp = group->stamp;
}

bool finish_some(struct local *local, struct group *group, const struct event *event, unsigned *most)
{
	struct finish *finish = &local->finish;
	const struct slice *replies = event->answered.replies;
	for (; finish->member < group->member_count; finish->member++) {
		const struct member *member = &group->members[finish->member];
		if (finish->member % WARM_MEMBERS == 0)
			warm_members(group, finish->member);
		if (member->plan == PLAN_NONE)
			continue;
		if (tells_whole(group, member, replies)) {
			if (!finish_whole(local, group, member, replies, most))
				return false;
		} else if (group_is_latent(local->groups, group, member, replies)) {
			finish_latent(local, group, member);
		} else {
			finish_member(local, group, member, event);
		}
		finish->stamp.seq++;
		finish->stamp.hlc++;
	}
	return true;
}

void finish_end(struct local *local)
{
	struct finish *finish = &local->finish;
	buffer_free(&finish->final);
	buffer_free(&finish->whole);
	*finish = (struct finish){ 0 };
}
