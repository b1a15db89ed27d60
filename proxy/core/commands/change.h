/* Change: what a write did to one element, as it is shipped. The whole vocabulary of replication
 * (docs/replication-model.md; on the wire: docs/homeport.proto). */
#ifndef CORE_CHANGE_H
#define CORE_CHANGE_H

#include "base/bytes.h"
#include "proxy/core/resp/script.h"

/* What a version is of: the types of Redis that are replicated, then what any key has. */
enum kind {
	KIND_STRING,
	KIND_HASH,
	KIND_SET,
	KIND_ZSET,
	KIND_LIST,                   /* has no versions, under any rule; those before it have */
	KIND_STREAM,                 /* its entries have, and do the same under every rule */
	KIND_TTL,                    /* the key's deadline */
	KIND_KEY,                    /* the clears of the whole key: DEL, expiry, FLUSHDB */
	KIND_COUNT,
};
#define KIND_TYPES KIND_TTL          /* the kinds before it are types */
const char *kind_text(enum kind kind);
bool kind_has_number(enum kind kind);        /* can its value be incremented? */
bool kind_has_dots(enum kind kind);          /* can clients write it with a context, so that the dots of its values are stored (spills.h)? */

enum change_kind {                   /* numbers are the wire's: never reused */
	CHANGE_SET = 1,              /* string: value; expire_at_ms: deadline, 0 none, EXPIRE_KEEP keeps what is there */
	CHANGE_CLEAR = 2,            /* the key and all of its elements; is_expiry */
	CHANGE_FLUSH = 3,            /* every key of db, or of all databases (DB_ALL) */
	CHANGE_INCREMENT = 4,        /* string: number */
	CHANGE_INCREMENT_FLOAT = 5,  /* string: value = the increment as text, result = the number after it */
	CHANGE_FIELD_SET = 6,        /* hash: element, value */
	CHANGE_FIELD_REMOVE = 7,     /* hash: element */
	CHANGE_FIELD_INCREMENT = 8,  /* hash: element, number */
	CHANGE_FIELD_INCREMENT_FLOAT = 9, /* hash: element, likewise */
	CHANGE_MEMBER_ADD = 10,      /* set: element */
	CHANGE_MEMBER_REMOVE = 11,   /* set: element */
	CHANGE_SCORE_SET = 12,       /* sorted set: element, score */
	CHANGE_SCORE_REMOVE = 13,    /* sorted set: element */
	CHANGE_SCORE_INCREMENT = 14, /* sorted set: element, score = the increment, result = the score after it, as text */
	CHANGE_EXPIRE = 15,          /* expire_at_ms: deadline, 0 none */
	CHANGE_SIBLING = 16,         /* string, or hash field (element, which may be empty): the version that dc … hlc name is still alive beside this
	                              * write, which had not seen it. value, sibling_bits */
	CHANGE_APPEND = 17,          /* string: value, which is added at its end */
	CHANGE_RANGE = 18,           /* string: value, which is written from byte number on */
	CHANGE_BITS = 19,            /* string: value = a whole number, whose lowest bits are written as bits_at and bits_width say */
	CHANGE_LIST_INSERT = 20,     /* list: value; number: before which index; 0: at the head, LIST_TAIL: at the tail; length, where it is neither */
	CHANGE_LIST_REMOVE = 21,     /* list: so many elements (amount) from index number on; length */
	CHANGE_LIST_SET = 22,        /* list: value; number: of which index; length */
	CHANGE_STREAM_ADD = 23,      /* stream: element = the entry's id, value = its fields, each name and value as RESP; or what a group has (stream_group.h) */
	CHANGE_STREAM_REMOVE = 24,   /* stream: likewise; number 1: a pending entry is acknowledged, so it stays gone whoever is given it meanwhile */
	CHANGE_STREAM_TRIM = 25,     /* stream: every entry that it has seen below the id in value, and that one, too, if number is 1 */
	CHANGE_STREAM_REACH = 26,    /* stream: it is there, and its last id is the one in value, or a later one */
	CHANGE_UNION = 27,           /* string that is a HyperLogLog: value: words that it has seen from now on (number UNION_WORDS), each as RESP has
	                              * strings, or a HyperLogLog that becomes part of it (UNION_WHOLE) */
};

