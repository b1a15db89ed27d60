/* What the auditor's files share: its record of every write.
 *
 *   auditor.c       watches groups, stores and logs     audit_outcome.c   what a key must hold in the end (rules 4 to 8)
 *   audit_ship.c    what was shipped, by the log        audit_conflict.c  which pairs are conflicts (rule 9)
 *   audit_derive.c  what a command did, by its reply    audit_final.c     compares stores with outcomes
 *   audit_command.c what it is told for a client */
#ifndef SIM_AUDIT_STATE_H
#define SIM_AUDIT_STATE_H

#include "tests/sim/proto/proto_batch.h"
#include "audit_fact.h"
#include "auditor.h"

#define AUDIT_DCS_MAX 8

/* A version of an element, as a core tells of it: to a client or to other DCs. */
struct audited_sibling {
	bool is_known;               /* it has a dot */
	bool is_removal;
	unsigned origin;
	uint64_t seq;
	uint32_t value;
	uint32_t db, key, element;   /* shipped ones: of what */
	bool is_field;
	bool is_alone;               /* shipped ones: said to be the only version alive there */
};

struct audited_write {
	uint64_t hlc;
	unsigned origin;
	uint64_t seq;
	bool is_executed, is_shipped;
	bool is_answered;            /* its group's answer reached the sidecar that sent it */
	bool is_rewound;             /* its store forgot it */
	bool is_doubted;             /* the connection broke before it was in the log: the core may settle it by reading back */
	bool is_at_risk;             /* the sidecar crashed before it was in the log */
	bool has_derived;            /* a client's command: DERIVED is what the store was seen to do */
	uint64_t token;              /* 0: the core's own */
	unsigned request_command;
	struct facts derived, shipped;
	struct vector seen;          /* owned: its context as shipped */
	bool is_explicit;            /* its client brought a context of its own: that counts for what it covers */
	struct vector claimed;       /* owned: that context */
	struct audited_sibling *siblings;        /* owned: shipped with it, as alive beside it */
	unsigned sibling_count, sibling_cap;
	enum proto_choice choice;
	bool is_asked;               /* by a client that deals with versions; else a choice is a handler's */
	struct vector executed_at;   /* owned: what its store had executed */
};

struct audited_origin {
	unsigned dc;
	uint64_t incarnation;
	struct audited_write **writes;   /* owned; by seq - 1; NULL: never heard of */
	unsigned count, cap;
};

/* What a client asked of versions, and what it was told. */
struct audited_ask {
	uint64_t token;
	bool is_replied, is_final;   /* FINAL: asked when all was quiet */
	struct vector floor;         /* owned: what its DC was known to have when it was asked */
	struct vector seen;          /* owned: the context it was given */
	struct audited_sibling *siblings;        /* owned */
	unsigned sibling_count, sibling_cap;
	bool is_executed;
	unsigned writes;             /* shipped on its behalf */
	const struct audited_write *write;       /* with its context; NULL: none was shipped */
};

/* Versions that a handler was asked to merge, ordered by dot. */
struct audited_handling {
	unsigned dc;
	uint32_t db, key, element;
	struct audited_sibling *versions;        /* owned */
	unsigned version_count;
};

/* A point in a store's history to come back to. */
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
};

struct audited_dc {
	struct vector applied;       /* what its store has executed */
	struct vector ever;          /* … at any time, forgotten or not */
	struct vector answered;      /* … as far as its sidecar was told */
	struct audited_point *points; /* owned */
	unsigned point_count, point_cap;
	struct audited_group *groups; /* owned */
	unsigned group_count, group_cap;
	struct audited_group *silent; /* owned: executed, and the sidecar never heard */
	unsigned silent_count, silent_cap;
	struct pairs reported;
	struct buffer parts;         /* of a batch that comes in several messages */
	const struct sim_store *store;   /* at the end */
	uint64_t clock_ms;
	/* the group that is running */
	const struct lane_group *group;
	struct call { unsigned index; bool is_derived, is_persist; struct facts facts; } *calls;  /* owned: writes to clients' databases, in order;
	                                                                                           * an MSET that answers several is one for each */
	unsigned call_count, call_cap, call_next;
	struct buffer intent;        /* the outbox entry it added */
	bool has_intent;
	struct vector advanced;      /* positions it wrote */
};

