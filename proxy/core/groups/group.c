/* Group: one transaction for the store, and what becomes of it: stamped and sent, answered, or aborted and re-run request by
 * request (data path, steps 4 to 6). */
#include "proxy/core/state.h"

#include <assert.h>
#include <string.h>

#define WARM_MEMBERS 32              /* of a group, at a time: their metadata fits into the fastest cache */

/* ---- sending ---- */

/* What rides along with any group: final forms the outbox lacks, and what it need not keep. */
static void add_housekeeping(struct core *core, struct group *group)
{
	if (core->resolution_count > 0) {
		script_select(&group->script, core->options.reserved_db);
		buffer_add(&group->bytes, buffer_slice(&core->resolutions));
		group->script.count += core->resolution_count;
		buffer_reset(&core->resolutions);
		core->resolution_count = 0;
		group->has_resolutions = true;
	}
	spill_write(core, group);
	episodes_write(core, group);
	/* The outbox tells where earlier incarnations ended until the positions do, and what is to be read back until it is. */
	bool is_reading_back = core->reread_count > 0 || core->open[0] != NULL || core->open[1] != NULL;
	if (!core->is_trim_due || core->is_run_due || is_reading_back || group->kind == GROUP_PROBE)
		return;
	struct buffer id = { 0 };
	buffer_add_uint64(&id, core->trim_ms);
	buffer_add_byte(&id, '-');
	buffer_add_uint64(&id, core->trim_seq);
	script_select(&group->script, core->options.reserved_db);
	script_add(&group->script, 4, (struct slice[]){ SLICE("XTRIM"), SLICE(CORE_OUTBOX_KEY), SLICE("MINID"), buffer_slice(&id) });
	buffer_free(&id);
	core->is_trim_due = false;
}

void group_send(struct core *core, struct group *group)
{
	script_end_run(&group->script);
	add_housekeeping(core, group);
	script_select(&group->script, core->options.reserved_db);
	buffer_add(&group->bytes, SLICE("*1\r\n$4\r\nEXEC\r\n"));
	*core->unanswered_end = group;
	core->unanswered_end = &group->next;
	core->unanswered_count++;
	core->unanswered_bytes += group->bytes.len;
	core->local_unanswered += group->kind == GROUP_LOCAL;
	core->remote_unanswered += group->kind == GROUP_REMOTE;
	group->is_sent = true;
	for (unsigned i = 0; i < group->key_count; i++)
		if (group->keys[i] != NULL)
			group->keys[i]->in_flight++;
	core->flushes_in_flight += group->flush_count;
	struct effect *effect = effects_add(core->effects, EFFECT_GROUP);
	effect->group.id = group->id;
	effect->group.protocol = group->protocol;
	effect->group.bytes = buffer_slice(&group->bytes);
	effect->group.reply_count = group->script.count;
	effect->group.slots = group->slots;
	effect->group.slot_count = group->slot_count;
}

static void add_batch_header(struct core *core, struct group *group)
{
	struct position positions[ORIGINS_MAX];
	struct batch header = {
		.dc = slice_of(core->dc_names[0]), .incarnation = core->origins.items[core->self].incarnation,
		.first_seq = group->stamp.seq, .hlc = group->stamp.hlc, .rules_digest = core->policies->digest,
		.context = positions, .context_count = core_positions(core, group->stamp.context, positions), .is_lifted = group->is_lifted,
	};
	envelope_begin(&group->payload, &header);
}

void group_close_local(struct core *core, struct group *group)
{
	if (group->member_count == 0) {
		group_free(core, group);
		return;
	}
	group_find_keys(core, group);
	if (group->write_count > 0) {
		group->stamp = (struct stamp){
			.seq = core->next_seq, .hlc = core_tick_hlc(core, group->write_count), .context = core_context(core), .origin = core->self,
		};
		core->next_seq += group->write_count;
		group->is_lifted = !core_is_caught_up(core);
		add_batch_header(core, group);
		buffer_add(&group->payload, buffer_slice(&group->writes));
		script_select(&group->script, core->options.reserved_db);
		group->xadd_reply = group->script.count;
		script_add(&group->script, 5, (struct slice[]){ SLICE("XADD"), SLICE(CORE_OUTBOX_KEY), SLICE("*"), SLICE("b"), buffer_slice(&group->payload) });
		group->is_provisional = !core->has_announced;
	}
	group_send(core, group);
}

