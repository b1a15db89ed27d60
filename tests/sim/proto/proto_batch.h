/* Batch: what stands in a log, or in an outbox, read by the schema docs/homeport.proto. */
#ifndef SIM_PROTO_BATCH_H
#define SIM_PROTO_BATCH_H

#include "proto_read.h"

enum proto_kind {                    /* of changes: Change.Kind of the schema */
	PROTO_SET = 1, PROTO_CLEAR, PROTO_FLUSH, PROTO_INCREMENT, PROTO_INCREMENT_FLOAT, PROTO_FIELD_SET, PROTO_FIELD_REMOVE, PROTO_FIELD_INCREMENT,
	PROTO_FIELD_INCREMENT_FLOAT, PROTO_MEMBER_ADD, PROTO_MEMBER_REMOVE, PROTO_SCORE_SET, PROTO_SCORE_REMOVE, PROTO_SCORE_INCREMENT, PROTO_EXPIRE,
	PROTO_SIBLING, PROTO_APPEND, PROTO_RANGE, PROTO_BITS, PROTO_LIST_INSERT, PROTO_LIST_REMOVE, PROTO_LIST_SET,
	PROTO_STREAM_ADD, PROTO_STREAM_REMOVE, PROTO_STREAM_TRIM, PROTO_STREAM_REACH, PROTO_UNION,
	PROTO_KINDS,
};
#define PROTO_TAIL INT64_C(-1)               /* number of a LIST_INSERT */
#define PROTO_DEADLINE_STAYS INT64_C(-1)     /* expire_at_ms of a SET */
#define PROTO_RESERVED_DATABASE (UINT32_MAX - 1)      /* db of a home: whatever number it has */
#define PROTO_EVERY_DATABASE UINT32_MAX      /* db of a FLUSH */
enum { PROTO_SIBLING_REMOVAL = 1, PROTO_SIBLING_FIELD = 2, PROTO_SIBLING_ALONE = 4 };        /* bits of a SIBLING's number */

/* In the outbox a write says how it is to be completed once its reply is there. These two kinds are no clients' writes: they read back what is in the
 * store. */
enum { PROTO_PENDING_READBACK = 50, PROTO_PENDING_SETTLE = 51 };

enum proto_choice { PROTO_ORDINARY, PROTO_RESOLVES, PROTO_IGNORES };

struct proto_change {
	enum proto_kind kind;
	uint32_t db;
	struct slice key, element, value, result;
	int64_t number;
	double score;
	int64_t expire_at_ms;
	struct proto_position version;       /* of siblings */
	uint64_t hlc;
	uint64_t length, amount;
};

struct proto_write {
	uint32_t pending;
	struct slice command, client, by;
	bool is_explicit;
	enum proto_choice choice;
	const struct proto_change *changes;
	unsigned change_count;
	const struct proto_position *context;        /* with is_explicit */
	unsigned context_count;
};

/* Zero-initialised it is empty. Its slices point into the bytes that were read. Its lists live until the next read. */
struct proto_batch {
	uint32_t format;
	struct slice dc;
	uint64_t incarnation, first_seq, hlc;
	uint32_t part, part_count;
	struct slice part_bytes;
	struct proto_position *context;      /* owned */
	unsigned context_count, context_cap;
	struct proto_write *writes;          /* owned */
	unsigned write_count, write_cap;
	struct proto_change *changes;        /* owned: the changes of all writes, one write after the other */
	unsigned change_count, change_cap;
	struct proto_position *claims;       /* owned: the contexts of all writes, likewise */
	unsigned claim_count, claim_cap;
};

MUST_CHECK bool proto_batch_read(struct slice bytes, struct proto_batch *batch);
void proto_batch_free(struct proto_batch *batch);

#endif
