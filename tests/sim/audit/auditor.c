/* Auditor: watches what happens. What a store has executed is known from the transactions themselves: the outbox entry names the dots of a group of
 * local writes, and the positions say how far the logs of other origins are applied. */
#include "auditor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_parts.h"

/* ---- a group runs ---- */

static void calls_reset(struct audited_dc *dc)
{
	for (unsigned i = 0; i < dc->call_count; i++)
		facts_free(&dc->calls[i].facts);
	dc->call_count = dc->call_next = 0;
}

void auditor_group_begins(struct auditor *auditor, unsigned dc, const struct lane_group *group)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	watched->group = group;
	calls_reset(watched);
	watched->has_intent = false;
	vector_free(&watched->advanced);
}

#define EARLY_US 100000              /* a write may be that long on its way to the store */

/* The store keeps for every DC "<follow position> <incarnation>:<applied>:<floor> …". */
static void positions_read(struct auditor *auditor, struct audited_dc *watched, struct slice field, struct slice value)
{
	const char *at = value.ptr, *end = value.ptr + value.len;
	int dc;

	if (field.len < 3 || memcmp(field.ptr, "dc:", 3) != 0)
		return;
	dc = audit_dc(auditor, (struct slice){ field.ptr + 3, field.len - 3 });
	while (dc >= 0 && (at = memchr(at, ' ', (size_t)(end - at))) != NULL) {
		char *colon;
		uint64_t incarnation = strtoull(++at, &colon, 10);

		vector_raise(&watched->advanced, audit_origin(auditor, (unsigned)dc, incarnation), strtoull(colon + 1, NULL, 10));
	}
}

static void reserved_command_ran(struct auditor *auditor, struct audited_dc *watched, const struct sim_executed *executed)
{
	const struct slice *argv = executed->argv;

	if (executed->argc >= 4 && audit_is_word(argv[0], "hset") && audit_is_word(argv[1], "homeport:positions")) {
		for (unsigned i = 2; i + 1 < executed->argc; i += 2)
			positions_read(auditor, watched, argv[i], argv[i + 1]);
	} else if (executed->argc >= 4 && audit_is_word(argv[0], "hset") && audit_is_word(argv[1], "homeport:homes")) {
		audit_home_written(auditor, watched, executed);
	} else if (executed->argc >= 5 && audit_is_word(argv[0], "xadd") &&
	           audit_is_word(argv[executed->argc - 2], "b") && executed->reply.ptr[0] == '$' && executed->reply.ptr[1] != '-') {
		buffer_reset(&watched->intent);
		buffer_add(&watched->intent, argv[executed->argc - 1]);
		watched->has_intent = true;
	}
	/* The mark of the log is asked for by making it: that it is there already is an error, as is that there is no log. */
	if (executed->reply.ptr[0] == '-' && !(audit_is_word(argv[0], "xgroup") && audit_is_word(argv[2], "homeport:log")))
		auditor_find(auditor, "the store answers the core's own command with an error: %.*s", (int)executed->reply.len, executed->reply.ptr);
}

static unsigned slots_with_reply(const struct lane_group *group, unsigned reply)
{
	unsigned count = 0;

	for (unsigned i = 0; i < group->slot_count; i++)
		count += group->slots[i].reply == reply;
	return count;
}

static struct call *call_add(struct audited_dc *watched, const struct sim_executed *executed)
{
	struct call *call;

	watched->calls = array_grow(watched->calls, watched->call_count, &watched->call_cap, sizeof(*watched->calls));
	call = &watched->calls[watched->call_count++];
	*call = (struct call){ .index = executed->index, .is_persist = audit_is_word(executed->argv[0], "persist") };
	return call;
}

/* An MSET that stands for several clients' SETs: its one reply answers them, in the order of its pairs. */
static void shared_mset_ran(struct auditor *auditor, struct audited_dc *watched, const struct sim_executed *executed)
{
	for (unsigned at = 1; at + 1 < executed->argc; at += 2) {
		struct call *call = call_add(watched, executed);

		call->is_derived = true;
		if (executed->reply.ptr[0] != '-')
			audit_derive_pair(auditor, executed, at, &call->facts);
	}
}

