#include "element.h"

#include "keyspace.h"
#include "policy.h"

bool versions_are_stable(const struct keyspace *keyspace, const struct element *element)
{
	for (unsigned i = 0; i < element->version_count; i++)
		if (!mark_is_stable(keyspace, element->versions[i].stamp.origin, element->versions[i].stamp.seq))
			return false;
	return true;
}

bool element_is_open(const struct element *element)
{
	unsigned count = 0, present = 0;
	for (unsigned i = 0; i < element->version_count; i++) {
		count += !element->versions[i].is_outdone;
		present += element->versions[i].is_present;
	}
	/* Removals alone leave nothing to decide. */
	return element->kind < KIND_LIST && count > 1 && present > 0 && element->key->policy->is_keeping;
}

bool key_is_open(const struct key *key)
{
	for (const struct element *element = key->elements; element != NULL; element = element->next)
		if (element_is_open(element))
			return true;
	return false;
}

void element_set_kept(struct keyspace *keyspace, struct element *element, bool is_kept)
{
	struct key *key = element->key;
	if (element->is_kept == is_kept)
		return;
	element->is_kept = is_kept;
	if (!element_is_fixed(element))
		keyspace->kept_elements += is_kept ? 1 : UINT32_MAX;
	keyspace->kept_keys += is_kept && key->kept == 0;
	key->kept += is_kept ? 1 : UINT32_MAX;
	keyspace->kept_keys -= !is_kept && key->kept == 0;
}
