/* The auditor's state: what it knows of each datacenter, origin and client. What its files do for each other is in audit_parts.h. */
#ifndef SIM_AUDIT_STATE_H
#define SIM_AUDIT_STATE_H

#include "audit_write.h"
#include "auditor.h"

#define AUDIT_USERS 12               /* who may have homes */

/* A point in a store's history to which the store can be rewound. */
struct audited_point {
	unsigned journal;
	struct vector applied;       /* owned */
};

/* A key whose deadline a store met. */
struct audited_expiry {
	unsigned dc;
	uint32_t db, key;
	struct vector applied;       /* owned: what the store had executed by then */
};

/* A group executed and not yet answered, or never answered. */
struct audited_group {
	uint64_t id;
	struct vector before, after; /* owned */
	unsigned origin;             /* of its local writes */
	uint64_t first_seq;
	unsigned write_count;
	unsigned flips;              /* homes that it gives away */
};

struct audited_home { unsigned dc; uint64_t epoch; bool is_forced; };
struct audited_taking { unsigned user, origin; uint64_t seq; };
struct audited_flip { unsigned user; struct audited_home from, to; };

struct audited_dc {
	struct vector applied;       /* what its store has executed */
	struct vector ever;          /* what its store has executed at any time, even if it lost it since */
	uint64_t recalling_us;       /* true time when its core was seen to read logs back last */
	uint64_t ordered_ms;         /* the latest up to which its core has ever said that streams' entries are in order */
	bool is_doubtful;            /* keys were deleted there, and its sidecar has not noticed yet */
	bool was_doubtful;           /* … once: what it told of a record in that moment it may never end */
	struct vector answered;      /* what its store has executed and its sidecar was told of */
	struct audited_point *points; /* owned */
	unsigned point_count, point_cap;
	struct audited_group *groups; /* owned */
	unsigned group_count, group_cap;
	struct audited_group *silent; /* owned: groups that were executed and whose answer never reached the sidecar */
	unsigned silent_count, silent_cap;
	struct pairs reported;
	struct buffer parts;         /* the parts so far of a batch that comes in several messages */
	const struct sim_store *store;   /* at the end */
	uint64_t clock_ms;
	/* the group that is running */
	const struct lane_group *group;
	struct call { unsigned index; bool is_derived, is_persist; struct facts facts; } *calls;  /* owned: writes to clients' databases, in order;
	                                                                                           * an MSET that answers several is one for each */
	unsigned call_count, call_cap, call_next;
	struct buffer intent;        /* the outbox entry it added */
	bool has_intent;
	struct vector advanced;      /* the positions that it wrote */
	struct audited_home homes[AUDIT_USERS];  /* of the store, so far */
	struct audited_flip *flips;  /* owned: homes that it wrote */
	unsigned flip_count, flip_cap;
	struct { bool is; struct vector had; } ordered[AUDIT_USERS];     /* it was told to give the user away, for the first time since it last did; and what its store had executed then */
};

struct auditor {
	struct audit_options options;
	struct audited_dc dcs[AUDIT_DCS_MAX];
	struct audited_origin *origins; /* owned */
	unsigned origin_count, origin_cap;
	uint64_t now_us;             /* the true time */
	struct proto_batch batch;    /* read last */
	struct buffer report;
	unsigned findings;
	struct { uint32_t db, key; } *exempt;    /* owned: keys whose notification of expiry was lost */
	unsigned exempt_count, exempt_cap;
	struct audited_expiry *expiries;         /* owned: in the order in which stores met them */
	unsigned expiry_count, expiry_cap;
	bool (*is_changed)(struct slice key);    /* did the key's rule change during the run? NULL: no rule did */
	unsigned lost_count;
	struct pairs expected;
	struct audited_ask *asks;    /* owned */
	unsigned ask_count, ask_cap;
	struct audited_session *sessions;        /* owned */
	unsigned session_count, session_cap;
	bool is_at_rest;             /* all is healed and applied: whoever waits for what was shipped waits for nothing */
	unsigned judged_replies, judged_records, judged_apart, judged_sessions;
	struct audited_handling *handlings;      /* owned */
	unsigned handling_count, handling_cap;
	struct audited_taking *takings;          /* owned: take-overs that were shipped */
	unsigned taking_count, taking_cap;
	struct audited_taking *claims;           /* owned: shipped writes by which a datacenter made itself the home of somebody who had none */
	unsigned claim_count, claim_cap;
	unsigned claimed_by[AUDIT_USERS];        /* who did so last, and 1; 0: nobody */
	bool is_taken[AUDIT_USERS];              /* a store has executed one of this user */
	unsigned flips, flips_answered;          /* homes that were given away, and of which the sidecar was told so */
};

#endif
