/* Judges conflict records: every datacenter must have written exactly the expected ones, all with the same content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_record.h"

#define KIND_STRANDED 7      /* of the schema's kinds */
#define SIDES_MAX 64         /* a record lists at most so many sides, the newest (docs/replication-model.md, "Records") */

static const char *const kind_texts[SUBJECT_KINDS] = { "string", "hash", "set", "zset", "list", "stream", "ttl", "key" };

/* One record under judgement, with what it is about. */
struct case_at {
	struct auditor *auditor;
	unsigned dc;
	const struct audited_keys *keys;
	const struct audited_subject *subject;
	const struct expected_record *expected;
};

static const char *subject_text(const struct case_at *at)
{
	static char room[300];

	snprintf(room, sizeof(room), "%s %s %s in db %u", kind_texts[at->subject->kind], pool_text(at->auditor->options.pool, at->subject->key).ptr,
	         pool_text(at->auditor->options.pool, at->subject->element).ptr, at->subject->db);
	return room;
}

static bool is_about(const struct auditor *auditor, const struct proto_conflict *record, const struct audited_subject *subject)
{
	struct pool *pool = auditor->options.pool;

	return record->db == subject->db && slice_equal(record->key, pool_text(pool, subject->key)) &&
	       slice_equal(record->element, pool_text(pool, subject->element)) && slice_equal(record->type, slice_of(kind_texts[subject->kind]));
}

static bool dot_find(struct auditor *auditor, const struct proto_position *dot, struct record_side_dot *found)
{
	int dc = audit_dc(auditor, dot->dc);

	if (dc < 0)
		return false;
	*found = (struct record_side_dot){ audit_origin(auditor, (unsigned)dc, dot->incarnation), dot->seq, false };
	return true;
}

static bool has_side(const struct expected_record *expected, struct record_side_dot dot)
{
	for (unsigned i = 0; i < expected->side_count; i++)
		if (expected->sides[i].origin == dot.origin && expected->sides[i].seq == dot.seq)
			return true;
	return false;
}

/* Has the record exactly the expected sides? Where there are too many to list, are all that it lists expected? */
static bool is_match(struct auditor *auditor, const struct proto_conflict *record, const struct expected_record *expected)
{
	struct record_side_dot dot;

	if (record->side_count != expected->side_count && !(expected->side_count > SIDES_MAX && record->side_count >= SIDES_MAX))
		return false;
	for (unsigned i = 0; i < record->side_count; i++)
		if (!dot_find(auditor, &record->sides[i].dot, &dot) || !has_side(expected, dot))
			return false;
	return true;
}

/* ---- one record ---- */

static bool is_keeping(const struct case_at *at)
{
	enum audit_rule rule = at->auditor->options.rule_of(pool_text(at->auditor->options.pool, at->subject->key));

	return (rule == AUDIT_RECORD || rule == AUDIT_CUSTOM) && at->subject->kind < SUBJECT_LIST;
}

/* Is the conflict still open, that is, do its versions that are live at the end differ? *ALIVE: how many are live, whether they differ or not. */
static bool is_open(const struct case_at *at, const struct touch **live, unsigned *count, unsigned *alive)
{
	const struct audit_contest contest = { .type = (enum sim_type)at->subject->kind, .element = at->subject->element };
	const struct audited_key *key = audited_key_find((struct audited_keys *)(uintptr_t)at->keys, at->subject->db, at->subject->key);

	*alive = 0;
	*count = is_keeping(at) ? audit_live(at->auditor, key->touches, key->count, &contest, live) : 0;
	for (unsigned i = 0; i < *count; i++)
		*alive += has_side(at->expected, (struct record_side_dot){ live[i]->write->origin, live[i]->write->seq, false });
	return *alive > 1 && audit_is_open(at->auditor, key, &contest);
}

static bool has_seen_all(const struct case_at *at, const struct audited_write *write)
{
	for (unsigned i = 0; i < at->expected->side_count; i++) {
		const struct audited_write *side = audit_find(at->auditor, at->expected->sides[i].origin, at->expected->sides[i].seq);

		if (side == write || !audit_follows(write, side))
			return false;
	}
	return true;
}

