#include "newest.h"

const struct version *newest_version(const struct keyspace *keyspace, const struct element *element)
{
	const struct version *best = NULL;
	/* Stamps are unique, and of one write an element has one version: this cannot tie. */
	for (unsigned i = 0; i < element->version_count; i++)
		if (best == NULL || stamp_compare(keyspace->origins, &element->versions[i].stamp, &best->stamp) > 0)
			best = &element->versions[i];
	return best;
}
