#include "types.h"

unsigned key_visible_type(const struct origins *origins, const struct key *key)
{
	unsigned visible = KIND_TYPES;
	for (unsigned type = 0; type < KIND_TYPES; type++)
		if (key->tops[type].hlc != 0 && (visible == KIND_TYPES || stamp_compare(origins, &key->tops[type], &key->tops[visible]) > 0))
			visible = type;
	return visible;
}

bool type_outlives_others(const struct origins *origins, const struct key *key, enum kind kind, const struct stamp *stamp)
{
	for (unsigned type = 0; type < KIND_TYPES; type++)
		if (type != kind && key->tops[type].hlc != 0 && stamp_compare(origins, &key->tops[type], stamp) > 0)
			return false;
	return true;
}

void key_note_type(const struct origins *origins, struct key *key, enum kind kind, const struct stamp *stamp)
{
	struct stamp *top = &key->tops[kind];
	if (top->hlc == 0 || stamp_compare(origins, top, stamp) < 0)
		*top = (struct stamp){ .seq = stamp->seq, .hlc = stamp->hlc, .origin = stamp->origin };
}
