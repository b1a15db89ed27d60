/* Patches: APPEND, SETRANGE, SETBIT and BITFIELD ship the part of a string that they change. Like increments, patches count on top of what decides, in
 * the order of their stamps (docs/replication-model.md, rule 6). */
#ifndef CORE_PATCH_H
#define CORE_PATCH_H

#include "arrival.h"
#include "proxy/core/resp/script.h"

/* A remote patch that counts reaches the store as it is. Parts that are later, and overlap it, are written again. */
void patch_note(struct keyspace *keyspace, const struct arrival *arriving);
/* What decides was written: the patches that it does not cover, from the first on, with the increments behind it. */
void patches_replay(const struct keyspace *keyspace, struct script *script, const struct element *element, const struct version *decider);

/* The list of what the store must be told of ELEMENT's patches in this turn. */
void todo_add_sum(struct element *element, long double sum, bool is_float);
void todo_render(struct script *script, const struct element *element);
void todo_clear(struct keyspace *keyspace, struct element *element);

#endif