/* ---- answers of local groups ---- */

/* What the write came to: its intent, void, or what the replies say. RESULT may be INTENT itself. */
static struct changes *finish_write(struct core *core, const struct member *member, const struct event *event, bool *is_as_intended)
{
	const struct slice *replies = event->answered.replies + member->reply_first;
	core->results.count = 0;
	core->results.facts = core->changes.facts;
	*is_as_intended = false;
	if (reply_is_error(replies[member->answer]))
		return &core->results;
	if (plan_certainty(member->plan) != CERTAINTY_PENDING) {
		*is_as_intended = true;
		return &core->changes;
	}
	plan_finish(member->plan, &core->changes, replies, &core->results);
	return &core->results;
}

/* Did it remove the last of a collection? Then the deadline went with it. */
static bool has_emptied(const struct member *member, const struct event *event, const struct changes *changes)
{
	const struct slice *replies = event->answered.replies + member->reply_first;
	if (!member->is_emptying || changes->count == 0 || !slice_equal(replies[member->reply_count - 1], SLICE(":0\r\n")))
		return false;
	return !slice_equal(replies[member->answer], SLICE(":0\r\n"));
}

/* KEYS: those of the intent, in its order, which is mostly that of the changes. */
static void remember_write(struct core *core, const struct stamp *stamp, const struct changes *changes, struct key **keys, unsigned key_count)
{
	apply_changes(core, &(struct arriving_write){ .mode = APPLY_LOCAL, .is_under_our_rules = true, .stamp = stamp }, changes, keys, key_count);
}

/* The keys of the WARM_MEMBERS members from FIRST on. */
static void warm_members(const struct group *group, unsigned first)
{
	unsigned end = group->member_count - first < WARM_MEMBERS ? group->member_count : first + WARM_MEMBERS;
	unsigned key_end = group->members[end - 1].key_first + group->members[end - 1].key_count;
	unsigned key_first = group->members[first].key_first;
	keyspace_warm(group->keys + key_first, key_end - key_first);
}

/* Takes the writes into the metadata. Returns whether the final form differs from the intent; then FINAL holds its writes. */
static bool finish_writes(struct core *core, struct group *group, const struct event *event, struct buffer *final)
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
		if (group_is_latent(core, group, member, event->answered.replies)) {
			latents_answered(&core->keyspace.latents, &latent, (uint32_t)member->write_at);
			if (is_changed)
				buffer_add(final, writes);
			stamp.seq++;
			stamp.hlc++;
			continue;
		}
		enum plan pending;
		bool is_as_intended, has_write = envelope_write_next(&writes, &pending, &core->changes, &raw);
		assert(has_write);
		struct changes *changes = finish_write(core, member, event, &is_as_intended);
		if (has_emptied(member, event, changes)) {
			changes_add(changes, CHANGE_EXPIRE, changes->items[0].db, changes->items[0].key);
			is_as_intended = false;
		}
		if (group->is_lifted)
			reread_touched(core, changes);
		/* Before the gate opens, older writes of ours are still being recalled; these follow when it does (settle.c). */
		if (core->is_gate_open)
			remember_write(core, &stamp, changes, group->keys + member->key_first, member->key_count);
		if (member->ask != 0)
			ask_written(core, member->ask, event->answered.replies[member->reply_first + member->answer]);
		core->status.void_writes += changes->count == 0;
		if (!is_changed && (!is_as_intended || pending != PLAN_NONE)) {
			is_changed = true;
			buffer_add(final, (struct slice){ group->writes.ptr, member->write_at });
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
	if (!slice_to_int64((struct slice){ reply.text.ptr, at }, &high) || !slice_to_int64((struct slice){ dash + 1, reply.text.len - at - 1 }, &low))
		return false;
	*ms = (uint64_t)high;
	*seq = (uint64_t)low;
	return true;
}

