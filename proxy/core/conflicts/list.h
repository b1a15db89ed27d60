/* Lists: a change of a list enters the metadata, and its outcome the store (docs/replication-model.md, rule 13). */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include "arrival.h"
#include "proxy/core/resp/script.h"

/* The arriving change, of ELEMENT, is remembered; a remote one is noted for the store. IS_ALIVE: no newer write of another type has killed it. */
void list_apply(struct conflicts *conflicts, const struct arrival *arriving, bool is_alive);
/* A clear has come, or a write of another type that kills what is older: nothing where the key has no list. */
void list_erase(struct keyspace *keyspace, const struct key *key, const struct stamp *stamp, bool is_kill);

/* What this turn changes. */
void list_render_edits(struct script *script, const struct element *element);
/* All of the list, of a key that is empty in the store. False: it has no elements. */
bool list_render_whole(struct keyspace *keyspace, struct script *script, const struct element *element);

#endif
