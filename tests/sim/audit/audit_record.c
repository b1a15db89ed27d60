/* Records: which conflict records there must be, from the shipped writes alone, and whether every datacenter has written down exactly those.
 * Records are read by the published schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"
#include "audit_record.h"

/* ---- what must be there: one record a connected component of "concurrent" on one subject ---- */

static struct audited_subject *subject_find(struct audited_subjects *subjects, const struct audited_subject *wanted)
{
	for (unsigned i = 0; i < subjects->count; i++) {
		struct audited_subject *subject = &subjects->items[i];

		if (subject->db == wanted->db && subject->key == wanted->key && subject->kind == wanted->kind && subject->element == wanted->element)
			return subject;
	}
	subjects->items = array_grow(subjects->items, subjects->count, &subjects->cap, sizeof(*subjects->items));
	subjects->items[subjects->count] = *wanted;
	return &subjects->items[subjects->count++];
}

static bool is_clear(const struct fact *fact)
{
	return fact->kind == FACT_CLEAR || fact->kind == FACT_FLUSH;
}

static enum subject_kind kind_of(const struct fact *fact)
{
	return fact->kind == FACT_DEADLINE ? SUBJECT_TTL : (enum subject_kind)fact->type;
}

/* Finds what a conflicting pair is about. False: the pair is counted but not recorded, because another pair of the same writes is, or because records
 * leave it out. */
static bool subject_of(const struct fact *a, const struct fact *b, struct audited_subject *subject)
{
	const struct fact *changed = is_clear(a) ? b : a;

	if (a->kind == FACT_FLUSH && b->kind == FACT_FLUSH)
		return false;
	if (a->kind == FACT_DELTA && b->kind == FACT_DELTA && a->type == b->type)
		return false;
	if ((a->is_of_set || is_clear(a)) && (b->is_of_set || is_clear(b)) && (a->is_of_set || b->is_of_set))
		return false;
	subject->kind = SUBJECT_KEY;
	subject->element = 0;
	if (is_clear(a) && is_clear(b))
		return true;
	if (!is_clear(a) && !is_clear(b) && a->kind != FACT_DEADLINE && a->type != b->type)
		return true;
	subject->kind = kind_of(changed);
	subject->element = changed->element;
	return true;
}

static void gather_key(const struct auditor *auditor, struct audited_subjects *subjects, const struct audited_key *key)
{
	struct audited_subject subject = { .db = key->db, .key = key->key };

	for (unsigned i = 0; key->key != 0 && i < key->count; i++) {
		const struct touch *a = &key->touches[i];

		for (unsigned j = i + 1; j < key->count; j++) {
			const struct touch *b = &key->touches[j];

			if (audit_is_conflict(auditor, a, b) && subject_of(a->fact, b->fact, &subject))
				pairs_add(&subject_find(subjects, &subject)->pairs, a->write->origin, a->write->seq, b->write->origin, b->write->seq);
		}
	}
}

/* H8: what a take-over of the key's user has not seen, and that has not seen it, is told under the whole key. Expiries and flushes are nobody's. */
static void gather_stranded(const struct auditor *auditor, struct audited_subjects *subjects, const struct audited_key *key)
{
	const struct audited_subject subject = { .db = key->db, .key = key->key, .kind = SUBJECT_KEY };
	const struct audited_write *take_over;
	unsigned user, owner;

	if (key->key == 0 || auditor->options.user_of == NULL || !auditor->options.user_of(pool_text(auditor->options.pool, key->key), &owner))
		return;
	for (unsigned number = 0; (take_over = audit_take_over(auditor, number, &user)) != NULL; number++)
		for (unsigned i = 0; user == owner && i < key->count; i++)
			if (!key->touches[i].fact->is_expiry && key->touches[i].fact->kind != FACT_FLUSH && audit_is_stranded_by(key->touches[i].write, take_over))
				pairs_add(&subject_find(subjects, &subject)->links, key->touches[i].write->origin, key->touches[i].write->seq, take_over->origin,
				          take_over->seq);
}

/* A version that was the sole survivor counts as a new side, whatever conflict it was in before. */
#define AGAIN (1u << 16)

/* Was the version the only one alive for a write that this one has seen? */
static bool has_begun_again(const struct auditor *auditor, const struct audited_write *write, const struct audited_sibling *sibling)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (unsigned i = 0; i < auditor->origins[origin].count; i++) {
			const struct audited_write *other = auditor->origins[origin].writes[i];

			for (unsigned j = 0; other != NULL && other->is_shipped && j < other->sibling_count; j++) {
				const struct audited_sibling *alone = &other->siblings[j];

				if (alone->is_alone && alone->origin == sibling->origin && alone->seq == sibling->seq && alone->db == sibling->db && alone->key == sibling->key &&
				    alone->is_field == sibling->is_field && alone->element == sibling->element && audit_follows(write, other))
					return true;
			}
		}
	}
	return false;
}

