/* Render: tells the store the outcome of remote writes. Only the final state of a turn is written: a hundred increments of one key in a
 * batch become one command. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include "proxy/core/versions/keyspace.h"
#include "proxy/core/resp/script.h"

/* Writes everything dirty and leaves nothing dirty. */
void render_dirty(struct keyspace *keyspace, struct script *script);
/* A plain change (change.h) of a key without metadata: it covers all there is to know of the key. */
void render_plain(struct script *script, const struct change *change);
/* Has an unstable clear or flush cleared the key? Then that decides over whatever only the store knows of the key. */
bool key_is_cleared(const struct keyspace *keyspace, const struct key *key);

#endif
