/* Probe: the transaction that asks the store what became of outbox entries whose replies were lost, and what its answers mean. It asks only where the
 * outcome depends on what the store held (docs/replication-model.md, "Outcomes"). */
#include "proxy/core/records/episode.h"
#include "stored.h"

#include <assert.h>

static void probe_change(struct script *script, const struct change *change)
{
	script_select(script, change->db);
	if (change->kind == CHANGE_INCREMENT)
		script_add(script, 2, (struct slice[]){ SLICE("GET"), change->key });
	else if (change->kind == CHANGE_FIELD_INCREMENT)
		script_add(script, 3, (struct slice[]){ SLICE("HGET"), change->key, change->element });
	else if (change->kind == CHANGE_STREAM_ADD)
		script_add(script, 4, (struct slice[]){ SLICE("XRANGE"), change->key, change->element, change->element });
	else if (change->kind == CHANGE_STREAM_TRIM)
		script_add(script, 6, (struct slice[]){ SLICE("XRANGE"), change->key, SLICE("-"), SLICE("+"), SLICE("COUNT"), SLICE("1") });
	else
		script_add(script, 2, (struct slice[]){ SLICE("TYPE"), change->key });
}

/* Redis may have refused these changes without our knowing it. It never refuses a SET or a DEL. */
static bool is_checked(const struct change *change)
{
	enum kind kind;
	return change_kind_of(change, &kind) && change->kind != CHANGE_SET && change->kind != CHANGE_EXPIRE &&
	       change->kind != CHANGE_SIBLING;
}

/* Tells from what the store holds now whether the change took place. If the key is absent, either it did, or a later write of ours covers it. */
bool probe_is_done(const struct change *change, struct slice raw)
{
	struct reply reply;
	if (!reply_read(&raw, &reply) || reply.type == REPLY_ERROR)
		return false;
	if (reply.type == REPLY_NIL)
		return true;
	if (reply.type == REPLY_ARRAY)
		return reply.integer > 0 || change->kind == CHANGE_STREAM_TRIM;
	int64_t number;
	if (change->kind == CHANGE_INCREMENT || change->kind == CHANGE_FIELD_INCREMENT)
		return slice_to_int64(reply.text, &number);
	enum kind kind;
	bool has_kind = change_kind_of(change, &kind);
	return slice_equal(reply.text, SLICE("none")) || (has_kind && slice_equal(reply.text, slice_of(kind_text(kind))));
}

/* We had the answer before the process ended. Had it changed the write, the outbox would hold the final form, too: that form is written before
 * the positions which say that the write was answered, or together with them. */
static bool is_answered(const struct recovery *recovery, const struct stored *stored)
{
	const struct answered *answered = &recovery->books->stored_answered;
	return recovery->causes->origins.items[stored->origin].incarnation == answered->incarnation && stored->first_seq >= answered->first &&
	       stored->first_seq + stored->write_count - 1 <= answered->last;
}

/* Must the store be asked whether this took place? */
bool probe_is_asked(const struct recovery *recovery, const struct stored *stored, enum plan pending, const struct change *change)
{
	if (plan_is_of_stream(pending))
		return stored->final.len == 0;
	return pending == PLAN_NONE && stored->final.len == 0 && !is_answered(recovery, stored) && is_checked(change);
}

/* An entry that is not there was refused, or went with a later write, which may not have covered it. Or the store holds a string that is no whole number. Either the increment was refused, or what made it so came later and covers nothing: a fraction that was
 * added, or a part that was written (APPEND, SETBIT, …). */
bool probe_is_doubtful(const struct change *change, struct slice raw)
{
	struct reply reply;
	int64_t whole;
	if (change->kind == CHANGE_STREAM_ADD && reply_read(&raw, &reply))
		return reply.type == REPLY_ARRAY && reply.integer == 0;
	return (change->kind == CHANGE_INCREMENT || change->kind == CHANGE_FIELD_INCREMENT) && reply_read(&raw, &reply) &&
	       reply.type == REPLY_STRING && !slice_to_int64(reply.text, &whole);
}

/* Up to where a trim went: all before the first entry that is there now is gone, by it or by what followed it here. */
void probe_learn(struct change *change, struct slice raw)
{
	if (change->kind == CHANGE_STREAM_TRIM && change->value.len == 0)
		plan_learn_trim(change, raw);
}

/* A conflict record names the write. Records are written only after the reply is known, so the write took place. */
bool probe_is_recorded(struct recovery *recovery, const struct change *change, unsigned origin, uint64_t seq)
{
	const struct key *key = keyspace_recall(recovery->keyspace, change->db, change->key);
	return key != NULL && episodes_tell(key, origin, seq);
}

void probe_entry(struct recovery *recovery, const struct stored *stored, struct script *script)
{
	struct batch batch;
	enum envelope_error error = envelope_decode(stored->intent, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	struct slice raw;
	enum plan pending;
	while (envelope_write_next(&batch.writes, &pending, &recovery->step->changes, &raw))
		for (unsigned i = 0; i < recovery->step->changes.count; i++)
			if (probe_is_asked(recovery, stored, pending, &recovery->step->changes.items[i]))
				probe_change(script, &recovery->step->changes.items[i]);
}
