/* Conflicts reader: takes conflict records out of the local Redis, a bounded share at a time, without holding the loop up.
 * What is open or not yet stable is in a hash, what has ended in a stream (core/record.h). The stream also says when a record was
 * opened; such entries are left out here, as the record is in the hash then, or stands further up in the stream with its end. */
#ifndef PROXY_CONFLICTS_READER_H
#define PROXY_CONFLICTS_READER_H

#include "proxy/core/wire/record.h"
#include "proxy/turn/turn.h"

struct conflicts_reader;

struct conflicts_reading {
	void *context;
	/* A record and its bytes, both borrowed for the call. ENTRY: its place in the stream; empty: it is in the hash. False: that is enough. */
	bool (*take)(void *context, const struct record *record, struct slice bytes, struct slice entry);
	/* Once, unless stopped before; ERROR is NULL when all went well. The reader is free already. */
	void (*ended)(void *context, const char *error);
};

/* The hash, in no order; a record may come twice. */
struct conflicts_reader *conflicts_reader_open(struct turn *turn, const struct conflicts_reading *reading);
/* One record of the hash, if it is there. */
struct conflicts_reader *conflicts_reader_find(struct turn *turn, struct slice id, const struct conflicts_reading *reading);
/* The stream, newest first, from before the place BEFORE on; empty: from its end. */
struct conflicts_reader *conflicts_reader_ended(struct turn *turn, struct slice before, const struct conflicts_reading *reading);
/* Nothing more is told. NULL is fine. */
void conflicts_reader_stop(struct conflicts_reader *reader);

#define CONFLICTS_STORE_AWAY "LOADING Homeport cannot reach its Redis right now, try again"

#endif