/* The final form differs from the outbox entry: the outbox gets it as well, lest a crash lose what the replies said. */
static void add_resolution(struct core *core, struct slice payload)
{
	resp_add_command(&core->resolutions, 5, (struct slice[]){ SLICE("XADD"), SLICE(CORE_OUTBOX_KEY), SLICE("*"), SLICE("r"), payload });
	core->resolution_count++;
}

/* What was sent before this group is answered by now: claims beyond that, or beyond what counts as seen, are void. */
static bool lower_context(const struct core *core, struct stamp *stamp)
{
	const struct context *before = core->origins.items[core->self].before;
	bool is_lowered = false;
	for (uint32_t i = 0; i < stamp->context->count; i++) {
		uint64_t confirmed = core->origins.items[i].confirmed, seen = before == NULL ? 0 : context_at(before, i);
		uint64_t limit = confirmed > seen ? confirmed : seen;
		if (i == core->self || stamp->context->seqs[i] <= limit)
			continue;
		stamp->context->seqs[i] = limit;
		is_lowered = true;
	}
	return is_lowered;
}

/* Did the store lack some of what was announced when it executed this group? What came before it is answered by now. While nothing is known of
 * what was announced, settle.c will tell. */
static bool has_lacked(const struct core *core)
{
	const struct context *before = core->origins.items[core->self].before;
	for (uint32_t i = 0; core->has_announced && before != NULL && i < before->count; i++)
		if (before->seqs[i] > core->origins.items[i].confirmed)
			return true;
	return false;
}

static void local_answered(struct core *core, struct group *group, const struct event *event)
{
	if (group->write_count == 0)
		return;
	uint64_t last_seq = group->stamp.seq + group->write_count - 1;
	struct append facts = { .origin = core->self, .last_seq = last_seq, .events = group->write_count };
	bool has_id = read_stream_id(event->answered.replies[group->xadd_reply], &facts.entry_ms, &facts.entry_seq);
	assert(has_id);
	/* An earlier group was aborted, this one was not: the aborted seqs will never name writes, and this entry proves it. */
	if (group->stamp.seq > core->answered_seq + 1)
		outbox_add_void(core, &core->waiting, core->self, core->answered_seq + 1, group->stamp.seq - 1);
	struct buffer final = { 0 };
	/* A remote batch in front of it that the store refused is not there after all. */
	bool is_lowered = lower_context(core, &group->stamp);
	bool is_moved = group->is_provisional && core->has_announced && core_lift(core, &group->stamp.context, core->self);
	uint64_t hlc = core_lift_hlc(core, core->self, group->stamp.seq, group->stamp.hlc);
	bool is_lifted = has_lacked(core);
	is_moved |= is_lowered || hlc != group->stamp.hlc || group->is_lifted != is_lifted;
	group->stamp.hlc = hlc;
	group->is_lifted = is_lifted;
	bool is_changed = finish_writes(core, group, event, &final);
	if (is_moved && !is_changed)
		buffer_add(&final, buffer_slice(&group->writes));
	if (is_changed || is_moved) {
		group->payload.len = 0;
		add_batch_header(core, group);
		buffer_add(&group->payload, buffer_slice(&final));
		add_resolution(core, buffer_slice(&group->payload));
	}
	buffer_free(&final);
	outbox_add_batch(core, &core->waiting, buffer_slice(&group->payload), &facts);
	group_keep_latent(core, group);
	core->answered_seq = last_seq;
	core_announce(core, group->stamp.context);
	struct origin *self = &core->origins.items[core->self];
	self->applied = self->confirmed = last_seq;
}

