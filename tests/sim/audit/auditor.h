/* Auditor: an independent judge. It watches what clients asked, what stores executed and what logs hold, and keeps its own
 * happens-before. From these it computes by docs/replication-model.md alone what every store must hold, and compares.
 *
 * It shares no code with the core (tests/check/auditor-is-independent): what was shipped it reads by the published schema, docs/homeport.proto.
 * What it learns there about a client's write is compared with what it saw the store execute. */
#ifndef SIM_AUDITOR_H
#define SIM_AUDITOR_H

#include <limits.h>
#include "tests/sim/traffic/audit_rule.h"
#include "tests/sim/traffic/lane.h"
#include "tests/sim/store/pool.h"
#include "tests/sim/traffic/requests.h"
#include "tests/sim/store/sim_store.h"

struct auditor;

/* A core says that a write (of origin DC, INCARNATION, SEQ) was concurrent with others, all of one origin. DCs by their place in dc_names. */
struct told_conflict {
	unsigned dc, other_dc;
	uint64_t incarnation, seq, other_incarnation;
	const uint64_t *other_seqs;
	unsigned count;
};

/* A core asks for a handler to be run on these versions. */
struct told_version { struct slice dc; uint64_t incarnation, seq; bool is_present; struct slice value; };
struct told_handling {
	uint32_t db;
	struct slice key, element;
	const struct told_version *versions;
	unsigned count;
};

/* What a core counts when all is quiet. */
struct told_status {
	uint64_t keys, elements;     /* with metadata */
	uint64_t outbox_events;
	uint64_t held_events;        /* of all DCs' logs */
	unsigned peers_with_other_rules;
};

#define AUDIT_NOBODY UINT_MAX

struct audit_options {
	unsigned dc_count;
	const char *const *dc_names;
	struct pool *pool;           /* borrowed */
	struct requests *requests;   /* borrowed */
	enum audit_rule (*rule_of)(struct slice key);
	unsigned (*rank_of)(unsigned dc);        /* under priority: smaller is better */
	bool (*user_of)(struct slice key, unsigned *user);       /* whose a key is that only his home may write; NULL: there are no homes */
	unsigned (*home_of)(unsigned user);      /* where he lives by default; AUDIT_NOBODY: where somebody writes for him first */
};

struct auditor *auditor_new(const struct audit_options *options);
void auditor_free(struct auditor *auditor);