static void gather_siblings(const struct auditor *auditor, struct audited_subjects *subjects, const struct audited_write *write)
{
	for (unsigned i = 0; i < write->sibling_count; i++) {
		const struct audited_sibling *sibling = &write->siblings[i];
		const struct audited_subject subject = {
			.db = sibling->db, .key = sibling->key, .kind = sibling->is_field ? SUBJECT_HASH : SUBJECT_STRING, .element = sibling->element,
		};

		pairs_add(&subject_find(subjects, &subject)->pairs, write->origin, write->seq,
		          sibling->origin + (sibling->is_alone || has_begun_again(auditor, write, sibling) ? AGAIN : 0), sibling->seq);
	}
}

static unsigned side_find(const struct expected_record *sides, unsigned origin, uint64_t seq)
{
	unsigned i = 0;

	while (i < sides->side_count && (sides->sides[i].origin != origin || sides->sides[i].seq != seq))
		i++;
	return i;
}

static unsigned root_of(const unsigned *parents, unsigned side)
{
	while (parents[side] != side)
		side = parents[side];
	return side;
}

static void record_add_side(struct expected_record *record, struct record_side_dot dot)
{
	unsigned known = side_find(record, dot.origin, dot.seq);

	if (known < record->side_count) {
		record->sides[known].is_again = record->sides[known].is_again && dot.is_again;
		return;
	}
	record->sides = array_grow(record->sides, record->side_count, &record->side_cap, sizeof(*record->sides));
	record->sides[record->side_count++] = dot;
}

/* Splits a subject's pairs into connected components. */
static void components(struct audited_subject *subject)
{
	struct expected_record all = { .side_count = 0 };
	unsigned *parents;

	for (unsigned i = 0; i < subject->pairs.count; i++) {
		const struct pair *pair = &subject->pairs.items[i];

		record_add_side(&all, (struct record_side_dot){ pair->origin, pair->seq, false });
		record_add_side(&all, (struct record_side_dot){ pair->other_origin, pair->other_seq, false });
	}
	for (unsigned i = 0; i < subject->links.count; i++) {
		const struct pair *link = &subject->links.items[i];

		record_add_side(&all, (struct record_side_dot){ link->origin, link->seq, false });
		record_add_side(&all, (struct record_side_dot){ link->other_origin, link->other_seq, false });
	}
	parents = memory_new((all.side_count + 1) * sizeof(*parents));
	for (unsigned i = 0; i < all.side_count; i++)
		parents[i] = i;
	for (unsigned i = 0; i < subject->pairs.count; i++) {
		const struct pair *pair = &subject->pairs.items[i];

		parents[root_of(parents, side_find(&all, pair->origin, pair->seq))] = root_of(parents, side_find(&all, pair->other_origin, pair->other_seq));
	}
	for (unsigned i = 0; i < subject->links.count; i++) {
		const struct pair *link = &subject->links.items[i];

		parents[root_of(parents, side_find(&all, link->origin, link->seq))] = root_of(parents, side_find(&all, link->other_origin, link->other_seq));
	}
	for (unsigned root = 0; root < all.side_count; root++) {
		struct expected_record record = { .side_count = 0 };

		for (unsigned i = 0; parents[root] == root && i < all.side_count; i++)
			if (root_of(parents, i) == root)
				record_add_side(&record, (struct record_side_dot){ all.sides[i].origin % AGAIN, all.sides[i].seq, all.sides[i].origin >= AGAIN });
		for (unsigned i = 0; record.side_count > 0 && i < subject->pairs.count; i++)
			record.pairs += root_of(parents, side_find(&all, subject->pairs.items[i].origin, subject->pairs.items[i].seq)) == root;
		if (record.side_count == 0)
			continue;
		subject->records = array_grow(subject->records, subject->record_count, &subject->record_cap, sizeof(*subject->records));
		subject->records[subject->record_count++] = record;
	}
	memory_free(parents);
	free(all.sides);
}

/* Did the write change the key, for somebody? */
static bool has_changed(const struct audited_write *write, const struct audited_subject *subject)
{
	for (unsigned i = 0; i < write->shipped.count; i++) {
		const struct fact *fact = &write->shipped.items[i];

		if (fact->key == subject->key && fact->db == subject->db && fact->kind != FACT_FLUSH && !fact->is_expiry)
			return true;
	}
	return false;
}

