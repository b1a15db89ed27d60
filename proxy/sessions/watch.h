/* Watch: keys that clients WATCH for their next transaction. All writes pass through the sidecar, so it sees every write to them.
 * A watched key is touched when, after the WATCH, a client's write to it is gathered, a group that writes it is sent (remote writes and
 * re-runs included), or it expires. Writes sent before the WATCH do not count: the reads of a client that watches keys are put into the
 * groups, whose order is kept, so that it reads what those writes made. */
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
/* A key that the list has already is not added again. */
void watches_add(struct watches *watches, struct watch_list *list, uint32_t db, struct slice key);
void watches_drop(struct watches *watches, struct watch_list *list);
bool watches_are_any(const struct watches *watches);

/* The key has changed. */
void watches_touch(struct watches *watches, uint32_t db, struct slice key);
/* A client's command was gathered: if it is a write, its keys are touched. */
void watches_touch_request(struct watches *watches, uint32_t db, const struct command *row, const struct request *request);
/* A group was sent to the store: the keys of all writes in it are touched. */
void watches_touch_group(struct watches *watches, const struct effect *group);

#endif
