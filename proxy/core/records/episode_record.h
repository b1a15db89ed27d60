/* Episode as a record: what is told of it in the store and on the conflicts topic (record.h). */
#ifndef CORE_EPISODE_RECORD_H
#define CORE_EPISODE_RECORD_H

#include "proxy/core/vocabulary/options.h"
#include "episode.h"

/* The origins in the order of their DCs' names and incarnations: the same everywhere, as indexes are not. */
struct ordering { unsigned *items, count; };

/* What records are told with, one after the other: what they need in between is kept from one to the next. */
#define TOLD_CONTEXTS_MAX 4
struct telling {
	const struct keyspace *keyspace;
	uint64_t rules_digest;
	bool is_last;                /* the records are over: what only serves to take them up again is left out */
	struct ordering ordering;
	struct slice dcs[CORE_DCS_MAX];      /* their names */
	struct told_context {        /* the writes of a batch have one context: it is made into text once */
		struct context *context;     /* held; NULL: none yet */
		struct buffer positions;
	} contexts[TOLD_CONTEXTS_MAX];
	unsigned next_context;       /* the one to be replaced next */
	struct buffer room;          /* of a record's pieces */
	struct record_side *sides;   /* owned, as the next three: room for CAP of each */
	struct version *versions;    /* zeroed but for what decide() sets */
	const struct side **candidates;
	bool *is_shown;
	unsigned cap;
	struct element trial;        /* for the rule to decide */
	enum record_status status;   /* of the episode that was told last */
	bool is_kept;                /* whether that one waits for a decision */
};
/* It is valid until a new origin is met. */
void telling_begin(struct telling *telling, const struct keyspace *keyspace, uint64_t rules_digest, bool is_last);
void telling_end(struct telling *telling);

/* Appends its id. */
void episode_add_id(const struct keyspace *keyspace, const struct episode *episode, struct buffer *out);
/* Appends the record. ID: its own. */
void episode_encode(struct telling *telling, const struct episode *episode, struct slice id, struct buffer *out);

/* Is its record final unless the episode changes? A final record is over as soon as its writes are stable. */
bool episode_is_told_for_good(const struct episode *episode);

#endif
