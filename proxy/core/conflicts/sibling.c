#include "sibling.h"

#include "conflict_count.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"

/* The sibling becomes one more side. When a write of ours is recalled after a crash, the record of what it met may not have been written: then it meets it
 * again. */
static void pair_sibling(struct keyspace *keyspace, struct arrival *arriving, struct element *element, unsigned origin)
{
	struct arriving_write *write = arriving->write;
	const struct change *change = arriving->change;
	const struct stamp *stamp = write->stamp;
	if (!write->has_named)
		write->is_naming_known = write->mode == APPLY_RECALL && episodes_know(element, stamp);
	write->has_named = true;
	if (write->is_naming_known)
		return;
	/* The write's own change follows and tells more of it; until then this note stands for it. */
	struct context *seen = write->explicit_context != NULL ? write->explicit_context : stamp->context;
	struct note *note = note_new(keyspace, &(struct change){ .kind = CHANGE_CLEAR }, write->facts, seen);
	note->is_poor = true;
	struct stamp sibling = { .seq = change->seq, .hlc = change->hlc, .context = arriving->party.note->context, .origin = origin };
	episodes_name(keyspace, element, &(struct party){ stamp, note, 0 }, &(struct party){ &sibling, arriving->party.note, 0 },
	              (unsigned)change->sibling_bits);
	note_drop(keyspace, note);
}

void sibling_apply(struct conflicts *conflicts, struct arrival *arriving)
{
	struct keyspace *keyspace = conflicts->keyspace;
	const struct change *change = arriving->change;
	const struct stamp *stamp = arriving->write->stamp;
	bool is_recalled = arriving->write->mode == APPLY_RECALL;
	enum kind kind = change->sibling_bits & SIBLING_FIELD ? KIND_HASH : KIND_STRING;
	int origin = origins_get(keyspace->origins, change->dc, change->incarnation);
	/* A stable write is recalled: what covered its sibling may be too old to be recalled. If the sibling is still alive, its record has restored it. */
	bool is_settled = is_recalled && mark_is_stable(keyspace, stamp->origin, stamp->seq);
	if (origin < 0 || is_settled)
		return;
	struct key *key = arriving->key;
	struct element *element = keyspace_element(keyspace, key, kind, change->element);
	arriving->element = element;
	if (!is_recalled)
		conflicts_count_sibling(conflicts, arriving, (unsigned)origin);
	pair_sibling(keyspace, arriving, element, (unsigned)origin);
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
	/* Where a newer write of another type is known, it has killed this value. What the same write cleared stays cleared. */
	if (version.is_present && !type_outlives_others(keyspace->origins, key, kind, &version.stamp))
		version_set_aside(&version);
	if (!version.is_outdone)
		element_compete(keyspace, element, &version);
	context_drop(nothing);
}
