/* Watch: keys that clients watch for their next transaction. All writes pass through the sidecar, so it knows them all.
 * A watched key is touched when, after the WATCH, a client's write to it is gathered, a group that writes it is sent (remote
 * writes, and what is run again, too), or it expires. What was sent before the WATCH does not count, so the reads of a client
 * that watches join the groups: these keep their order, and it sees all of that. */
#ifndef PROXY_WATCH_H
#define PROXY_WATCH_H

#include "proxy/core/commands/command.h"
#include "proxy/core/vocabulary/effect.h"

struct watch;
struct watches;

/* What one client watches. Zero-initialised is nothing. */
struct watch_list {
	struct watch *first;
	bool is_touched;
};

struct watches *watches_new(void);
void watches_free(struct watches *watches);
/* Watching a key twice is watching it once. */
void watches_add(struct watches *watches, struct watch_list *list, uint32_t db, struct slice key);
void watches_drop(struct watches *watches, struct watch_list *list);
bool watches_are_any(const struct watches *watches);

void watches_touch(struct watches *watches, uint32_t db, struct slice key);
/* A client's write. */
void watches_touch_request(struct watches *watches, uint32_t db, const struct command *row, const struct request *request);
void watches_touch_group(struct watches *watches, const struct effect *group);

#endif
