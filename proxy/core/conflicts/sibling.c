/* Sibling: a live version that a client's write with a context of its own names beside itself (docs/replication-model.md, "Contexts of
 * clients"). */
#include "conflict_count.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"

/* The sibling is one more side. What a write of ours met before a crash may not have been written down: it is met again then. */
static void pair_sibling(struct conflicts *conflicts, struct element *element, const struct change *change, unsigned origin)
{
	struct keyspace *keyspace = conflicts->keyspace;
	const struct stamp *stamp = conflicts->party.stamp;
	if (stamp->origin != conflicts->naming_origin || stamp->seq != conflicts->naming_seq || conflicts->mode != conflicts->naming_mode) {
		conflicts->naming_origin = stamp->origin;
		conflicts->naming_seq = stamp->seq, conflicts->naming_mode = conflicts->mode;
		conflicts->is_named = conflicts->mode == APPLY_RECALL && episodes_know(element, stamp);
	}
	if (conflicts->is_named)
		return;
	/* The write itself tells more of itself when it gets to its own change. */
	struct context *seen = conflicts->explicit_context != NULL ? conflicts->explicit_context : stamp->context;
	struct note *note = note_new(keyspace, &(struct change){ .kind = CHANGE_CLEAR }, conflicts->facts, seen);
	note->is_poor = true;
	struct stamp sibling = { .seq = change->seq, .hlc = change->hlc, .context = conflicts->party.note->context, .origin = origin };
	episodes_name(keyspace, element, &(struct party){ stamp, note, 0 }, &(struct party){ &sibling, conflicts->party.note, 0 },
	              (unsigned)change->sibling_bits);
	note_drop(keyspace, note);
}

/* A version that is alive beside this write. Where its metadata was dropped as stable, it is known again; where something covers it, or it
 * is there anyway, nothing happens (docs/replication-model.md, "Contexts of clients"). */
void sibling_apply(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change, enum kind kind)
{
	struct keyspace *keyspace = conflicts->keyspace;
	int origin = origins_get(keyspace->origins, change->dc, change->incarnation);
	/* What covered it may be behind what is recalled. If it is still alive, its record has brought it along. */
	bool is_settled = conflicts->mode == APPLY_RECALL && mark_is_stable(keyspace, stamp->origin, stamp->seq);
	if (origin < 0 || is_settled)
		return;
	struct key *key = keyspace_key(keyspace, change->db, change->key);
	struct element *element = keyspace_element(keyspace, key, kind, change->element);
	if (conflicts->mode != APPLY_RECALL)
		conflicts_count_sibling(conflicts, &(struct effectual){ stamp, change, key, element, 0, NULL }, (unsigned)origin);
	pair_sibling(conflicts, element, change, (unsigned)origin);
	/* Where the key was forgotten, or the version is still to be recalled, nothing says that it had this type. A write of another type is to kill it as
	 * everywhere else. */
	if (!(change->sibling_bits & SIBLING_REMOVAL))
		key_note_type(keyspace->origins, key, kind, &(struct stamp){ .seq = change->seq, .hlc = change->hlc, .origin = (unsigned)origin });
	const struct version *known = element_version(element, (unsigned)origin, change->seq);
	if (known != NULL)
		element->versions[known - element->versions].is_vouched = known->is_present;
	if (known != NULL || !mark_is_stable(keyspace, (unsigned)origin, change->seq))
		return;
	struct context *nothing = context_new(NULL, 0);
	struct version version = {
		.stamp = { .seq = change->seq, .hlc = change->hlc, .context = nothing, .origin = (unsigned)origin },
		.is_present = !(change->sibling_bits & SIBLING_REMOVAL), .is_clearing = change->sibling_bits & SIBLING_CLEARING, .is_set = kind == KIND_STRING, .value = change->value,
		.is_vouched = !(change->sibling_bits & SIBLING_REMOVAL),
	};
	/* Where a newer write of another type is known, it has killed this value. */
	if (!version.is_present || type_outlives_others(keyspace->origins, key, kind, &version.stamp))
		element_compete(keyspace, element, &version);
	context_drop(nothing);
}
