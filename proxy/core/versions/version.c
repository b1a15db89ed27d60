#include "version.h"

#include "note.h"

static void element_make_room(struct element *element)
{
	if (element->version_cap == 0) {
		element->versions = &element->first_version;
		element->version_cap = 1;
		return;
	}
	element->version_cap *= 2;
	element->versions = memory_outgrow(element->versions, &element->first_version, sizeof element->first_version,
	                                   element->version_cap * sizeof *element->versions);
}

/* Keeps the value: in the note, if that has all of it. The mark holds the note anyway until the write is stable, which is mostly longer than its version
 * lives. */
static void version_take_value(struct keyspace *keyspace, struct version *version)
{
	struct slice noted = version->note == NULL ? (struct slice){ "", 0 } : note_whole_value(version->note);
	if (version->value.len > 0 && noted.len > 0) {
		note_hold(version->note);
		version->value = noted;
		return;
	}
	version->note = NULL;
	if (version->value.len == 0)
		return;
	version->value = buffer_copy(version->value);
	keyspace->bytes += version->value.len;
}

static void element_add_version(struct keyspace *keyspace, struct element *element, const struct version *version)
{
	if (element->version_count == element->version_cap)
		element_make_room(element);
	element_set_kept(keyspace, element, false);
	struct version *added = &element->versions[element->version_count++];
	*added = *version;
	context_hold(added->stamp.context);
	keyspace->bytes += sizeof *version;
	version_take_value(keyspace, added);
}

static void version_drop_value(struct keyspace *keyspace, struct version *version)
{
	if (version->note != NULL) {
		note_drop(keyspace, version->note);
	} else if (version->value.len > 0) {
		keyspace->bytes -= version->value.len;
		bytes_free(version->value);
	}
	version->value = (struct slice){ "", 0 };
	version->note = NULL;
}

static void element_remove_version(struct keyspace *keyspace, struct element *element, unsigned index)
{
	struct version *version = &element->versions[index];
	version_drop_value(keyspace, version);
	context_drop(version->stamp.context);
	keyspace->bytes -= sizeof *version;
	*version = element->versions[--element->version_count];
}

static bool is_same_write(const struct stamp *a, const struct stamp *b)
{
	return a->origin == b->origin && a->seq == b->seq;
}

void element_compete(struct keyspace *keyspace, struct element *element, const struct version *newcomer)
{
	const struct stamp *stamp = &newcomer->stamp;
	bool is_clearing = newcomer->is_clearing, is_vouched = newcomer->is_vouched;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *other = &element->versions[i];
		/* In one write a value beats the clear, the clear what it only sets aside, and the later value the earlier. */
		bool is_weaker = !newcomer->is_present && (newcomer->is_outdone || !other->is_outdone);
		if (stamp_covers(&other->stamp, stamp) || (is_weaker && is_same_write(&other->stamp, stamp)))
			return;
	}
	for (unsigned i = element->version_count; i-- > 0;) {
		const struct stamp *other = &element->versions[i].stamp;
		if (is_same_write(other, stamp))
			is_vouched |= element->versions[i].is_vouched;
		if (is_same_write(other, stamp))
			is_clearing |= element->versions[i].is_clearing || (!element->versions[i].is_present && !element->versions[i].is_outdone);
		if (is_same_write(other, stamp) || stamp_covers(stamp, other))
			element_remove_version(keyspace, element, i);
	}
	element_add_version(keyspace, element, newcomer);
	element->versions[element->version_count - 1].is_clearing = is_clearing;
	element->versions[element->version_count - 1].is_vouched = is_vouched;
}

const struct version *element_version(const struct element *element, unsigned origin, uint64_t seq)
{
	for (unsigned i = 0; i < element->version_count; i++)
		if (element->versions[i].stamp.origin == origin && element->versions[i].stamp.seq == seq)
			return &element->versions[i];
	return NULL;
}

void element_drop_versions(struct keyspace *keyspace, struct element *element)
{
	while (element->version_count > 0)
		element_remove_version(keyspace, element, element->version_count - 1);
}

void version_set_aside(struct version *version)
{
	version->value = (struct slice){ "", 0 };
	version->is_present = false;
	version->is_outdone = !version->is_clearing;
	version->is_vouched = false;
}

void version_kill(struct keyspace *keyspace, struct version *version)
{
	version_drop_value(keyspace, version);
	version_set_aside(version);
}

/* The oldest stable and present version that nothing vouches for. */
static struct version *oldest_unvouched(const struct keyspace *keyspace, const struct element *element)
{
	struct version *oldest = NULL;
	for (unsigned i = 0; i < element->version_count; i++) {
		struct version *version = &element->versions[i];
		if (version->is_present && !version->is_vouched && mark_is_stable(keyspace, version->stamp.origin, version->stamp.seq) &&
		    (oldest == NULL || stamp_compare(keyspace->origins, &version->stamp, &oldest->stamp) < 0))
			oldest = version;
	}
	return oldest;
}

void element_kill_unvouched(struct keyspace *keyspace, struct element *element)
{
	while (element_is_open(element)) {
		struct version *version = oldest_unvouched(keyspace, element);
		if (version == NULL)
			return;
		version_kill(keyspace, version);
	}
}
