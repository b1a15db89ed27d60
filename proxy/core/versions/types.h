/* Types: a key is of one type in the store. A newer write of another type kills what older ones made present (docs/replication-model.md, rule 7);
 * which is the newer is told from the key's TOPS: of each type the greatest unstable stamp. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include "element.h"

/* Did an unstable write make the key present with a type other than KIND? */
static inline bool key_has_other_type(const struct key *key, enum kind kind)
{
	for (unsigned type = 0; type < KIND_TYPES; type++)
		if (type != (unsigned)kind && key->tops[type].hlc != 0)
			return true;
	return false;
}

/* The type of the greatest stamp that made the key present; KIND_TYPES: no unstable write did. */
unsigned key_visible_type(const struct origins *origins, const struct key *key);
/* Is no write of another type newer than this one of type KIND? */
bool type_outlives_others(const struct origins *origins, const struct key *key, enum kind kind, const struct stamp *stamp);
/* A write of type KIND made the key present: its stamp is the type's top if it is the greatest. */
void key_note_type(const struct origins *origins, struct key *key, enum kind kind, const struct stamp *stamp);

#endif
