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

/* Its slices point into the bytes that were read. */
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

/* A conflict must be freed even if it could not be read. */
MUST_CHECK bool proto_conflict_read(struct slice bytes, struct proto_conflict *conflict);
void proto_conflict_free(struct proto_conflict *conflict);
/* Are two records the same, apart from what may differ between datacenters? That is what only the DC knows that ran the handler (attempts and the
 * last error), and the digest of the rules by which the record was last written. */
bool proto_conflict_equal(struct slice a, struct slice b);

/* Calls VISIT for each of the conflicts that are stored in one value. False: there is something else in it, or VISIT gave false. */
MUST_CHECK bool proto_conflicts_each(struct slice value, bool (*visit)(void *context, struct slice conflict), void *context);

#endif
