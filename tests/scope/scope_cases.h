/* Cases: everything that is played: pairs (each row of the table, at every two datacenters) and triples (every three operations of a section, one at
 * each datacenter). */
#ifndef SCOPE_CASES_H
#define SCOPE_CASES_H

#include "scope_play.h"

struct scope_cases { struct scope_case *items; unsigned count, cap; };      /* owned */

void scope_add_pairs(struct scope_cases *cases, enum scope_section section);
/* Leaves out triples that an earlier section has already. */
void scope_add_triples(struct scope_cases *cases, enum scope_section section);
/* Can both be played in one world? A flush and an expiry concern all cases of a world, so both must have the same ones at the same datacenters. */
bool scope_go_together(const struct scope_case *a, const struct scope_case *b);
/* Sorts, so that cases that can be played in one world follow each other. */
void scope_sort(struct scope_cases *cases);
/* Does anything in the section write deadlines? */
bool scope_has_deadlines(enum scope_section section);

#endif
