/* Lists of episodes: all of a keyspace's, those that are to be written to the store, and how much memory they take. */
#ifndef CORE_EPISODE_LIST_H
#define CORE_EPISODE_LIST_H

#include "base/bytes.h"
#include "proxy/core/versions/keyspace.h"
#include "proxy/core/wire/record.h"

struct episode;

enum episode_list {
	EPISODES_WAITING,            /* for their writes to become stable */
	EPISODES_KEPT,               /* several versions live on until a write covers them */
	EPISODE_LISTS,
};

/* Records on their way into the stream. */
struct entries {
	struct buffer commands;      /* RESP */
	unsigned command_count;
	struct buffer last;          /* records that are in no command yet */
	unsigned last_count;
};

struct episodes {
	struct episode *lists[EPISODE_LISTS];
	struct pack *packs[EPISODE_LISTS];
	struct episode **dirty;      /* owned */
	unsigned dirty_count, dirty_cap;
	uint64_t count, kept_count, open_count, bytes;
	uint64_t covered_count;      /* kept ones that remember covers: mostly in front of those that do not */
	uint64_t ended;              /* written as ended, since the start of this opening */
	/* what is to be written with the next group: */
	struct buffer gone;          /* fields whose records stand there no more, as RESP strings */
	unsigned gone_count;
	struct entries finals;       /* records that ended */
	struct buffer id, record, pairs;     /* scratch: what is written is made in them */
	bool is_pruned;               /* nothing has become stable since the waiting ones were looked at */
	uint64_t pruned_ms;
};

void episode_enlist(struct episodes *episodes, struct episode *episode, enum episode_list list);
void episode_unlist(struct episodes *episodes, struct episode *episode);
void episode_move(struct episodes *episodes, struct episode *episode, enum episode_list list);
void episode_bring_forward(struct episodes *episodes, struct episode *episode);      /* makes it the first in its list */
/* Its record was written, or read, with this status: it is counted and listed accordingly. */
void episode_note_status(struct episodes *episodes, struct episode *episode, enum record_status status, bool is_kept);
void episode_count_bytes(struct keyspace *keyspace, struct episode *episode, int64_t bytes);
/* The store has an older record of it, or none: it is written with the next group. */
void episode_touch(struct keyspace *keyspace, struct episode *episode);
/* The one of the element's that waits for a decision; NULL: none. */
struct episode *element_open_episode(const struct element *element);

#endif