/* What happens, as it happens. */
void auditor_group_begins(struct auditor *auditor, unsigned dc, const struct lane_group *group);
/* … and here is the store that it runs in, where there are homes. */
void auditor_homes_before(struct auditor *auditor, unsigned dc, const struct sim_store *store);
void auditor_command_ran(struct auditor *auditor, unsigned dc, const struct sim_store *store, const struct sim_executed *executed);
void auditor_group_ends(struct auditor *auditor, unsigned dc, const struct lane_group *group, unsigned journal);
void auditor_group_answered(struct auditor *auditor, unsigned dc, const struct lane_group *group);
/* Somebody deleted it, with what only a running sidecar remembers then. */
void auditor_outbox_lost(struct auditor *auditor, unsigned dc);
/* Keys of DC's store were deleted behind its sidecar's back. Until it notices it may say, and write, what is not so. */
void auditor_store_doubted(struct auditor *auditor, unsigned dc, bool is_doubtful);
/* The store has executed the oldest group, and its clients are not told. */
void auditor_group_dropped(struct auditor *auditor, unsigned dc);
void auditor_connection_broke(struct auditor *auditor, unsigned dc);
void auditor_sidecar_crashed(struct auditor *auditor, unsigned dc);
void auditor_store_rewound(struct auditor *auditor, unsigned dc, unsigned journal);
void auditor_log_landed(struct auditor *auditor, unsigned dc, struct slice bytes);
/* The log of DC, which is in its store, has lost this message. IS_FORGOTTEN: so has its sidecar. */
void auditor_log_lost(struct auditor *auditor, unsigned dc, struct slice bytes, bool is_forgotten);
void auditor_conflict(struct auditor *auditor, unsigned dc, const struct told_conflict *conflict);
/* What time it is, whatever clocks show. */
void auditor_time(struct auditor *auditor, uint64_t now_us);
/* DC says that all entries of streams with ids that datacenters chose before this time are in its store. */
void auditor_ordered(struct auditor *auditor, unsigned dc, uint64_t until_ms, bool is_recalling);
/* DC says that it has all that PEER committed until so long ago. */
void auditor_staleness(struct auditor *auditor, unsigned dc, unsigned peer, uint64_t staleness_ms);
void auditor_asked(struct auditor *auditor, const struct client_request *request);
void auditor_session_asked(struct auditor *auditor, const struct client_request *request);
void auditor_session_replied(struct auditor *auditor, const struct client_request *request, struct slice reply);
/* From now on all is healed, and everything that was shipped is applied everywhere. */
void auditor_session_rest(struct auditor *auditor);
void auditor_replied(struct auditor *auditor, const struct client_request *request, struct slice reply);
/* A core asks for a handler. IS_CALM: nothing ever breaks in this world, and nobody makes the core run handlers again. */
void auditor_handle(struct auditor *auditor, unsigned dc, const struct told_handling *told, bool is_calm);
/* How many values of custom rules wait for a handler. */
unsigned auditor_unmerged(struct auditor *auditor);
/* The rules changed for some keys. What these hold is no longer computed; the DCs must only agree. */
void auditor_rules_changed(struct auditor *auditor, bool (*is_concerned)(struct slice key));
bool auditor_has_changed_rules(const struct auditor *auditor);
/* DC's sidecar is about to be told to give a user away. */
void auditor_home_ordered(struct auditor *auditor, unsigned dc, unsigned user);
/* A store removed a key because its deadline had passed. */
void auditor_expired(struct auditor *auditor, unsigned dc, uint32_t db, uint32_t key);
/* No sidecar was told of that. */
void auditor_expiry_lost(struct auditor *auditor, uint32_t db, uint32_t key);

/* The end: everything is quiet. */
void auditor_store_final(struct auditor *auditor, unsigned dc, const struct sim_store *store, uint64_t clock_ms);
void auditor_status_final(struct auditor *auditor, unsigned dc, const struct told_status *status);
/* Where DC's core says that a user lives. After auditor_store_final. */
void auditor_home_told(struct auditor *auditor, unsigned dc, unsigned user, unsigned home, uint64_t epoch);
/* Calls VISIT for every string and hash field that was ever written. */
void auditor_each_subject(struct auditor *auditor, void (*visit)(void *context, uint32_t db, uint32_t key, bool is_field, uint32_t element),
                          void *context);
/* After every DC's store and status were given. */
void auditor_conclude(struct auditor *auditor);
/* The same, where some DC needs a resync: judges each store by what it has applied. IS_BLIND: by DC; one that went on without metadata that a log
 * had lost did not see what met those writes. */
void auditor_conclude_apart(struct auditor *auditor, const bool *is_blind);

/* Findings are faults, one line each in the report. The caller may add its own. */
void auditor_find(struct auditor *auditor, const char *format, ...) __attribute__((format(printf, 2, 3)));
unsigned auditor_findings(const struct auditor *auditor);
const char *auditor_report(const struct auditor *auditor);
unsigned auditor_exempt_keys(const struct auditor *auditor);
unsigned auditor_lost_legitimately(const struct auditor *auditor);
/* Stores that were judged though some DC needed a resync. */
unsigned auditor_judged_sessions(const struct auditor *auditor);        /* times that a client was told that what a token tells is here */
unsigned auditor_judged_apart(const struct auditor *auditor);
unsigned auditor_flips(const struct auditor *auditor);                   /* homes that were given away … */
unsigned auditor_flips_unanswered(const struct auditor *auditor);        /* … and of which the sidecar was not told */
unsigned auditor_conflict_pairs(const struct auditor *auditor);

#endif