void auditor_command_ran(struct auditor *auditor, unsigned dc, const struct sim_store *store, const struct sim_executed *executed)
{
	struct audited_dc *watched = &auditor->dcs[dc];
	struct call *call;
	unsigned answered;

	if (executed->db == SIM_RESERVED_DB) {
		reserved_command_ran(auditor, watched, executed);
		return;
	}
	answered = audit_command(auditor, dc, executed);
	if (!executed->is_write)
		return;
	if (answered > 0)
		audit_home_command(auditor, dc, executed);
	if (answered > 1) {
		shared_mset_ran(auditor, watched, executed);
		return;
	}
	call = call_add(watched, executed);
	call->is_derived = audit_derive(auditor, store, executed, &call->facts);
}

/* ---- a group has run: dots ---- */

/* NUMBER: which of those with this index. */
static struct call *call_find(struct audited_dc *watched, unsigned index, unsigned number)
{
	for (unsigned i = 0; i < watched->call_count; i++)
		if (watched->calls[i].index == index && number-- == 0)
			return &watched->calls[i];
	return NULL;
}

static bool slot_is_write(const struct auditor *auditor, const struct lane_slot *slot)
{
	struct slice name = requests_find(auditor->options.requests, slot->token)->commands[slot->command].argv[0];

	/* The core never sends FLUSHALL, because the reserved database must stay. */
	return sim_command_is_write(name) || audit_is_word(name, "flushall");
}

static void write_derive(struct auditor *auditor, struct audited_dc *watched, struct audited_write *write, unsigned at)
{
	const struct lane_slot *slot = &watched->group->slots[at];
	const struct client_command *command = &requests_find(auditor->options.requests, slot->token)->commands[slot->command];
	unsigned first = at;
	struct call *call;

	while (first > 0 && watched->group->slots[first - 1].reply == slot->reply)
		first--;
	call = call_find(watched, slot->reply, at - first);
	write->token = slot->token;
	write->request_command = slot->command;
	if (audit_is_word(command->argv[0], "flushall")) {
		write->has_derived = true;
		facts_add(&write->derived, FACT_FLUSH, ANY_DB, 0);
	} else if (call != NULL && call->is_derived) {
		write->has_derived = true;
		facts_free(&write->derived);
		write->derived = call->facts;
		call->facts = (struct facts){ .count = 0 };
	}
}

/* Own writes of the core are reads, which ship what they found, and a PERSIST that no client asked for. LIMIT is the index of the next client's
 * reply. */
static bool is_internal(struct audited_dc *watched, const struct lane_group *group, uint32_t pending, unsigned limit)
{
	if (pending == PROTO_PENDING_READBACK || pending == PROTO_PENDING_SETTLE)
		return true;
	for (; watched->call_next < watched->call_count && watched->calls[watched->call_next].index < limit; watched->call_next++) {
		const struct call *call = &watched->calls[watched->call_next];

		if (!call->is_persist || slots_with_reply(group, call->index) > 0)
			continue;
		watched->call_next++;
		return true;
	}
	return false;
}

/* A write for an ask has no slot, because the core itself answers its client. */
static void asked_write_derive(struct audited_dc *watched, const struct lane_group *group, struct audited_write *write)
{
	for (unsigned i = watched->call_next; i < watched->call_count; i++) {
		struct call *call = &watched->calls[i];

		if (call->is_persist || slots_with_reply(group, call->index) > 0)
			continue;
		watched->call_next = i + 1;
		write->has_derived = call->is_derived;
		facts_free(&write->derived);
		write->derived = call->facts;
		call->facts = (struct facts){ .count = 0 };
		return;
	}
}

static void write_executed(struct auditor *auditor, struct audited_dc *watched, struct audited_write *write, uint64_t hlc)
{
	if (write->is_executed)
		auditor_find(auditor, "dot %s was given twice", audit_dot(auditor, write->origin, write->seq));
	write->is_executed = true;
	write->is_unsure = watched->is_doubtful;
	write->is_early = auditor->now_us < watched->recalling_us + EARLY_US;
	write->hlc = hlc;
	write->executed_us = auditor->now_us;
	vector_copy(&write->executed_at, &watched->applied);
}