/* CHANGE_BITS: number tells both. Bits are counted as Redis does, the highest of the first byte is 0. */
static inline int64_t bits_place(uint64_t at, unsigned width) { return (int64_t)(at * 64 + (width - 1)); }
static inline uint64_t bits_at(int64_t number) { return (uint64_t)number / 64; }
static inline unsigned bits_width(int64_t number) { return (unsigned)((uint64_t)number % 64) + 1; }
#define BITS_AT_MAX (UINT64_C(1) << 56)

enum sibling_bit {
	SIBLING_REMOVAL = 1,         /* the version is a removal */
	SIBLING_FIELD = 2,           /* of a hash field; else of a string */
	SIBLING_ALONE = 4,           /* no other version was alive where this write was made */
	SIBLING_CLEARING = 8,        /* the version's write cleared the key first */
	SIBLING_BITS = 15,           /* all of them */
};

enum union_of { UNION_WORDS, UNION_WHOLE };
extern const struct slice union_empty;       /* a HyperLogLog that has seen nothing, as Redis makes it */

#define LIST_TAIL INT64_C(-1)
#define EXPIRE_KEEP INT64_C(-1)
#define DB_ALL UINT32_MAX
#define DB_RESERVED SCRIPT_DB_RESERVED /* the reserved database, whichever it is where the change is applied: homes */

struct change {
	enum change_kind kind;
	uint32_t db;
	struct slice key;            /* the slices are borrowed from what the change was read from */
	struct slice element;
	struct slice value;
	struct slice result;         /* of increments by a fraction: the number after it, as text; empty: it means nothing to others */
	union {                      /* one field on the wire; which one it is follows from the kind */
		int64_t number;      /* increments: what is added; patches: where it is written */
		int64_t is_expiry;   /* CHANGE_CLEAR: 1 if the key expired, else 0 */
		int64_t sibling_bits;        /* CHANGE_SIBLING: enum sibling_bit */
	};
	double score;
	int64_t expire_at_ms;        /* Unix time in milliseconds */
	struct slice dc;             /* siblings: their dot and time */
	uint64_t incarnation, seq, hlc;
	uint64_t length, amount;     /* lists: how many elements there were before the change; how many it removes */
};

enum write_choice { WRITE_ORDINARY, WRITE_RESOLVES, WRITE_IGNORES };   /* numbers are the wire's */

/* What is told of a write besides its changes. Slices are borrowed like the changes'. */
struct write_facts {
	struct slice command;        /* as the client sent it, by its name in command.def; empty: homeportd's own */
	struct slice client;         /* what the client calls itself (CLIENT SETNAME); may be empty */
	bool is_explicit;            /* CONTEXT counts instead of the batch's: what the client had seen, although more was applied here */
	struct slice context;        /* encoded homeport.Position messages, each as field 5 of homeport.Write */
	enum write_choice choice;    /* does it end a conflict on purpose? */
	struct slice by;             /* on behalf of whom it does so */
};

/* A write's changes. plan_command adds to them, plan_finish and envelope_write_next start afresh; reuse it after changes_reset. */
struct changes {
	struct change *items;
	unsigned count;
	unsigned cap;
	struct write_facts facts;
};
static inline void changes_reset(struct changes *changes)
{
	changes->count = 0;
	changes->facts = (struct write_facts){ 0 };
}
struct change *changes_add(struct changes *changes, enum change_kind kind, uint32_t db, struct slice key);
void changes_make_room(struct changes *changes, uint64_t count);      /* of so many more, at once */
void changes_free(struct changes *changes);

/* The kind of element that the change is about; false: it is about whole keys (a clear, a flush). */
bool change_kind_of(const struct change *change, enum kind *kind);
/* Is it about a stream as a whole, not about one of its entries? Its element has no name. */
bool change_is_of_stream(const struct change *change);
/* Does it change part of a string's bytes, whatever the others are (a patch)? */
bool change_is_patch(const struct change *change);
/* Does it remove what it is about? */
bool change_is_removal(const struct change *change);
/* Is it one change that only sets one value or adds to it, without a deadline, and that has seen what its batch has? Such a write may stay latent. */
bool changes_are_plain(const struct changes *changes);

#endif