/* Was the conflict open for this write: among the writes that it had seen, did live sides differ? */
static bool was_open(const struct case_at *at, const struct audited_key *key, const struct audit_contest *contest, const struct audited_write *write)
{
	struct touch *past = memory_new((key->count + 1) * sizeof(*past));
	const struct touch **live = memory_new((key->count + 1) * sizeof(*live));
	unsigned count = 0, sides = 0;
	bool is_open;

	for (unsigned i = 0; i < key->count; i++)
		if (key->touches[i].write != write && audit_follows(write, key->touches[i].write))
			past[count++] = key->touches[i];
	count = audit_live(at->auditor, past, count, contest, live);
	for (unsigned i = 0; i < count; i++)
		if (has_side(at->expected, (struct record_side_dot){ live[i]->write->origin, live[i]->write->seq, false }))
			live[sides++] = live[i];
	is_open = audit_differ(live, sides);
	memory_free(past);
	memory_free(live);
	return is_open;
}

/* The write that ended the conflict: the earliest of those that have seen all sides, are no side, and for which the conflict was open. NULL: there is
 * none. */
static const struct audited_write *end_of(const struct case_at *at)
{
	const struct audit_contest contest = { .type = (enum sim_type)at->subject->kind, .element = at->subject->element };
	const struct audited_key *key = audited_key_find((struct audited_keys *)(uintptr_t)at->keys, at->subject->db, at->subject->key);
	const struct audited_write *end = NULL;

	for (unsigned i = 0; is_keeping(at) && i < key->count; i++) {
		const struct touch *touch = &key->touches[i];

		if (audit_replaces(&contest, touch->fact) && (end == NULL || audit_compare(at->auditor, touch->write, end) < 0) &&
		    has_seen_all(at, touch->write) && was_open(at, key, &contest, touch->write))
			end = touch->write;
	}
	return end;
}

/* The record must name the write that ended the conflict, and how it did. */
static void judge_resolution(const struct case_at *at, const struct proto_conflict *record)
{
	static const enum proto_status statuses[] = {
		[PROTO_ORDINARY] = PROTO_SUPERSEDED, [PROTO_RESOLVES] = PROTO_RESOLVED, [PROTO_IGNORES] = PROTO_IGNORED,
	};
	const struct audited_write *end = end_of(at), *told = NULL;
	struct record_side_dot dot;

	if (record->resolution.seq != 0 && dot_find(at->auditor, &record->resolution, &dot))
		told = audit_find(at->auditor, dot.origin, dot.seq);
	if (told != end || (end == NULL && record->resolution.seq != 0))
		auditor_find(at->auditor, "%s: the record %.*s of %s is %s, ended by %s, not by %s", at->auditor->options.dc_names[at->dc], (int)record->id.len,
		             record->id.ptr, subject_text(at), proto_status_text(record->status), told == NULL ? "nothing" : audit_dot(at->auditor, told->origin, told->seq),
		             end == NULL ? "nothing" : audit_dot(at->auditor, end->origin, end->seq));
	else if (end != NULL ? record->status != statuses[end->choice] : record->status != PROTO_OPEN && record->status != PROTO_AUTO)
		auditor_find(at->auditor, "%s: the record %.*s is %s, which what ended it does not say", at->auditor->options.dc_names[at->dc],
		             (int)record->id.len, record->id.ptr, proto_status_text(record->status));
}

/* A record is named after its first write, is in the hash while several of its versions are live, and in the stream when it opens and when it
 * ends. */
