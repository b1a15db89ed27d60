/* What the auditor remembers of each write, of each client that deals with versions, and of each handler. */
#ifndef SIM_AUDIT_WRITE_H
#define SIM_AUDIT_WRITE_H

#include "tests/sim/proto/proto_batch.h"
#include "audit_fact.h"

#define AUDIT_DCS_MAX 8

/* A version of an element, as a core describes it to a client or to other DCs. */
struct audited_sibling {
	bool is_known;               /* it has a dot */
	bool is_removal;
	unsigned origin;
	uint64_t seq;
	uint32_t value;
	uint32_t db, key, element;   /* of a shipped one: which element it is a version of */
	bool is_field;
	bool is_alone;               /* of a shipped one: the core says that no other version was alive at its DC */
};

struct audited_write {
	bool is_home;                /* it was shipped as a home of a user */
	uint64_t hlc;
	unsigned origin;
	uint64_t seq;
	uint64_t batch_seq;          /* the first of the batch in which it was shipped */
	bool is_executed, is_shipped;
	bool is_answered;            /* its group's answer reached the sidecar that sent it */
	bool is_rewound;             /* its store lost it */
	bool is_doubted;             /* the connection broke before the write was in the log: the core may ship what it reads back instead */
	bool is_unsure;              /* keys of its store were deleted: it may say that it saw less than it did, or not know what to leave alive */
	bool is_at_risk;             /* the sidecar crashed before it was in the log */
	bool is_log_lost;            /* the log lost it after it was shipped, and it was not shipped again */
	bool has_derived;            /* it is a client's command, and DERIVED is what the store was seen to do */
	uint64_t token;              /* of the client's request; 0: the core's own write */
	unsigned request_command;
	struct facts derived, shipped;
	struct vector seen;          /* owned: its context as shipped */
	bool is_explicit;            /* its client gave a context, and that one, not SEEN, decides what the write covers */
	struct vector claimed;       /* owned: that context */
	struct audited_sibling *siblings;        /* owned: versions that were shipped with it as alive beside it */
	unsigned sibling_count, sibling_cap;
	enum proto_choice choice;
	bool is_asked;               /* it comes from a client that deals with versions; otherwise a CHOICE is a handler's */
	struct vector executed_at;   /* owned: what its store had executed when it executed this */
	uint64_t executed_us;        /* true time when that was */
	bool is_early;               /* its core had not read its log back, or only just: it may have forgotten what it had promised */
	uint64_t ordered_ms[AUDIT_DCS_MAX];      /* by DC: up to when it had said that streams' entries are in order, when its store executed this first */
};

struct audited_origin {
	unsigned dc;
	uint64_t incarnation;
	struct audited_write **writes;   /* owned; by seq - 1; NULL: never heard of */
	unsigned count, cap;
};

/* A request of a client that deals with versions, and what it was told. */
struct audited_ask {
	uint64_t token;
	bool is_replied, is_final;   /* FINAL: asked when all was quiet */
	struct vector floor;         /* owned: what its DC was known to have when it was asked */
	struct vector seen;          /* owned: the context it was given */
	struct audited_sibling *siblings;        /* owned */
	unsigned sibling_count, sibling_cap;
	bool is_executed;
	unsigned writes;             /* how many were shipped on its behalf */
	const struct audited_write *write;       /* the one with its context; NULL: none was shipped */
};

struct audited_session {             /* a client asked for a token */
	uint64_t token;              /* the request's */
	uint32_t text;               /* in the pool: the session token it was given; 0: none yet */
	struct vector seen;          /* owned: what its DC's clients could have read when it asked */
};

/* Versions that a handler was asked to merge, ordered by dot. */
struct audited_handling {
	unsigned dc;
	uint32_t db, key, element;
	struct audited_sibling *versions;        /* owned */
	unsigned version_count;
};

#endif