/* The outbox entry names the dots. Clients' commands and the core's own reads ran in the same order as they stand in it. */
static void local_writes_executed(struct auditor *auditor, unsigned dc, const struct lane_group *group, struct audited_group *ran)
{
	struct audited_dc *watched = &auditor->dcs[dc];
	const struct proto_batch *batch = &auditor->batch;
	unsigned slot = 0;

	if (!proto_batch_read(buffer_slice(&watched->intent), &auditor->batch)) {
		auditor_find(auditor, "dc %u: an outbox entry cannot be decoded", dc);
		return;
	}
	ran->origin = audit_origin(auditor, dc, batch->incarnation);
	ran->first_seq = batch->first_seq;
	ran->write_count = batch->write_count;
	for (unsigned i = 0; i < batch->write_count; i++) {
		const struct proto_write *shipped = &batch->writes[i];
		struct audited_write *write = audit_write(auditor, ran->origin, batch->first_seq + i);

		write_executed(auditor, watched, write, batch->hlc + i);
		if (shipped->change_count == 1 && shipped->changes[0].db == PROTO_RESERVED_DATABASE)
			continue;
		if (slice_equal(shipped->command, SLICE("homeport"))) {
			audit_asked_execution(auditor, write, shipped);
			asked_write_derive(watched, group, write);
			continue;
		}
		while (slot < group->slot_count && !slot_is_write(auditor, &group->slots[slot]))
			slot++;
		if (is_internal(watched, group, shipped->pending, slot < group->slot_count ? group->slots[slot].reply : UINT_MAX))
			continue;
		if (slot < group->slot_count)
			write_derive(auditor, watched, write, slot++);
		else
			auditor_find(auditor, "%s is nobody's write", audit_dot(auditor, write->origin, write->seq));
	}
	vector_raise(&watched->applied, ran->origin, batch->first_seq + batch->write_count - 1);
}

/* Causality: a store that applies a write must have executed everything that the write had seen. */
static void causes_check(struct auditor *auditor, unsigned dc, unsigned origin, uint64_t seq)
{
	const struct vector *applied = &auditor->dcs[dc].applied;
	const struct audited_write *write = audit_find(auditor, origin, seq);

	if (write == NULL || !write->is_shipped) {
		auditor_find(auditor, "dc %u applied %s, which nobody has shipped", dc, audit_dot(auditor, origin, seq));
		return;
	}
	for (unsigned i = 0; i < write->seen.count; i++)
		if (i != origin && vector_at(&write->seen, i) > vector_at(applied, i))
			auditor_find(auditor, "dc %u applied %s before its cause %s", dc, audit_dot(auditor, origin, seq),
			             audit_dot(auditor, i, vector_at(&write->seen, i)));
}

static void remote_writes_executed(struct auditor *auditor, unsigned dc)
{
	struct audited_dc *watched = &auditor->dcs[dc];
	struct vector before = { .count = 0 };

	vector_copy(&before, &watched->applied);
	vector_join(&watched->applied, &watched->advanced);
	for (unsigned origin = 0; origin < watched->advanced.count && !watched->is_doubtful; origin++)
		for (uint64_t seq = vector_at(&before, origin) + 1; seq <= vector_at(&watched->advanced, origin); seq++)
			causes_check(auditor, dc, origin, seq);
	vector_free(&before);
}

void auditor_ordered(struct auditor *auditor, unsigned dc, uint64_t until_ms, bool is_recalling)
{
	if (is_recalling)
		auditor->dcs[dc].recalling_us = auditor->now_us;
	if (until_ms > auditor->dcs[dc].ordered_ms)
		auditor->dcs[dc].ordered_ms = until_ms;
}

/* What was said before the writes that its store has executed for the first time. */
static void note_order(struct auditor *auditor, unsigned dc)
{
	const struct audited_dc *watched = &auditor->dcs[dc];

	for (unsigned origin = 0; origin < watched->applied.count; origin++)
		for (uint64_t seq = vector_at(&watched->ever, origin) + 1; seq <= vector_at(&watched->applied, origin); seq++)
			audit_write(auditor, origin, seq)->ordered_ms[dc] = watched->ordered_ms;
}

