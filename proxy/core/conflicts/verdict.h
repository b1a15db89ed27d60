/* Verdict: what an element is worth: which of its live versions decides, and what increments add to it. */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "proxy/core/versions/note.h"

struct verdict {
	const struct version *decider;       /* NULL: the store's value */
	long double sum;                     /* of the increments that it does not cover, up to the first patch */
	bool has_deltas;                     /* there are such increments */
	bool has_patches;                    /* there are patches that it does not cover: patches_replay tells the rest */
	bool is_union;                       /* the first of these makes a HyperLogLog a union */
};

/* What decides ELEMENT, and what its surviving increments add up to. */
struct verdict element_verdict(const struct keyspace *keyspace, const struct element *element);
/* Can be added to: it is a number, or nothing. */
bool version_is_number(const struct element *element, const struct version *version);
#endif