static void judge_place(const struct case_at *at, const struct written_record *written, bool is_kept, bool may_be_kept)
{
	const struct proto_conflict *record = &written->record;
	const struct audited_write *first = NULL;
	const struct audited_origin *origin;
	char prefix[120];

	for (unsigned i = 0; i < at->expected->side_count; i++) {
		const struct audited_write *write = audit_find(at->auditor, at->expected->sides[i].origin, at->expected->sides[i].seq);

		if (at->expected->sides[i].is_again)
			continue;
		if (first == NULL || audit_compare(at->auditor, write, first) < 0)
			first = write;
	}
	origin = &at->auditor->origins[first->origin];
	snprintf(prefix, sizeof(prefix), "%s-%llu-%llu-", at->auditor->options.dc_names[origin->dc], (unsigned long long)origin->incarnation,
	         (unsigned long long)first->seq);
	if (record->id.len != strlen(prefix) + 16 || memcmp(record->id.ptr, prefix, strlen(prefix)) != 0)
		auditor_find(at->auditor, "%s: the record %.*s is not named after its first write, %s", at->auditor->options.dc_names[at->dc],
		             (int)record->id.len, record->id.ptr, prefix);
	is_kept = is_kept || (may_be_kept && written->is_in_hash);
	if (written->is_in_hash != is_kept || (!written->is_in_stream && (!is_kept || record->status == PROTO_OPEN)))
		auditor_find(at->auditor, "%s: the record %.*s is %s and %s in the hash, %s in the stream", at->auditor->options.dc_names[at->dc],
		             (int)record->id.len, record->id.ptr, proto_status_text(record->status), written->is_in_hash ? "is" : "is not",
		             written->is_in_stream ? "is" : "is not");
}

static void judge_status(const struct case_at *at, const struct written_record *written)
{
	const struct proto_conflict *record = &written->record;
	const struct audited_key *key = audited_key_find((struct audited_keys *)(uintptr_t)at->keys, at->subject->db, at->subject->key);
	const struct touch **live = memory_new((key->count + 1) * sizeof(*live));
	unsigned count, alive, present = 0;
	bool must_be_open = is_open(at, live, &count, &alive);

	judge_resolution(at, record);
	/* If only removals are live, the record may be forgotten. */
	for (unsigned i = 0; i < count; i++)
		present += live[i]->fact->kind == FACT_SET;
	judge_place(at, written, alive > 1 && present > 0, alive > 1 && present == 0);
	if (must_be_open != (record->status == PROTO_OPEN))
		auditor_find(at->auditor, "%s: the record %.*s of %s is %s", at->auditor->options.dc_names[at->dc], (int)record->id.len, record->id.ptr,
		             subject_text(at), proto_status_text(record->status));
	for (unsigned i = 0; must_be_open && i < record->side_count; i++) {
		struct record_side_dot dot = { 0 };
		bool is_live = false;

		for (unsigned j = 0; dot_find(at->auditor, &record->sides[i].dot, &dot) && j < count; j++)
			is_live = is_live || (live[j]->write->origin == dot.origin && live[j]->write->seq == dot.seq);
		if (is_live != record->sides[i].is_live)
			auditor_find(at->auditor, "%s: the record of %s says that %s is %s", at->auditor->options.dc_names[at->dc], subject_text(at),
			             audit_dot(at->auditor, dot.origin, dot.seq), is_live ? "covered" : "alive");
	}
	memory_free(live);
}

/* A version that a core learned again from a shipped sibling has the value that all held, with increments added to it. */
static bool is_told_by_sibling(const struct case_at *at, struct record_side_dot dot, struct slice value)
{
	const struct auditor *auditor = at->auditor;

	for (unsigned i = 0; i < at->expected->side_count; i++) {
		const struct audited_write *write = audit_find(auditor, at->expected->sides[i].origin, at->expected->sides[i].seq);

		for (unsigned j = 0; j < write->sibling_count; j++) {
			const struct audited_sibling *sibling = &write->siblings[j];

			if (sibling->origin == dot.origin && sibling->seq == dot.seq && sibling->key == at->subject->key && sibling->element == at->subject->element &&
			    slice_equal(value, pool_text(auditor->options.pool, sibling->value)))
				return true;
		}
	}
	return false;
}

