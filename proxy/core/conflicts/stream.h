/* Streams: an entry is an element, whose name is its id. What is told of a stream as a whole (a trim, how far it has got) are marks of the element without
 * a name, and the commands that tell the store (docs/replication-model.md, rule 14). */
#ifndef CORE_CONFLICT_STREAM_H
#define CORE_CONFLICT_STREAM_H

#include "arrival.h"
#include "proxy/core/resp/script.h"

/* A change of the stream as a whole is remembered. Entries that it trims are removed. */
void stream_apply(struct conflicts *conflicts, const struct arrival *arriving);
/* An entry was added, here or elsewhere: ids that we give are above those of others. */
void stream_see(struct conflicts *conflicts, const struct arrival *arriving);

/* What this turn changes of a stream is told in one command: its elements are added one by one. */
struct stream_edit {
	struct element *first;       /* NULL: nothing is to be told */
	struct buffer arguments;     /* RESP */
	unsigned count;
};
bool stream_edit_takes(const struct stream_edit *edit, const struct element *element);
void stream_edit_add(struct keyspace *keyspace, struct stream_edit *edit, struct element *element);
void stream_edit_end(struct keyspace *keyspace, struct script *script, struct stream_edit *edit);

/* All that is known of it, of a key that is empty in the store. False: the stream is not there. */
bool stream_render_whole(struct keyspace *keyspace, struct script *script, struct key *key);

#endif
