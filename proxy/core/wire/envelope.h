/* Envelope: a batch as bytes, and back: protobuf, schema docs/homeport.proto. Written and read in place, without
 * allocation per field (envelope_write.c, envelope_read.c). Unknown fields are skipped, a newer format version is refused. */
#ifndef CORE_ENVELOPE_H
#define CORE_ENVELOPE_H

#include "proxy/core/commands/plan.h"

#define ENVELOPE_FORMAT 1
#define BATCH_TIME_MS_MAX ((uint64_t)1 << 60)        /* no clock shows more: differences cannot overflow */

enum envelope_error { ENVELOPE_OK, ENVELOPE_TRUNCATED, ENVELOPE_MALFORMED, ENVELOPE_TOO_NEW };
const char *envelope_error_text(enum envelope_error error);

struct position {                    /* one entry of a context */
	struct slice dc;
	uint64_t incarnation;
	uint64_t seq;
	bool is_floor;               /* earlier incarnations of the DC were seen whole, unless they are named */
};

struct reading {                     /* of another DC's clocks, as the sender knows them */
	struct slice dc;
	uint64_t clock;              /* a message that it sent when its steady clock, this one, … */
	uint64_t sent_ms;            /* … showed this reached the sender … */
	uint64_t received_ms;        /* … when the sender's showed this */
	bool is_compared;            /* its wall clock is ahead of the sender's by at least MIN and at most MAX */
	int64_t ahead_min_ms, ahead_max_ms;
};

/* Which datacenter the origin takes for the one of this name; and the newest incarnation of that which it has heard, all before which is in its store. */
struct known { struct slice dc, id; uint64_t incarnation; };

struct batch {
	struct slice dc;             /* origin DC and incarnation */
	uint64_t incarnation;
	uint32_t shard;
	uint64_t first_seq;          /* of the first write; a heartbeat has none and carries the next one to come */
	uint64_t hlc;                /* of the first write; write i has hlc + i */
	const struct position *context; /* what was applied at the origin when the batch was sent to its store */
	unsigned context_count;
	uint64_t wall_ms;            /* the origin's wall clock when it wrote this; the HLC may be ahead of it */
	uint64_t clock;              /* which steady clock the origin has: a new one with each start of its sidecar. 0: no clock is told */
	uint64_t steady_ms;          /* what that one showed */
	const struct reading *readings; /* of other DCs' clocks */
	unsigned reading_count;
	uint64_t rules_digest;
	const struct slice *path;    /* DCs it passed (ring, star); empty when it comes straight from its origin */
	unsigned path_count;
	uint64_t hello;              /* not 0: the first heartbeat after a start, with the starter's nonce */
	uint32_t part, part_count;   /* a batch too large for one message comes in PART_COUNT parts: 0-based; 0 of 0 or 1: whole */
	struct slice part_bytes;     /* the bytes of this part; joined they are an encoded batch */
	struct slice id;             /* of the origin; empty: this message does not tell */
	struct slice candidate;      /* of a hello: what the id is to be, unless one is known already */
	const struct known *known;
	unsigned known_count;
	uint64_t homes_digest;       /* with READINGS: of the homes that the origin has configured; 0: none */
	bool asks;                   /* who has applied this is to answer at once: a move waits for it */
	bool is_stopped;             /* without writes: what the log does not hold now will not come */
	uint64_t entries_from_ms;    /* no later message has an entry (XADD *) with an id before this time; 0: nothing is promised */
	bool is_lifted;              /* its context tells what its Redis had lost when the writes were made (causes_lift) */
	struct slice writes;         /* the encoded writes, to be walked with envelope_write_next */
	unsigned write_count;
	unsigned changes_max;        /* of one of them; only decoding tells */
};

/* Encoding: header first, then each write. */
void envelope_begin(struct buffer *out, const struct batch *header);   /* writes everything but the writes */
void envelope_add_write(struct buffer *out, enum plan pending, const struct changes *changes); /* PLAN_NONE: final */
/* The same in two steps, for a final write of very many changes: these, encoded, and a write that holds them. */
void envelope_add_changes(struct buffer *out, const struct changes *changes);
void envelope_add_write_with(struct buffer *out, struct slice changes, const struct write_facts *facts);
/* An explicit context for write_facts.context; APPENDS. */
void envelope_add_context(struct buffer *out, const struct position *positions, unsigned count);
/* Takes the next position off such a context; what is not one is skipped. False at the end. */
bool envelope_context_next(struct slice *context, struct position *position);
/* A write as it stands in another batch. */
void envelope_add_write_raw(struct buffer *out, struct slice write);

/* Decoding. The batch's slices point into BYTES; context, path, known and readings into SCRATCH, which must be kept as long (reset by the next decode). */
struct envelope_scratch;
struct envelope_scratch *envelope_scratch_new(void);
void envelope_scratch_free(struct envelope_scratch *scratch);
/* Checks everything, each write included: after ENVELOPE_OK no walk can fail. */
MUST_CHECK enum envelope_error envelope_decode(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch);
/* How far the writes of a batch that comes in parts are checked. Zero-initialise. */
struct envelope_progress {
	size_t at, checked;          /* of the batch's bytes: the next field, and the end of the last write that is checked */
	size_t write_end;            /* of the write that AT is in; 0: it is in none */
	unsigned changes, changes_max;       /* of that write, and the most of one */
	bool has_context, is_explicit;       /* of that write */
};
/* BYTES: all that has come, from the batch's beginning. What is wrong stops it, and is found again by the decode. */
void envelope_check_some(struct slice bytes, struct envelope_progress *progress);
/* What is checked already is not checked again. */
MUST_CHECK enum envelope_error envelope_decode_checked(struct slice bytes, struct envelope_scratch *scratch, const struct envelope_progress *checked,
                                                       struct batch *batch);
/* Of a batch that was encoded here: all that stands before its writes. */
void envelope_read_header(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch);
/* Takes the next write off *writes. False at the end. RAW is the write's bytes for envelope_add_write_raw. */
bool envelope_write_next(struct slice *writes, enum plan *pending, struct changes *changes, struct slice *raw);
/* The same in two steps, for final writes of very many changes: the next write, of which CHANGES is to be walked; and up to MOST of these, which become
 * those of OUT. True: there are more. */
bool envelope_write_open(struct slice *writes, struct write_facts *facts, struct slice *changes);
bool envelope_changes_some(struct slice *changes, unsigned most, struct changes *out);
/* The changes of all writes, some at a time, whichever write they are of. Begin with the writes and nothing else. False at the end. */
struct envelope_walk { struct slice writes, changes; };
bool envelope_walk_next(struct envelope_walk *walk, struct changes *out);

#endif
