/* Record: a conflict as it is written down: which element, which writes met, which rule decided, what came of it. Bytes and back: protobuf,
 * schema homeport.Conflict in docs/homeport.proto (record_write.c, record_read.c).
 *
 * One record stands for one *episode* of an element: the largest set of writes of which each is concurrent with another one (a
 * connected component of the relation "concurrent"). Which writes are in it does not depend on the order in which they arrive, so all DCs
 * end with the same record. (Episodes are linearly ordered by happens-before: they are the series decomposition of the partial order.)
 *
 * In Redis, in the reserved database, several in one value (homeport.Conflicts), as what Redis spends on a value is more than a record costs:
 *   CORE_EPISODES_KEY   a hash, the first one's id → records: episodes that are open or not yet stable; written in the MULTI that applies the outcome
 *   CORE_CONFLICTS_KEY  a stream, entries "c" → records: once when one opens, once when it ends. What the conflicts topic repeats */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/bytes.h"

#define CORE_EPISODES_KEY "homeport:episodes"
#define CORE_CONFLICTS_KEY "homeport:conflicts"
#define CORE_CONFLICTS_COUNT_KEY "homeport:conflicts:count"    /* a number: of the records in the stream */
#define RECORD_FORMAT 1
#define RECORD_SIDES_MAX 64          /* of covered writes the newest are kept; the live ones come first */
#define RECORD_ID_MAX 160
#define RECORDS_LEN_MAX 4000         /* of several in one value: so long is a node of a stream, by default */

enum record_kind {                   /* numbers are the wire's */
	RECORD_WRITE_WRITE = 1,
	RECORD_WRITE_DELETE = 2,
	RECORD_TYPE_CLASH = 3,
	RECORD_EXPIRY_WRITE = 4,
	RECORD_DOUBLE_POP = 5,
	RECORD_HANDLER_FAILED = 6,   /* told, not stored: open, and the handler could not merge it (record_told_kind) */
	RECORD_STRANDED = 7,         /* by a take-over */
	RECORD_KIND_COUNT = 8,
};
enum record_status {
	RECORD_AUTO = 1,             /* the rule decided, nothing is left to do */
	RECORD_OPEN = 2,             /* several live versions wait for a decision; a provisional winner is visible */
	RECORD_RESOLVED = 3,         /* somebody, or a handler, decided */
	RECORD_SUPERSEDED = 4,       /* an ordinary write that had seen all of them replaced them */
	RECORD_IGNORED = 5,          /* somebody left it at the provisional winner */
	RECORD_STATUS_COUNT = 6,
};
const char *record_kind_text(enum record_kind kind);         /* "write-write", …; NULL: unknown */
const char *record_status_text(enum record_status status);   /* "auto", "open", … */

struct record_dot {
	struct slice dc;
	uint64_t incarnation, seq;   /* 0: none */
	bool is_floor;               /* of a position: as in struct position */
};

struct record_side {
	struct record_dot dot;
	uint64_t hlc;
	struct slice context;        /* encoded homeport.Position messages, each as field 3 of homeport.Side: what was applied where it was
	                              * written, in the order of DC and incarnation */
	struct slice command, client;
	struct slice value;          /* capped (core_options.record_value_bytes_max); whole while the side is live under record or custom */
	uint64_t value_len, value_hash;      /* of the whole value (FNV-1a); both 0 for a removal */
	bool is_removal;
	bool is_live;                /* under record or custom: no write has covered it yet */
	bool is_dead;                /* a write of another type killed it: it is absent whatever it wrote */
	bool is_clearing;            /* it cleared the key before it wrote */
	bool is_covered;             /* a write that all have has covered it; told, like COVERS, only until the record is over */
	struct slice covers;         /* by which writes it is covered or killed: encoded, for record_cover_next */
	bool is_increment;           /* VALUE was added to the number that was there */
	bool is_again;               /* an earlier conflict ended with it alive, and a write that had not seen it began this one */
	bool is_take_over;           /* RECORD_STRANDED: it has taken the user over. It and the others had not seen each other. VALUE: the home that it wrote */
	bool is_explicit;            /* CONTEXT is what its client had seen, and all that it covers */
};

struct record_stretch { struct slice dc; uint64_t incarnation, first_seq, last_seq; };      /* of one origin's writes in the episode */

struct record {
	struct slice id;             /* printable, without spaces: unique for the episode, the same everywhere */
	enum record_kind kind;
	enum record_status status;
	uint32_t db;
	struct slice key, element, type;     /* type: string, hash, set, zset, ttl, key */
	struct slice rule;
	uint64_t rules_digest;
	const struct record_side *sides;
	unsigned side_count;
	struct slice stretches;      /* encoded, for record_stretch_next: from and to which of its writes an origin takes part, if they are no sides */
	uint64_t first_hlc;          /* of the smallest stamp, which ID names */
	uint64_t pairs;              /* concurrent pairs of changes among all sides, left-out ones too */
	struct record_dot winner;    /* whose value is visible; seq 0: a sum, or nothing */
	struct slice value;          /* applied; capped */
	struct record_dot resolution;        /* the write that ended it */
	struct slice resolved_by;
	uint64_t opened_hlc;         /* the earliest moment at which there was a pair: the smallest of all pairs' greater stamps */
	uint64_t ended_hlc;          /* of the write that ended it; 0: not ended */
	struct slice merged_into;    /* not empty: this record is no more, a write that came later joined it with the one of this id */
	uint32_t attempts;           /* of the handler, at the DC that runs it */
	struct slice last_error;
};

/* Its kind as people are told: that a handler failed is known only where it ran. */
enum record_kind record_told_kind(const struct record *record);
/* Appends. */
void record_encode(struct buffer *out, const struct record *record);
/* Slices point into BYTES; sides into SCRATCH (reset by the next decode; zero-initialised is empty; free with memory_free(scratch.sides)). */
struct record_scratch { struct record_side *sides; unsigned cap; };
MUST_CHECK bool record_decode(struct slice bytes, struct record_scratch *scratch, struct record *record);

/* Several records as one value: appends one, and takes the next one off again. False: there is no more; if *RECORDS is not empty then, the rest is malformed. */
void records_add(struct buffer *out, struct slice record);
bool records_next(struct slice *records, struct slice *record);

/* Pieces of a record, appended to OUT, and taken off again: false at the end. */
void record_add_position(struct buffer *out, const struct record_dot *position);
bool record_position_next(struct slice *context, struct record_dot *position);
/* Of a side: what has covered it, or, being of another type, killed it. */
void record_add_cover(struct buffer *out, const struct record_dot *by, bool is_kill);
bool record_cover_next(struct slice *covers, struct record_dot *by, bool *is_kill);
void record_add_stretch(struct buffer *out, const struct record_stretch *stretch);
bool record_stretch_next(struct slice *stretches, struct record_stretch *stretch);

/* FNV-1a, 64 bits, a byte a step: for hashes that others shall be able to compute. START: RECORD_HASH_START, or what came before. */
#define RECORD_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t record_hash(uint64_t start, struct slice bytes);

#endif
