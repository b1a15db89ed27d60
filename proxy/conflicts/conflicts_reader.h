/* Conflicts reader: reads conflict records from the local Redis, a bounded share at a time, so that the loop is never held up.
 * Records of conflicts that are open or not yet stable are in a hash; those that have ended are in a stream (proxy/core/wire/record.h). An
 * entry of the stream may also say that a conflict was opened. The reader leaves such entries out: that record is in the hash, or its end
 * is further on in the stream. Private to this room. */
#ifndef PROXY_CONFLICTS_READER_H
#define PROXY_CONFLICTS_READER_H

#include "proxy/core/wire/record.h"
#include "proxy/turn/turn.h"

struct conflicts_reader;

struct conflicts_reading {
	void *context;
	/* Takes a record; it and its BYTES are borrowed for the call. ENTRY: its place in the stream; empty: it is in the hash. False: no more are wanted. */
	bool (*take)(void *context, const struct record *record, struct slice bytes, struct slice entry);
	/* Called once, unless the reader is stopped before. ERROR is NULL if all went well. The reader was freed. */
	void (*ended)(void *context, const char *error);
};

/* Reads the hash, in no order; a record may come twice. */
struct conflicts_reader *conflicts_reader_open(struct turn *turn, const struct conflicts_reading *reading);
/* Reads one record of the hash, if it is there. */
struct conflicts_reader *conflicts_reader_find(struct turn *turn, struct slice id, const struct conflicts_reading *reading);
/* Reads the stream, newest first: what comes before the place BEFORE; empty: from its end. */
struct conflicts_reader *conflicts_reader_ended(struct turn *turn, struct slice before, const struct conflicts_reading *reading);
/* Frees the reader; nothing more is told. NULL is fine. */
void conflicts_reader_stop(struct conflicts_reader *reader);

#endif