/* A side's value must be what was shipped. Only texts are compared, because a number can be written in several ways. */
static void judge_value(const struct case_at *at, const struct proto_side *side)
{
	struct record_side_dot dot = { 0 };
	const struct audited_write *write = dot_find(at->auditor, &side->dot, &dot) ? audit_find(at->auditor, dot.origin, dot.seq) : NULL;
	const struct fact *last = NULL;

	for (unsigned i = 0; at->subject->kind <= SUBJECT_HASH && write != NULL && write->is_shipped && i < write->shipped.count; i++) {
		const struct fact *fact = &write->shipped.items[i];
		bool is_it = (enum subject_kind)fact->type == at->subject->kind && fact->key == at->subject->key && fact->db == at->subject->db &&
		             fact->element == at->subject->element;

		if (is_it && (fact->kind == FACT_SET || fact->kind == FACT_REMOVE || fact->kind == FACT_DELTA))
			last = fact;
	}
	if (last == NULL || last->kind == FACT_DELTA)
		return;
	if (side->is_removal != (last->kind == FACT_REMOVE) ||
	    (last->kind == FACT_SET && !is_told_by_sibling(at, dot, side->value) && !slice_equal(side->value, pool_text(at->auditor->options.pool, last->value))))
		auditor_find(at->auditor, "%s: the record of %s has \"%.*s\" for %s", at->auditor->options.dc_names[at->dc], subject_text(at), (int)side->value.len,
		             side->value.ptr, audit_dot(at->auditor, dot.origin, dot.seq));
}

static void judge_record(const struct case_at *at, const struct written_record *written)
{
	const struct proto_conflict *record = &written->record;

	if (record->pairs != at->expected->pairs)
		auditor_find(at->auditor, "%s: the record %.*s of %s counts %llu pairs, there are %llu", at->auditor->options.dc_names[at->dc],
		             (int)record->id.len, record->id.ptr, subject_text(at), (unsigned long long)record->pairs,
		             (unsigned long long)at->expected->pairs);
	if ((record->kind == KIND_STRANDED) != at->expected->is_stranded)
		auditor_find(at->auditor, "%s: the record %.*s of %s is of kind %u; stranded: %d", at->auditor->options.dc_names[at->dc], (int)record->id.len,
		             record->id.ptr, subject_text(at), (unsigned)record->kind, at->expected->is_stranded);
	judge_status(at, written);
	for (unsigned i = 0; i < record->side_count; i++)
		judge_value(at, &record->sides[i]);
}

static void describe_expected(const struct case_at *at, const struct written_records *records)
{
	for (unsigned i = 0; i < at->expected->side_count && i < 8; i++)
		auditor_find(at->auditor, "    expected: %s", audit_dot(at->auditor, at->expected->sides[i].origin, at->expected->sides[i].seq));
	for (unsigned i = 0; i < records->count; i++) {
		const struct proto_conflict *record = &records->items[i].record;

		if (!is_about(at->auditor, record, at->subject))
			continue;
		for (unsigned j = 0; j < record->side_count && j < 8; j++)
			auditor_find(at->auditor, "    in %.*s: %.*s/%llu:%llu", (int)record->id.len, record->id.ptr, (int)record->sides[j].dot.dc.len,
			             record->sides[j].dot.dc.ptr, (unsigned long long)record->sides[j].dot.incarnation,
			             (unsigned long long)record->sides[j].dot.seq);
	}
}

/* ---- one datacenter ---- */

static void judge_expected(const struct case_at *at, struct written_records *records)
{
	for (unsigned i = 0; i < records->count; i++) {
		if (!is_about(at->auditor, &records->items[i].record, at->subject) || !is_match(at->auditor, &records->items[i].record, at->expected))
			continue;
		records->items[i].is_expected = true;
		judge_record(at, &records->items[i]);
		return;
	}
	auditor_find(at->auditor, "%s: no record has exactly the %u sides of a conflict on %s:", at->auditor->options.dc_names[at->dc],
	             at->expected->side_count, subject_text(at));
	describe_expected(at, records);
}

