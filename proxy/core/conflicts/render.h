/* Render: tells the store the outcome of remote writes. Only the final state of a turn is written: a hundred increments of one key in a
 * batch become one command. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include "proxy/core/versions/keyspace.h"
#include "proxy/core/resp/script.h"

/* Writes everything dirty and leaves nothing dirty. */
void render_dirty(struct keyspace *keyspace, struct script *script);
/* The same, some elements at a time. Zero-initialise. Until all are written, nothing that is dirty may change or leave the metadata. */
struct render_place {
	struct key *key;                     /* that is written anew; NULL: none is */
	struct element *next;                /* of that key */
	bool is_visible;                     /* some of that key is */
	struct element *deadlines;           /* to be written at the end */
};
/* MOST elements, which counts down; a stream or a list is one. True: all are written. */
bool render_some(struct keyspace *keyspace, struct script *script, struct render_place *place, unsigned *most);
/* A plain change (change.h) of a key without metadata: it covers all there is to know of the key. */
void render_plain(struct script *script, const struct change *change);
/* Has an unstable clear or flush cleared the key? Then that decides over whatever only the store knows of the key. */
bool key_is_cleared(const struct keyspace *keyspace, const struct key *key);

#endif
