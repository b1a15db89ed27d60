/* Conflicts: which pairs of writes there were (rule 9), and whether every DC reported exactly those. */
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"

static int pair_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct pair));
}

static void pairs_sort(struct pairs *pairs)
{
	unsigned kept = 0;

	if (pairs->count == 0)
		return;
	qsort(pairs->items, pairs->count, sizeof(*pairs->items), pair_order);
	for (unsigned i = 0; i < pairs->count; i++)
		if (kept == 0 || pair_order(&pairs->items[kept - 1], &pairs->items[i]) != 0)
			pairs->items[kept++] = pairs->items[i];
	pairs->count = kept;
}

void auditor_conflict(struct auditor *auditor, unsigned dc, const struct told_conflict *conflict)
{
	unsigned origin = audit_origin(auditor, conflict->dc, conflict->incarnation);
	unsigned other = audit_origin(auditor, conflict->other_dc, conflict->other_incarnation);

	for (unsigned i = 0; i < conflict->count; i++)
		pairs_add(&auditor->dcs[dc].reported, origin, conflict->seq, other, conflict->other_seqs[i]);
}

/* ---- rule 9 ---- */

static bool is_clear(const struct fact *fact)
{
	return fact->kind == FACT_CLEAR || fact->kind == FACT_FLUSH;
}

/* Two changes of one list: do they take or put the same element? (audit_list.c) */
static bool is_same_element(const struct touch *a, const struct touch *b)
{
	for (unsigned i = 0; i < a->item_count; i++)
		for (unsigned j = 0; j < b->item_count; j++)
			if (a->items[i] == b->items[j])
				return true;
	return false;
}

static bool makes_present(const struct fact *fact)
{
	return fact->kind == FACT_SET || fact->kind == FACT_DELTA || fact->kind == FACT_REACH;
}

static bool is_part_of_group(const struct auditor *auditor, const struct fact *fact)
{
	bool is_of_stream = fact->type == SIM_STREAM && (fact->kind == FACT_SET || fact->kind == FACT_REMOVE);

	return is_of_stream && audit_is_part(pool_text(auditor->options.pool, fact->element));
}

/* Two facts about one key: are they a conflict if their writes are concurrent? */
static bool facts_conflict(const struct auditor *auditor, const struct fact *a, const struct fact *b)
{
	/* What is done to a consumer group contradicts nothing, but that an entry is given to somebody twice. */
	bool is_part = is_part_of_group(auditor, a) || is_part_of_group(auditor, b);

	if (is_part && (is_clear(a) || is_clear(b)))
		return false;
	if (is_part && a->type == b->type)
		return a->element == b->element && a->kind == FACT_SET && b->kind == FACT_SET && audit_is_pending(pool_text(auditor->options.pool, a->element));
	/* Two expiries are no conflict. Any other two clears are, and so are a clear and a write. */
	if (is_clear(a) || is_clear(b))
		return !(a->is_expiry && b->is_expiry);
	if (a->kind == FACT_DEADLINE || b->kind == FACT_DEADLINE)
		return a->kind == b->kind;
	if (a->type != b->type)
		return makes_present(a) && makes_present(b);
	/* What is done to a stream as a whole does not contradict each other. */
	return a->element == b->element && a->kind != FACT_TRIM && a->kind != FACT_REACH;
}

static bool is_concurrent(const struct audited_write *a, const struct audited_write *b)
{
	return a->origin != b->origin && !audit_follows(a, b) && !audit_follows(b, a);
}

bool audit_is_conflict(const struct auditor *auditor, const struct touch *a, const struct touch *b)
{
	bool is_of_list = a->fact->type == SIM_LIST && b->fact->type == SIM_LIST;

	if (is_of_list && !is_clear(a->fact) && !is_clear(b->fact) && a->fact->kind != FACT_DEADLINE && b->fact->kind != FACT_DEADLINE && !is_same_element(a, b))
		return false;
	return a->write->origin != b->write->origin && facts_conflict(auditor, a->fact, b->fact) && is_concurrent(a->write, b->write);
}

static void key_conflicts(const struct auditor *auditor, struct pairs *pairs, const struct audited_key *key)
{
	for (unsigned i = 0; i < key->count; i++) {
		const struct touch *a = &key->touches[i];

		for (unsigned j = i + 1; j < key->count; j++) {
			const struct touch *b = &key->touches[j];

			if (audit_is_conflict(auditor, a, b))
				pairs_add(pairs, a->write->origin, a->write->seq, b->write->origin, b->write->seq);
		}
	}
}

/* A write with a client's context conflicts with every version that it leaves alive, even with those of its own DC. */
static void sibling_conflicts(struct pairs *pairs, const struct audited_write *write)
{
	for (unsigned i = 0; i < write->sibling_count; i++)
		pairs_add(pairs, write->origin, write->seq, write->siblings[i].origin, write->siblings[i].seq);
}

