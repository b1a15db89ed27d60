/* Stream tops: of which streams it is known that nothing in them is above the ids that were given here, or seen. To these XADD * goes with an id of ours as it is. To
 * any other, of which a client may have chosen an id of the future, it goes by a script that finds one above what is there: a command that Redis refused and
 * that were run again would come behind those that its client has sent since. A stream that is not in here is only not known. */
#ifndef CORE_STREAM_TOPS_H
#define CORE_STREAM_TOPS_H

#include "base/bytes.h"

#define STREAM_TOPS 2048

struct stream_top {
	uint64_t hash;               /* of database and key; 0: this place is free */
	uint64_t asked_ms, asked_seq;        /* the id that was given to a script last */
	bool is_known;
};

/* Each stream has one place that it may take, and the last one has it. Zero-initialised is empty. Where there is no table (NULL), nothing is known. */
struct stream_tops { struct stream_top items[STREAM_TOPS]; };

bool stream_tops_know(const struct stream_tops *tops, uint32_t db, struct slice key);
/* A script is given this id for an entry. */
void stream_tops_ask(struct stream_tops *tops, uint32_t db, struct slice key, uint64_t ms, uint64_t seq);
/* An entry was added with this id. If it is the one that was asked for last, the stream is known. */
void stream_tops_learn(struct stream_tops *tops, uint32_t db, struct slice key, uint64_t ms, uint64_t seq);
/* Something else than an id of ours may be above it from now on. */
void stream_tops_forget(struct stream_tops *tops, uint32_t db, struct slice key);
void stream_tops_forget_all(struct stream_tops *tops);

#endif
