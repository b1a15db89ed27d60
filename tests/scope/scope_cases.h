/* Cases: what is played: each row of the table at every two datacenters, and every three operations of a section at the three of them. */
#ifndef SCOPE_CASES_H
#define SCOPE_CASES_H

#include "scope_play.h"

struct scope_cases { struct scope_case *items; unsigned count, cap; };      /* owned */

void scope_add_pairs(struct scope_cases *cases, enum scope_section section);
/* All but those that an earlier section plays as well. */
void scope_add_triples(struct scope_cases *cases, enum scope_section section);
/* A flush and an expiry concern all cases of a world: do these have the same ones at the same place? */
bool scope_go_together(const struct scope_case *a, const struct scope_case *b);
/* Brings together what goes together. */
void scope_sort(struct scope_cases *cases);
/* Does anything in the section write deadlines? */
bool scope_has_deadlines(enum scope_section section);

#endif