/* ---- reported = expected ---- */

static bool names(const struct audited_write *write, unsigned origin, uint64_t seq)
{
	for (unsigned i = 0; i < write->sibling_count; i++)
		if (write->siblings[i].origin == origin && write->siblings[i].seq == seq)
			return true;
	return false;
}

/* A DC reports the conflicts of a client's context write with its own versions when the store has answered. Where the answer never came, the DC has
 * nothing to report. */
static bool is_unheard(const struct auditor *auditor, unsigned dc, const struct audited_write *write)
{
	const struct audited_dc *watched = &auditor->dcs[dc];

	if (auditor->origins[write->origin].dc != dc)
		return false;
	for (unsigned i = 0; i < watched->silent_count; i++) {
		const struct audited_group *group = &watched->silent[i];

		if (write->seq > vector_at(&group->before, write->origin) && write->seq <= vector_at(&group->after, write->origin))
			return true;
	}
	return false;
}

bool audit_has_changed(const struct auditor *auditor, unsigned origin, uint64_t seq)
{
	const struct audited_write *write = audit_find(auditor, origin, seq);

	if (write == NULL || !write->is_executed)
		return false;
	if (!write->is_shipped || !write->is_doubted)
		return !write->is_shipped;
	/* A reply need not tell what was done. But a write whose reply is lost is shipped as nothing. */
	return write->has_derived ? !facts_equal(&write->shipped, &write->derived) : write->shipped.count == 0;
}

/* Only the write's own DC can have taken it for something else than what was shipped. */
static bool has_changed_at(const struct auditor *auditor, unsigned dc, unsigned origin, uint64_t seq)
{
	return auditor->origins[origin].dc == dc && audit_has_changed(auditor, origin, seq);
}

static bool has_pair(const struct pairs *pairs, const struct pair *pair)
{
	return pairs->count > 0 && bsearch(pair, pairs->items, pairs->count, sizeof(*pair), pair_order) != NULL;
}

/* Two homes of one user, as somebody has taken him over: there is a conflict, and nobody to judge it here. */
static bool are_homes(const struct auditor *auditor, const struct pair *pair)
{
	const struct audited_write *one = audit_find(auditor, pair->origin, pair->seq), *other = audit_find(auditor, pair->other_origin, pair->other_seq);

	return one != NULL && other != NULL && one->is_home && other->is_home;
}

static void dc_conflicts(struct auditor *auditor, unsigned dc)
{
	struct audited_dc *watched = &auditor->dcs[dc];
	const char *name = auditor->options.dc_names[dc];

	pairs_sort(&watched->reported);
	for (unsigned i = 0; i < watched->reported.count; i++) {
		const struct pair *pair = &watched->reported.items[i];

		if (!has_pair(&auditor->expected, pair) && !are_homes(auditor, pair) && !has_changed_at(auditor, dc, pair->origin, pair->seq) &&
		    !has_changed_at(auditor, dc, pair->other_origin, pair->other_seq))
			auditor_find(auditor, "%s reports a conflict that is none: %s and %s", name, audit_dot(auditor, pair->origin, pair->seq),
			             audit_dot(auditor, pair->other_origin, pair->other_seq));
	}
	for (unsigned i = 0; i < auditor->expected.count; i++) {
		const struct pair *pair = &auditor->expected.items[i];
		const struct audited_write *one = audit_find(auditor, pair->origin, pair->seq);
		const struct audited_write *other = audit_find(auditor, pair->other_origin, pair->other_seq);

		if (has_pair(&watched->reported, pair) || (names(one, other->origin, other->seq) && is_unheard(auditor, dc, one)) ||
		    (names(other, one->origin, one->seq) && is_unheard(auditor, dc, other)))
			continue;
		auditor_find(auditor, "%s misses a conflict: %s [%s] and %s [%s]", name, audit_dot(auditor, pair->origin, pair->seq),
		             audit_facts_text(auditor, &one->shipped), audit_dot(auditor, pair->other_origin, pair->other_seq),
		             audit_facts_text(auditor, &other->shipped));
	}
}

void audit_conflicts(struct auditor *auditor, const struct audited_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		key_conflicts(auditor, &auditor->expected, &keys->items[i]);
	for (unsigned origin = 0; origin < auditor->origin_count; origin++)
		for (unsigned i = 0; i < auditor->origins[origin].count; i++)
			if (auditor->origins[origin].writes[i] != NULL && auditor->origins[origin].writes[i]->is_shipped)
				sibling_conflicts(&auditor->expected, auditor->origins[origin].writes[i]);
	pairs_sort(&auditor->expected);
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++)
		dc_conflicts(auditor, dc);
}