struct auditor {
	struct audit_options options;
	struct audited_dc dcs[AUDIT_DCS_MAX];
	struct audited_origin *origins; /* owned */
	unsigned origin_count, origin_cap;
	struct proto_batch batch;    /* read last */
	struct buffer report;
	unsigned findings;
	struct { uint32_t db, key; } *exempt;    /* owned: keys whose expiry notification was lost */
	unsigned exempt_count, exempt_cap;
	struct audited_expiry *expiries;         /* owned: in the order in which stores met them */
	unsigned expiry_count, expiry_cap;
	bool (*is_changed)(struct slice key);    /* its rule changed on the way; NULL: none did */
	unsigned lost_count;
	struct pairs expected;
	struct audited_ask *asks;    /* owned */
	unsigned ask_count, ask_cap;
	unsigned judged_replies, judged_records;
	struct audited_handling *handlings;      /* owned */
	unsigned handling_count, handling_cap;
};

/* auditor.c */
unsigned audit_origin(struct auditor *auditor, unsigned dc, uint64_t incarnation);     /* finds or adds */
int audit_dc(const struct auditor *auditor, struct slice name);                        /* -1: unknown */
struct audited_write *audit_write(struct auditor *auditor, unsigned origin, uint64_t seq);     /* finds or adds */
struct audited_write *audit_find(const struct auditor *auditor, unsigned origin, uint64_t seq); /* NULL: never heard of */
const char *audit_dot(const struct auditor *auditor, unsigned origin, uint64_t seq);   /* readable; eight at a time */
/* Does NEWER replace OLDER where both wrote? By what was shipped; a client's own context counts before its DC's. */
bool audit_covers(const struct audited_write *newer, const struct audited_write *older);
/* Had NEWER's DC applied OLDER when it made it? */
bool audit_follows(const struct audited_write *newer, const struct audited_write *older);
/* Positive: A is newer. */
int audit_compare(const struct auditor *auditor, const struct audited_write *a, const struct audited_write *b);

/* audit_ship.c */
const char *audit_facts_text(const struct auditor *auditor, const struct facts *facts);

/* audit_dots.c */
void audit_dots(struct auditor *auditor);

/* audit_expiry.c */
struct touch;
bool audit_is_exempt(const struct auditor *auditor, uint32_t db, uint32_t key);
/* Had this DC's store dropped what TOUCH wrote because of a deadline, when it had executed SEEN? No write may say so yet. */
bool audit_has_expired(const struct auditor *auditor, unsigned dc, const struct touch *touch, const struct vector *seen);
void audit_expiries_free(struct auditor *auditor);

/* audit_context.c */
/* Into VECTOR; false: it cannot be read. */
bool audit_context_read(struct auditor *auditor, struct slice text, struct vector *vector);

/* audit_command.c */
bool audit_is_word(struct slice argument, const char *word);     /* in whatever case */
/* Of how many clients' commands this is the answer. */
unsigned audit_command(struct auditor *auditor, unsigned dc, const struct sim_executed *executed);

/* audit_derive.c */
/* False: the reply does not tell. */
bool audit_derive(struct auditor *auditor, const struct sim_store *store, const struct sim_executed *executed, struct facts *facts);
/* What the pair at argument AT of an MSET did: as much as a SET of its own. */
void audit_derive_pair(struct auditor *auditor, const struct sim_executed *executed, unsigned at, struct facts *facts);

/* audit_ask.c */
/* A write on behalf of a client that deals with versions was executed, or shipped as SHIPPED. */
void audit_asked_execution(struct auditor *auditor, const struct audited_write *write, const struct proto_write *shipped);
void audit_asked_write(struct auditor *auditor, unsigned dc, struct audited_write *write, const struct proto_write *shipped);
struct audited_keys;
void audit_asks(struct auditor *auditor, const struct audited_keys *keys);
void audit_asks_free(struct auditor *auditor);

/* audit_handler.c */
void audit_handlings(struct auditor *auditor, struct audited_keys *keys);
void audit_handlings_free(struct auditor *auditor);

/* audit_conflict.c */
/* A write that was lost with store and sidecar, or shipped void because a crash took its reply, leaves reports behind that nobody else can confirm. */
bool audit_has_changed(const struct auditor *auditor, unsigned origin, uint64_t seq);
void audit_conflicts(struct auditor *auditor, const struct audited_keys *keys);

#endif