void auditor_group_ends(struct auditor *auditor, unsigned dc, const struct lane_group *group, unsigned journal)
{
	struct audited_dc *watched = &auditor->dcs[dc];
	struct audited_group ran = { .id = group->id };
	struct audited_point *point;

	vector_copy(&ran.before, &watched->applied);
	if (watched->has_intent)
		local_writes_executed(auditor, dc, group, &ran);
	audit_homes_ran(auditor, dc, &ran, watched->has_intent);
	remote_writes_executed(auditor, dc);
	vector_copy(&ran.after, &watched->applied);
	note_order(auditor, dc);
	vector_join(&watched->ever, &watched->applied);
	watched->groups = array_grow(watched->groups, watched->group_count, &watched->group_cap, sizeof(*watched->groups));
	watched->groups[watched->group_count++] = ran;
	watched->points = array_grow(watched->points, watched->point_count, &watched->point_cap, sizeof(*watched->points));
	point = &watched->points[watched->point_count++];
	*point = (struct audited_point){ .journal = journal };
	vector_copy(&point->applied, &watched->applied);
}

/* ---- answers ---- */

static void group_free(struct audited_group *group)
{
	vector_free(&group->before);
	vector_free(&group->after);
}

void auditor_group_answered(struct auditor *auditor, unsigned dc, const struct lane_group *group)
{
	struct audited_dc *watched = &auditor->dcs[dc];

	for (unsigned i = 0; i < group->slot_count; i++)
		requests_find(auditor->options.requests, group->slots[i].token)->state = group->is_refused ? REQUEST_REFUSED : REQUEST_ANSWERED;
	if (group->is_refused)
		return;
	if (!watched->is_doubtful)
		vector_copy(&watched->answered, &watched->groups[0].after);
	auditor->flips_answered += watched->groups[0].flips;
	for (uint64_t i = 0; i < watched->groups[0].write_count; i++)
		audit_write(auditor, watched->groups[0].origin, watched->groups[0].first_seq + i)->is_answered = true;
	group_free(&watched->groups[0]);
	watched->group_count--;
	memmove(watched->groups, watched->groups + 1, watched->group_count * sizeof(*watched->groups));
}

/* ---- new and free ---- */

struct auditor *auditor_new(const struct audit_options *options)
{
	struct auditor *auditor = memory_new(sizeof(*auditor));

	auditor->options = *options;
	return auditor;
}

static void dc_free(struct audited_dc *dc)
{
	vector_free(&dc->applied);
	vector_free(&dc->ever);
	vector_free(&dc->answered);
	vector_free(&dc->advanced);
	for (unsigned i = 0; i < dc->point_count; i++)
		vector_free(&dc->points[i].applied);
	free(dc->points);
	for (unsigned i = 0; i < dc->group_count; i++)
		group_free(&dc->groups[i]);
	free(dc->groups);
	for (unsigned i = 0; i < dc->silent_count; i++)
		group_free(&dc->silent[i]);
	free(dc->silent);
	calls_reset(dc);
	free(dc->calls);
	free(dc->reported.items);
	buffer_free(&dc->parts);
	buffer_free(&dc->intent);
	free(dc->flips);
}

static void origin_free(struct audited_origin *origin)
{
	for (unsigned i = 0; i < origin->count; i++) {
		struct audited_write *write = origin->writes[i];

		if (write == NULL)
			continue;
		facts_free(&write->derived);
		facts_free(&write->shipped);
		vector_free(&write->seen);
		vector_free(&write->claimed);
		free(write->siblings);
		vector_free(&write->executed_at);
		memory_free(write);
	}
	free(origin->writes);
}

void auditor_free(struct auditor *auditor)
{
	for (unsigned i = 0; i < AUDIT_DCS_MAX; i++)
		dc_free(&auditor->dcs[i]);
	for (unsigned i = 0; i < auditor->origin_count; i++)
		origin_free(&auditor->origins[i]);
	for (unsigned dc = 0; dc < AUDIT_DCS_MAX; dc++)
		for (unsigned user = 0; user < AUDIT_USERS; user++)
			vector_free(&auditor->dcs[dc].ordered[user].had);
	free(auditor->takings);
	free(auditor->claims);
	free(auditor->origins);
	audit_expiries_free(auditor);
	audit_asks_free(auditor);
	audit_sessions_free(auditor);
	audit_handlings_free(auditor);
	free(auditor->expected.items);
	proto_batch_free(&auditor->batch);
	buffer_free(&auditor->report);
	memory_free(auditor);
}
