/* Sweep (garbage collection): removes the dots in `homeport:versions` (spill.c) whose data is gone. When a key expires, or is removed as a whole,
 * its fields vanish, too, but their dots remain. So we walk the hash again and again, a few fields a step. The transaction of a step asks whether the
 * data of the fields found last is there, and which fields come next. The removal of a dot is written with a later group.
 *
 * Invariant: the removal of a dot is written before the dot of any write that brings the data back. We decide to remove it when the store said that
 * there is no data and all writes to the key that were sent are answered; so they had been executed when the store looked. A write that is sent
 * later has metadata until it is stable. Only then is its dot spilled, behind the removal. */
#include "asked.h"

#include "proxy/core/ledger/parts.h"
#include "proxy/core/wire/record.h"

#include <string.h>

#define PAUSE_MS 1000                /* between steps */
/* The pause while much of what the steps find is gone, so that dots are removed faster than they are added. A step of 256 takes Redis 0.5 ms.
 * The first walk goes as fast. Until it ends we do not know for which keys there are dots, and have to treat every written key as if it had one. */
#define PAUSE_BUSY_MS 10
#define BUSY_PART 4                  /* much: of what was asked for */

void sweep_reset(struct asks *asks)
{
	spills_free(&asks->sweep.found);
	buffer_free(&asks->sweep.cursor);
	asks->sweep = (struct sweep){ 0 };
	policy_set_doubt_dots(asks->policies->current);
}

/* ---- asking ---- */

static unsigned ask_for_data(struct script *script, const struct spill *found)
{
	script_select(script, found->db);
	if (found->kind == KIND_STRING)
		script_add(script, 2, (struct slice[]){ SLICE("TYPE"), found->key });
	else
		script_add(script, 3, (struct slice[]){ SLICE("HEXISTS"), found->key, found->element });
	return script->count - 1;
}

static void ask_for_fields(struct asks *asks, struct script *script)
{
	struct sweep *sweep = &asks->sweep;
	struct buffer count = { 0 };
	buffer_add_uint64(&count, SWEEP_FIELDS_MAX);
	if (sweep->cursor.len == 0)
		buffer_add_byte(&sweep->cursor, '0');
	asks->policies->current->is_walking |= slice_equal(buffer_slice(&sweep->cursor), SLICE("0"));
	script_select(script, asks->options->reserved_db);
	sweep->scan_reply = script->count;
	script_add(script, 5,
	           (struct slice[]){ SLICE("HSCAN"), SLICE(CORE_VERSIONS_KEY), buffer_slice(&sweep->cursor), SLICE("COUNT"), buffer_slice(&count) });
	script_add(script, 2, (struct slice[]){ SLICE("HLEN"), SLICE(CORE_VERSIONS_KEY) });
	buffer_free(&count);
}

/* Behind parts_ask. Whoever writes these streams makes them anew, so nobody would see that one was deleted. The log is written all the time: a group of
 * its own marks it, and is made if it is not there. */
static void ask_for_streams(struct asks *asks, struct script *script)
{
	script_select(script, asks->options->reserved_db);
	script_add(script, 2, (struct slice[]){ SLICE("EXISTS"), SLICE(CORE_CONFLICTS_KEY) });
	asks->sweep.has_asked_log = asks->options->is_log_in_store && !asks->groups->is_store_full;
	if (asks->sweep.has_asked_log)
		script_add(script, 5, (struct slice[]){ SLICE("XGROUP"), SLICE("CREATE"), SLICE(CORE_LOG_KEY), SLICE(CORE_MARK), SLICE("$") });
}

void sweep_pump(struct asks *asks)
{
	struct sweep *sweep = &asks->sweep;
	bool is_due = !sweep->is_under_way && asks->step->steady_ms - sweep->answered_ms >= sweep->pause_ms;
	if (!is_due || !asks->causes->is_recalled || asks->groups->is_store_refusing || local_is_holding(asks->local))
		return;
	struct group *group = group_new(asks->groups, GROUP_SWEEP);
	unsigned count = sweep->found.count;
	sweep->asked = count < SWEEP_FIELDS_MAX ? count : SWEEP_FIELDS_MAX;
	for (unsigned i = 0; i < sweep->asked; i++)
		sweep->replies[i] = ask_for_data(&group->script, &sweep->found.items[count - 1 - i]);
	/* Redis returns a small hash as a whole, whatever COUNT says. All fields found are checked before more are asked for. */
	sweep->scan_reply = 0;
	if (sweep->asked == count)
		ask_for_fields(asks, &group->script);
	sweep->parts_reply = parts_ask(asks->books, &group->script);
	ask_for_streams(asks, &group->script);
	sweep->is_under_way = true;
	group_send(asks->groups, group);
}

/* ---- the answer ---- */

