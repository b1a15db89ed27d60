/* The end of a run in which some datacenter needs a resync: what it lacks it will not get, so the stores differ. But each store must hold what the writes
 * that it has applied come to, whichever these are. */
#include <stdlib.h>

#include "audit_outcome.h"

/* Has this store lost writes that others have seen through it? What it made since is judged where all of it is known. */
static bool is_closed(const struct auditor *auditor, unsigned dc)
{
	const struct vector *applied = &auditor->dcs[dc].applied;

	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		uint64_t last = vector_at(applied, origin);

		for (uint64_t seq = 1; seq <= last; seq++) {
			const struct audited_write *write = audit_find(auditor, origin, seq);

			if (write == NULL || (write->is_shipped && !vector_reaches(applied, &write->seen)))
				return false;
		}
	}
	return audit_all_shipped(auditor, applied);
}

static bool has_seen(const struct auditor *auditor, unsigned dc, const struct touch *touch)
{
	return vector_at(&auditor->dcs[dc].applied, touch->write->origin) >= touch->write->seq;
}

/* Parts of a string whose order may show are settled by one of the DCs that wrote them (rule 11). If that one needs a resync, they stay as they came. */
static bool is_unsettled(const struct audited_key *key)
{
	for (unsigned i = 0; i < key->count; i++) {
		for (unsigned j = 0; j < i; j++) {
			const struct touch *a = &key->touches[i], *b = &key->touches[j];
			bool has_part = a->fact->kind == FACT_DELTA && b->fact->kind == FACT_DELTA && (a->fact->part != PART_NONE || b->fact->part != PART_NONE);

			if (has_part && !(a->fact->part == PART_UNION && b->fact->part == PART_UNION) && !audit_covers(a->write, b->write) && !audit_covers(b->write, a->write))
				return true;
		}
	}
	return false;
}

static void judge_key(struct auditor *auditor, unsigned dc, const struct audited_key *key, struct key_outcome *outcome)
{
	struct touch *seen = memory_new((key->count + 1) * sizeof *seen);
	struct audited_key part = { .db = key->db, .key = key->key, .touches = seen };

	for (unsigned i = 0; i < key->count; i++)
		if (has_seen(auditor, dc, &key->touches[i]))
			seen[part.count++] = key->touches[i];
	if (!is_unsettled(&part)) {
		audit_outcome(auditor, part.touches, part.count, auditor->options.rule_of(pool_text(auditor->options.pool, key->key)), outcome);
		audit_store_key(auditor, dc, &part, outcome);
	}
	free(seen);
}

void auditor_conclude_apart(struct auditor *auditor, const bool *is_blind)
{
	struct audited_keys keys = { .count = 0 };
	struct key_outcome outcome = { .count = 0 };

	audit_drop_forgotten(auditor);
	audited_keys_gather(auditor, &keys);
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		if (is_blind[dc] || !is_closed(auditor, dc))
			continue;
		auditor->judged_apart++;
		for (unsigned i = 0; i < keys.count; i++) {
			bool is_changed = auditor->is_changed != NULL && auditor->is_changed(pool_text(auditor->options.pool, keys.items[i].key));

			if (!is_changed && !audit_is_exempt(auditor, keys.items[i].db, keys.items[i].key))
				judge_key(auditor, dc, &keys.items[i], &outcome);
		}
	}
	free(outcome.elements);
	free(outcome.parts);
	audited_keys_free(&keys);
}