static void mark_stranded(const struct auditor *auditor, const struct audited_subject *subject, struct expected_record *record)
{
	const struct audited_write *take_over;
	unsigned user, owner;

	if (auditor->options.user_of == NULL || !auditor->options.user_of(pool_text(auditor->options.pool, subject->key), &owner))
		return;
	for (unsigned number = 0; (take_over = audit_take_over(auditor, number, &user)) != NULL; number++) {
		for (unsigned i = 0; user == owner && i < record->side_count; i++) {
			const struct audited_write *side = audit_find(auditor, record->sides[i].origin, record->sides[i].seq);

			record->is_stranded |= side != NULL && has_changed(side, subject) && audit_is_stranded_by(side, take_over);
		}
	}
}

void audit_subjects_gather(const struct auditor *auditor, const struct audited_keys *keys, struct audited_subjects *subjects)
{
	for (unsigned i = 0; i < keys->count; i++) {
		gather_key(auditor, subjects, &keys->items[i]);
		gather_stranded(auditor, subjects, &keys->items[i]);
	}
	for (unsigned origin = 0; origin < auditor->origin_count; origin++)
		for (unsigned i = 0; i < auditor->origins[origin].count; i++)
			if (auditor->origins[origin].writes[i] != NULL && auditor->origins[origin].writes[i]->is_shipped)
				gather_siblings(auditor, subjects, auditor->origins[origin].writes[i]);
	for (unsigned i = 0; i < subjects->count; i++)
		components(&subjects->items[i]);
	for (unsigned i = 0; i < subjects->count; i++)
		for (unsigned j = 0; j < subjects->items[i].record_count; j++)
			mark_stranded(auditor, &subjects->items[i], &subjects->items[i].records[j]);
}

void audit_subjects_free(struct audited_subjects *subjects)
{
	for (unsigned i = 0; i < subjects->count; i++) {
		for (unsigned j = 0; j < subjects->items[i].record_count; j++)
			free(subjects->items[i].records[j].sides);
		free(subjects->items[i].records);
		free(subjects->items[i].pairs.items);
		free(subjects->items[i].links.items);
	}
	free(subjects->items);
}

/* ---- what is there ---- */

static void record_keep(struct written_records *records, struct slice bytes, bool is_in_hash)
{
	struct written_record written = { .bytes = bytes, .is_in_hash = is_in_hash, .is_in_stream = !is_in_hash };

	if (!proto_conflict_read(bytes, &written.record)) {
		proto_conflict_free(&written.record);
		records->undecodable++;
		return;
	}
	/* The last entry with an id counts. */
	for (unsigned i = 0; i < records->count; i++) {
		if (!slice_equal(records->items[i].record.id, written.record.id))
			continue;
		written.is_in_stream = written.is_in_stream || records->items[i].is_in_stream;
		proto_conflict_free(&records->items[i].record);
		records->items[i] = written;
		if (written.record.merged_into.len > 0)
			records->items[i] = records->items[--records->count];
		return;
	}
	/* A record that was merged into another one is gone. */
	if (written.record.merged_into.len > 0)
		return;
	records->items = array_grow(records->items, records->count, &records->cap, sizeof(*records->items));
	records->items[records->count++] = written;
}

struct keeping { struct written_records *records; bool is_in_hash; };

static bool keep_one(void *context, struct slice conflict)
{
	const struct keeping *keeping = context;

	record_keep(keeping->records, conflict, keeping->is_in_hash);
	return true;
}

/* Reads the records in one field of the hash, or one entry of the stream. */
static void records_keep(struct written_records *records, struct slice value, bool is_in_hash)
{
	records->undecodable += !proto_conflicts_each(value, keep_one, &(struct keeping){ records, is_in_hash });
}

void audit_records_read(const struct auditor *auditor, unsigned dc, struct written_records *records)
{
	struct pool *pool = auditor->options.pool;
	const struct sim_store *store = auditor->dcs[dc].store;
	const struct sim_key *episodes = sim_store_find(store, SIM_RESERVED_DB, pool_intern(pool, SLICE("homeport:episodes")));
	const struct sim_key *stream = sim_store_find(store, SIM_RESERVED_DB, pool_intern(pool, SLICE("homeport:conflicts")));

	for (unsigned i = 0; stream != NULL && i < stream->entry_count; i++)
		records_keep(records, pool_text(pool, stream->entries[i].value), false);
	for (unsigned i = 0; episodes != NULL && i < episodes->count; i++)
		if (!slice_equal(pool_text(pool, episodes->elements[i].name), SLICE("made")))
			records_keep(records, pool_text(pool, episodes->elements[i].value), true);
}

void audit_records_free(struct written_records *records)
{
	for (unsigned i = 0; i < records->count; i++)
		proto_conflict_free(&records->items[i].record);
	free(records->items);
}