static bool is_gone(enum kind kind, struct slice raw)
{
	struct reply reply;
	if (!reply_read(&raw, &reply))
		return false;
	if (kind == KIND_STRING)
		return reply.type == REPLY_STATUS && !slice_equal(reply.text, SLICE("string"));
	/* A key of another type has no fields. */
	if (reply.type == REPLY_ERROR)
		return slice_equal(slice_take_until(&reply.text, ' '), SLICE("WRONGTYPE"));
	return reply.type == REPLY_INTEGER && reply.integer == 0;
}

/* All writes to its key that were sent are answered. An unanswered one would have metadata of the key. */
static bool is_calm(struct asks *asks, const struct spill *found)
{
	const struct key *key = keyspace_recall(asks->keyspace, found->db, found->key);
	return key == NULL || (key->under_way == 0 && asks->groups->remote_unanswered == 0);
}

/* Takes FOUND over. Returns whether its data is gone. */
static bool take_answer(struct asks *asks, struct spill *found, struct slice raw)
{
	bool is_doomed = is_gone(found->kind, raw) && is_calm(asks, found);
	if (is_doomed)
		spills_add(&asks->keyspace->spills, found);
	else
		spill_free(found);
	return is_doomed;
}

/* Reads HSCAN's answer: a cursor, and fields with their values. */
static void take_fields(struct asks *asks, struct slice raw)
{
	struct sweep *sweep = &asks->sweep;
	struct reply both, cursor, fields, field;
	buffer_reset(&sweep->cursor);
	if (!reply_read(&raw, &both) || both.type != REPLY_ARRAY || !reply_read(&raw, &cursor) || !reply_read(&raw, &fields))
		return;
	buffer_add(&sweep->cursor, cursor.text);
	for (int64_t i = 0; i + 1 < fields.integer && reply_read(&raw, &field) && reply_skip(&raw); i += 2) {
		struct spill found;
		/* We write no field that we could not read. Somebody else did, so we leave it alone. */
		if (!spill_parse_field(asks, field.text, &found))
			continue;
		policies_find(asks->policies, found.key)->is_dot_met = true;
		spills_add(&sweep->found, &found);
	}
	if (slice_equal(buffer_slice(&sweep->cursor), SLICE("0")))
		policy_set_end_walk(asks->policies->current);
}

/* True: it was there, and is no more. */
static bool is_deleted(bool *was_there, bool is_there)
{
	bool was = *was_there;
	*was_there = is_there;
	return was && !is_there;
}

static bool has_mark(struct slice reply)
{
	const struct slice marked = SLICE("-BUSYGROUP");
	return reply.len > marked.len && memcmp(reply.ptr, marked.ptr, marked.len) == 0;
}

static void take_streams(struct asks *asks, const struct slice *replies)
{
	struct core_status *status = &asks->step->status;
	if (is_deleted(&asks->sweep.has_history, slice_equal(replies[0], SLICE(":1\r\n")))) {
		status->history_deleted_ms = asks->step->steady_ms;
		step_alarm(asks->step, 0, "somebody deleted the history of conflicts (homeport:conflicts) in Redis: it is lost here, open conflicts stay; leave the reserved database alone");
	}
	if (asks->sweep.has_asked_log && is_deleted(&asks->sweep.has_log, has_mark(replies[1]))) {
		status->log_deleted_ms = asks->step->steady_ms;
		step_alarm(asks->step, 0, "somebody deleted our log (homeport:log) in Redis: a peer that had not read all of it says needs-resync; leave the reserved database alone");
	}
}

void sweep_answered(struct asks *asks, const struct event *event)
{
	struct sweep *sweep = &asks->sweep;
	unsigned gone = 0;
	if (asks->books->is_whole && !parts_are_whole(event->answered.replies + sweep->parts_reply))
		effects_add(asks->step->effects, EFFECT_REOPEN);
	take_streams(asks, event->answered.replies + sweep->parts_reply + PART_COUNT);
	for (unsigned i = 0; i < sweep->asked; i++)
		gone += take_answer(asks, &sweep->found.items[--sweep->found.count], event->answered.replies[sweep->replies[i]]);
	if (sweep->scan_reply > 0) {
		take_fields(asks, event->answered.replies[sweep->scan_reply]);
		uint64_t fields = reply_count(event->answered.replies[sweep->scan_reply + 1]);
		asks->step->status.stored_versions = fields > 0 ? fields - 1 : 0;        /* the mark is one */
	}
	asks->step->status.swept_versions += gone;
	sweep->is_under_way = false;
	sweep->answered_ms = asks->step->steady_ms;
	sweep->pause_ms = gone * BUSY_PART > sweep->asked || !asks->policies->current->is_walked ? PAUSE_BUSY_MS : PAUSE_MS;
}

void sweep_refused(struct asks *asks)
{
	asks->sweep.is_under_way = false;
	asks->sweep.answered_ms = asks->step->steady_ms;
}