/* Gone, or without it: the deadline was lost with the key, or the key met it, perhaps on its way to the store, and nobody heard. */
static void check_answered(struct core *core, const struct check *check, struct slice reply)
{
	bool is_gone = slice_equal(reply, SLICE(":-2\r\n"));
	bool is_known = check->deadline_ms != 0;
	if (!is_gone && !(is_known && slice_equal(reply, SLICE(":-1\r\n"))))
		return;
	if (is_known && check->deadline_ms <= (int64_t)core->now_ms)
		reread_add(core, check->db, check->key, true);
	else
		gather_untimed(core, check->db, check->key);
}

static void remote_answered(struct core *core, const struct group *group, const struct event *event)
{
	for (unsigned i = 0; i < group->check_count; i++)
		check_answered(core, &group->checks[i], event->answered.replies[group->checks[i].reply]);
	for (unsigned i = 0; i < group->reach_count; i++)
		core->origins.items[group->reaches[i].origin].confirmed = group->reaches[i].seq;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++) {
		if (group->visible_writes[dc] == 0)
			continue;
		struct effect *effect = effects_add(core->effects, EFFECT_VISIBLE);
		effect->visible.dc = dc;
		effect->visible.written_ms = group->written_ms[dc];
		effect->visible.writes = group->visible_writes[dc];
	}
}

static void record_answered(struct core *core, const struct group *group)
{
	core->is_run_due &= !group->has_run;
	if (group->trim_position == POSITION_BEGIN)
		return;
	struct effect *effect = effects_add(core->effects, EFFECT_TRIM);
	effect->log.dc = 0;
	effect->log.position = group->trim_position;
}

/* ---- aborted groups ---- */

static void refuse_unit(struct core *core, const struct unit *unit, struct slice error)
{
	if (unit->token == 0 || ask_refused(core, unit->token, error))
		return;
	struct effect *effect = effects_add(core->effects, EFFECT_REFUSE);
	effect->refuse.token = unit->token;
	effect->refuse.error = error;
	core->status.refused_writes++;
}

/* Our own writes have nobody who would ask again. What was to be read back still is. */
void group_reread(struct core *core, const struct group *group)
{
	for (unsigned i = 0; group->kind == GROUP_LOCAL && i < group->unit_count; i++) {
		const struct unit *unit = &group->units[i];
		if (unit->token != 0)
			continue;
		const struct member *member = &group->members[unit->member_first];
		struct slice writes = { group->writes.ptr + member->write_at, member->write_len }, raw;
		enum plan pending;
		if (!envelope_write_next(&writes, &pending, &core->changes, &raw))
			continue;
		const struct change *change = &core->changes.items[0];
		reread_add(core, change->db, change->key, change->kind == CHANGE_CLEAR && change->is_expiry);
	}
}

/* One bad command must not abort its neighbours: several requests are re-run one by one, a single one gets its error. */
static void group_aborted(struct core *core, struct group *group, struct slice error)
{
	core->status.aborted_groups++;
	if (group->kind == GROUP_REMOTE) {
		core->is_store_refusing = true;
		core_alarm(core, 0, "the store refused a remote batch: replication waits until it takes writes again");
		effects_add(core->effects, EFFECT_REOPEN);
	}
	core->is_probe_due |= group->kind == GROUP_PROBE;
	if (group->kind == GROUP_RECORD) {
		episodes_unwritten(core, group);
		suspects_unwritten(core);
	}
	if (group->kind == GROUP_ASK)
		ask_refused(core, group->ask, error);
	if (group->kind == GROUP_SWEEP)
		sweep_refused(core);
	/* The outbox lacks final forms: what was answered so far is to be asked for, should we end now. */
	if (group->has_resolutions)
		core->answered_first = core->answered_seq + 1;
	spill_retry(core, group);
	group_release_keys(core, group);
	group->is_sent = false;
	if (group->kind == GROUP_LOCAL && group->unit_count == 1) {
		core->is_store_refusing |= group->units[0].token == 0;
		group_reread(core, group);
		refuse_unit(core, &group->units[0], error);
	}
	if (group->kind != GROUP_LOCAL || group->unit_count == 1) {
		group_free(core, group);
		return;
	}
	group->next = NULL;
	*core->aborted_end = group;
	core->aborted_end = &group->next;
}

