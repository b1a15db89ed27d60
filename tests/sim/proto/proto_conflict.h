/* Conflict records as they stand in Redis, read by the schema docs/homeport.proto. */
#ifndef SIM_PROTO_CONFLICT_H
#define SIM_PROTO_CONFLICT_H

#include "proto_read.h"

enum proto_status { PROTO_AUTO = 1, PROTO_OPEN, PROTO_RESOLVED, PROTO_SUPERSEDED, PROTO_IGNORED, PROTO_STATUSES };
const char *proto_status_text(enum proto_status status);

struct proto_side {
	struct proto_position dot;
	uint64_t hlc;
	struct slice value;
	uint64_t value_len, value_hash;
	bool is_removal, is_live;
};

/* What is read points into the bytes it was read from. */
struct proto_conflict {
	uint32_t format;
	struct slice id;
	uint32_t kind;
	enum proto_status status;
	uint32_t db;
	struct slice key, element, type;
	struct proto_side *sides;            /* owned */
	unsigned side_count, side_cap;
	uint64_t pairs;
	struct proto_position winner;
	struct slice value;
	struct proto_position resolution;
	struct slice resolved_by;
	uint64_t opened_hlc, ended_hlc;
	struct slice merged_into;
};

/* Free also what could not be read. */
MUST_CHECK bool proto_conflict_read(struct slice bytes, struct proto_conflict *conflict);
void proto_conflict_free(struct proto_conflict *conflict);
/* But for what only the DC knows that ran the handler, and the rules by which one was written last. */
bool proto_conflict_equal(struct slice a, struct slice b);

/* Calls VISIT with each of the conflicts that stand in one value. False: it is none, or there is something else. */
MUST_CHECK bool proto_conflicts_each(struct slice value, bool (*visit)(void *context, struct slice conflict), void *context);

#endif
