/* Gather member: a command joins a group that gathers. Its intent is encoded, and its keys are noted. */
#include "gather_member.h"

#include "promise.h"
#include "proxy/core/wire/envelope.h"

void gather_planned(struct local *local, struct group *group, struct member *member, const struct planned *planned)
{
	member->plan = planned->plan;
	member->reply_count = planned->replies;
	member->answer = planned->answer;
	member->choice = planned->choice;
	enum plan pending = group_is_pending(planned->plan, &local->step->changes) ? planned->plan : PLAN_NONE;
	envelope_add_write(&group->writes, pending, &local->step->changes);
	member->write_len = group->writes.len - member->write_at;
	group_note_keys(group, member, &local->step->changes);
	/* What is made whole may be a stream, of whatever ids; a script may do anything. */
	for (unsigned i = 0; plan_is_whole(planned->plan) && i < local->step->changes.count; i++)
		stream_tops_forget(local->conflicts->ids.tops, local->step->changes.items[i].db, local->step->changes.items[i].key);
	if (planned->plan == PLAN_SCRIPT)
		stream_tops_forget_all(local->conflicts->ids.tops);
	if (planned->plan == PLAN_STREAM_ADD || planned->plan == PLAN_STREAM_ADD_SEEN || planned->plan == PLAN_SCRIPT)
		promise_note_ids(group, local->conflicts->ids.now_ms);
	group->write_count++;
}

struct plan_world gather_world(const struct local *local, uint32_t db)
{
	uint64_t now_ms = local->step->now_ms, seen_ms = hlc_ms(local->causes->hlc);
	local->conflicts->ids.clock_ms = now_ms;
	local->conflicts->ids.now_ms = now_ms > seen_ms ? now_ms : seen_ms;
	stream_ids_begin(&local->conflicts->ids, local->causes->origins.items[local->causes->self].incarnation);
	return (struct plan_world){
		.ids = &local->conflicts->ids, .now_ms = local->step->now_ms, .db = db, .reserved_db = local->options->reserved_db, .databases = local->options->databases,
	};
}

/* A collection that runs empty loses its deadline, and peers must be told of that (docs/replication-model.md, section 8). */
void gather_emptiness_check(struct local *local, struct group *group, struct member *member)
{
	if (!plan_can_empty(member->plan) || local->step->changes.count == 0)
		return;
	script_add(&group->script, 2, (struct slice[]){ SLICE("EXISTS"), local->step->changes.items[0].key });
	member->reply_count++;
	member->is_emptying = true;
}