/* Copies one request of an aborted group into a group of its own. */
static void rerun_unit(struct core *core, const struct group *from, const struct unit *unit)
{
	struct group *group = group_new(core, GROUP_LOCAL);
	group->protocol = unit->protocol;
	script_select(&group->script, unit->db);
	struct unit *copy = group_add_unit(group, unit->token, unit->db);
	const struct member *first = &from->members[unit->member_first];
	unsigned shift = group->script.count;
	for (unsigned i = 0; i < unit->member_count; i++) {
		const struct member *member = &first[i];
		struct member *added = group_add_member(group);
		struct slice writes = { from->writes.ptr + member->write_at, member->write_len }, raw;
		added->plan = member->plan;
		added->reply_first = member->reply_first - first->reply_first + shift;
		added->reply_count = member->reply_count;
		added->answer = member->answer;
		added->is_emptying = member->is_emptying;
		if (unit->token != 0)
			group_add_slot(group, unit->token, added->reply_first + added->answer, i);
		group->script.count += member->reply_count;
		enum plan pending;
		if (member->plan == PLAN_NONE || !envelope_write_next(&writes, &pending, &core->changes, &raw))
			continue;
		envelope_add_write_raw(&group->writes, raw);
		added->write_len = group->writes.len - added->write_at;
		group_note_keys(group, added, &core->changes);
		group->write_count++;
	}
	copy->member_count = unit->member_count;
	const struct buffer *place = unit->is_plain_set ? &from->pairs : &from->bytes;
	if (unit->is_plain_set)
		buffer_add(&group->bytes, SLICE("*3\r\n$3\r\nSET\r\n"));
	buffer_add(&group->bytes, (struct slice){ place->ptr + unit->command_at, unit->command_len });
	copy->command_len = group->bytes.len - copy->command_at;
	group_close_local(core, group);
}

void group_rerun(struct core *core)
{
	struct group *group = core->aborted;
	if (group == NULL || core->unanswered_count > 0)
		return;
	if (core->units_rerun < group->unit_count) {
		rerun_unit(core, group, &group->units[core->units_rerun++]);
		return;
	}
	core->aborted = group->next;
	if (core->aborted == NULL)
		core->aborted_end = &core->aborted;
	core->units_rerun = 0;
	group_free(core, group);
	group_rerun(core);
}

/* ---- all groups ---- */

void group_answered(struct core *core, const struct event *event)
{
	struct group *group = core->unanswered;
	assert(group != NULL && group->id == event->answered.id);
	core->unanswered = group->next;
	if (core->unanswered == NULL)
		core->unanswered_end = &core->unanswered;
	core->unanswered_count--;
	core->unanswered_bytes -= group->bytes.len;
	core->local_unanswered -= group->kind == GROUP_LOCAL;
	core->remote_unanswered -= group->kind == GROUP_REMOTE;
	if (event->answered.replies == NULL) {
		group_aborted(core, group, event->answered.error);
		/* Nothing is under way: seqs that no later entry followed never named a write and are free. */
		if (core->unanswered_count == 0)
			core->next_seq = core->answered_seq + 1;
		return;
	}
	assert(event->answered.reply_count == group->script.count);
	retention_answered(core, group, event);
	switch (group->kind) {
	case GROUP_LOCAL: local_answered(core, group, event); break;
	case GROUP_REMOTE: remote_answered(core, group, event); break;
	case GROUP_PROBE: settle_answered(core, event); break;
	case GROUP_ASK: ask_answered(core, group, event); break;
	case GROUP_SWEEP: sweep_answered(core, event); break;
	case GROUP_TRIAL: core->is_store_refusing = false; break;
	case GROUP_RECORD: record_answered(core, group); break;
	}
	/* The shell may still look at the slots. */
	group_release_keys(core, group);
	group->next = core->done;
	core->done = group;
}