static void judge_dc(struct case_at at, const struct audited_subjects *subjects, struct written_records *records)
{
	if (records->undecodable > 0)
		auditor_find(at.auditor, "%s has %u records that cannot be decoded", at.auditor->options.dc_names[at.dc], records->undecodable);
	for (unsigned i = 0; i < subjects->count; i++) {
		at.subject = &subjects->items[i];
		for (unsigned j = 0; j < at.subject->record_count; j++) {
			at.expected = &at.subject->records[j];
			if (!audit_is_exempt(at.auditor, at.subject->db, at.subject->key))
				judge_expected(&at, records);
		}
	}
	for (unsigned i = 0; i < records->count && !at.auditor->dcs[at.dc].was_doubtful; i++) {
		const struct proto_conflict *record = &records->items[i].record;

		if (!records->items[i].is_expected && record->db != PROTO_RESERVED_DATABASE && !audit_is_exempt(at.auditor, record->db, pool_intern(at.auditor->options.pool, record->key)))
			auditor_find(at.auditor, "%s: the record %.*s tells of a conflict that is none", at.auditor->options.dc_names[at.dc], (int)record->id.len,
			             record->id.ptr);
	}
}

/* ---- all alike ---- */

static bool is_same_dot(const struct proto_position *a, const struct proto_position *b)
{
	return a->seq == b->seq && (a->seq == 0 || (a->incarnation == b->incarnation && slice_equal(a->dc, b->dc)));
}

static const char *difference(const struct written_record *mine_written, const struct written_record *theirs_written)
{
	const struct proto_conflict *a = &mine_written->record, *b = &theirs_written->record;

	if (a->kind != b->kind)
		return "kind";
	if (a->status != b->status)
		return "status";
	if (a->pairs != b->pairs || a->side_count != b->side_count)
		return "pairs or sides";
	if (!is_same_dot(&a->winner, &b->winner) || !slice_equal(a->value, b->value))
		return "winner or value";
	if (!is_same_dot(&a->resolution, &b->resolution) || !slice_equal(a->resolved_by, b->resolved_by))
		return "resolution";
	if (a->opened_hlc != b->opened_hlc || a->ended_hlc != b->ended_hlc)
		return "time";
	for (unsigned i = 0; i < a->side_count; i++) {
		const struct proto_side *mine = &a->sides[i], *theirs = &b->sides[i];

		if (!is_same_dot(&mine->dot, &theirs->dot) || mine->hlc != theirs->hlc || mine->is_removal != theirs->is_removal ||
		    mine->is_live != theirs->is_live || mine->value_len != theirs->value_len || mine->value_hash != theirs->value_hash)
			return "a side";
	}
	return proto_conflict_equal(mine_written->bytes, theirs_written->bytes) ? NULL : "bytes";
}

static void compare_dcs(struct auditor *auditor, const struct written_records *first, const struct written_records *other, unsigned dc)
{
	for (unsigned i = 0; i < first->count; i++) {
		const struct proto_conflict *record = &first->items[i].record;
		const char *differs = "existence", *status = "no record";

		if (!first->items[i].is_expected || (auditor->is_changed != NULL && auditor->is_changed(record->key)))
			continue;
		for (unsigned j = 0; j < other->count; j++) {
			if (!slice_equal(other->items[j].record.id, record->id))
				continue;
			differs = difference(&first->items[i], &other->items[j]);
			status = proto_status_text(other->items[j].record.status);
		}
		if (differs != NULL)
			auditor_find(auditor, "%s and %s differ in %s of the record %.*s (%s, %s)", auditor->options.dc_names[0], auditor->options.dc_names[dc], differs,
			             (int)record->id.len, record->id.ptr, proto_status_text(record->status), status);
	}
}

void audit_records(struct auditor *auditor, const struct audited_keys *keys)
{
	struct audited_subjects subjects = { .count = 0 };
	struct written_records records[AUDIT_DCS_MAX] = { { .count = 0 } };

	audit_subjects_gather(auditor, keys, &subjects);
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		audit_records_read(auditor, dc, &records[dc]);
		auditor->judged_records += records[dc].count;
	}
	/* A core that writes no records has none to judge. */
	for (unsigned dc = 0; auditor->judged_records > 0 && dc < auditor->options.dc_count; dc++) {
		judge_dc((struct case_at){ .auditor = auditor, .dc = dc, .keys = keys }, &subjects, &records[dc]);
		if (dc > 0)
			compare_dcs(auditor, &records[0], &records[dc], dc);
	}
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++)
		audit_records_free(&records[dc]);
	audit_subjects_free(&subjects);
}
