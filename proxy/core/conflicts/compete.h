/* Compete: an arriving version against those that are there, and an arriving type against other types (rules 4 and 7). */
#ifndef CORE_COMPETE_H
#define CORE_COMPETE_H

#include "arrival.h"

/* Lets VERSION, which is of the arriving change, compete for ELEMENT. If it is remote, the store does not have it yet: notes for the store when
 * another version decides now. */
void version_compete(struct keyspace *keyspace, const struct arrival *arriving, struct element *element, const struct version *version);
/* The arriving change makes its element present: is its type alive beside those of other types? Kills, for good, what it is newer than. */
bool type_survives(struct keyspace *keyspace, const struct arrival *arriving);

#endif
