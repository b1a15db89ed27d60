/* Unread: the entries of a stream log that some reader has not read yet, by position and size. */
#ifndef CONNECTORS_STREAM_UNREAD_H
#define CONNECTORS_STREAM_UNREAD_H

#include "base/bytes.h"

struct unread_entry { int64_t position; uint64_t bytes; };

struct unread {                      /* zero-initialise */
	struct unread_entry *entries;    /* owned; from HEAD on, in order of position */
	unsigned head, count, cap;
	uint64_t bytes;              /* the sizes of all entries together */
};

void unread_add(struct unread *unread, int64_t position, uint64_t bytes);
/* Every reader has read up to POSITION. */
void unread_forget(struct unread *unread, int64_t position);
void unread_clear(struct unread *unread);
void unread_free(struct unread *unread);

#endif
