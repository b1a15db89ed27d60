/* Tracked keys: which clients have read which keys, and are to be told once when one changes. It follows what Redis remembers for the sidecar's connection
 * (CLIENT TRACKING), and knows for whom that was asked. As in Redis, a key is its name: in whatever database. */
#ifndef PROXY_TRACKED_KEYS_H
#define PROXY_TRACKED_KEYS_H

#include "base/table.h"

struct tracked_link;

/* A client that reads. Zero-initialised has read nothing. */
struct tracked_reader {
	uint64_t id;                 /* its own */
	struct tracked_link *links;
};

struct tracked_key;

/* Zero-initialised is empty. */
struct tracked_keys {
	struct table keys, links;
	struct tracked_key *oldest, *newest;
};

void tracked_keys_add(struct tracked_keys *keys, struct tracked_reader *reader, struct slice key);
/* Forgets KEY; TELL is called for each that has read it, and may change nothing here. */
void tracked_keys_take(struct tracked_keys *keys, struct slice key, void (*tell)(void *context, struct tracked_reader *reader, struct slice key), void *context);
/* The one that was first read longest ago; empty: there is none. */
struct slice tracked_keys_oldest(const struct tracked_keys *keys);
/* READER has read nothing. */
void tracked_keys_forget(struct tracked_reader *reader);
void tracked_keys_free(struct tracked_keys *keys);

#endif
