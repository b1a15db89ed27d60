/* Core: the replication rules, as a machine without I/O: core_step takes one event and gives effects.
 * No clock, socket, thread, file, log, global or random number in here; the same events give the same effects.
 * The simulator and the daemon drive it through the same three headers: core.h, event.h, effect.h. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "proxy/core/commands/change.h"
#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/vocabulary/event.h"
#include "proxy/core/wire/record.h"
#include "proxy/core/rules/rules.h"

struct core_rule {
	const char *match;           /* glob as in Redis's KEYS */
	const char *rule;            /* "lww", "priority", "record", "merge", "custom" */
	const char *const *order;    /* priority: names of DCs, first wins; those not named come after, newest first */
	unsigned order_count;
	uint64_t handler_digest;     /* custom: of the handler's text */
	const char *ttl;             /* merge: of several deadlines the "newest" (or NULL), "longest" (none is longest of all) or "shortest" */
};

struct core_options {
	const char *const *dcs;      /* all DCs, dcs[0] is this one; borrowed for core_new only */
	unsigned dc_count;
	const struct core_rule *rules;  /* first match wins; nothing matches: lww; borrowed for core_new only */
	unsigned rule_count;
	uint32_t databases;          /* of the store, the reserved one included */
	uint32_t reserved_db;
	uint32_t heartbeat_ms;       /* 500 */
	uint32_t drift_ms_max;       /* 500: a DC ahead of us by more raises an alarm */
	uint32_t quarantine_ms;      /* 3 600 000: a DC ahead by more is not applied until our clock is near */
	uint64_t message_bytes_max;  /* of the own log; larger batches are split: 900 000 */
	uint64_t inbox_bytes_max;    /* per DC; past it the log is paused: 64 MiB */
	uint64_t outbox_bytes_max;   /* not yet durable in the log; past it writes are refused: 256 MiB */
	uint64_t metadata_bytes_max; /* versions not yet stable; past it writes are refused: 1 GiB */
	uint32_t group_commands_max; /* 1024 */
	uint32_t record_value_bytes_max; /* of a side's value in a conflict record: 256 */
	uint64_t records_max;        /* entries of CORE_CONFLICTS_KEY: 100 000 */
	uint64_t records_bytes_max;  /* … the memory they take in the store: 256 MiB */
	uint64_t records_age_ms_max; /* … and how long they are kept: 7 days */
	uint32_t handler_retry_ms;   /* pause after a handler's first failure, doubled with each: 1000 … */
	uint32_t handler_retry_ms_max; /* … up to this: 300 000 */
	uint32_t siblings_max;       /* of one element, through ASK_SET: 32; one more is refused */
	bool is_listing_conflicts;   /* give EFFECT_CONFLICT for each; counters count them anyway */
};

enum peer_state { PEER_RECALLING, PEER_FOLLOWING, PEER_HELD, PEER_QUARANTINED, PEER_UNDECODABLE, PEER_NEEDS_RESYNC, PEER_STATE_COUNT };
const char *peer_state_text(enum peer_state state);

/* Numbers for metrics and /readyz. Counters since core_new. */
struct core_peer_status {
	enum peer_state state;
	uint64_t applied_events;
	uint64_t duplicate_events;
	uint64_t gaps;
	uint64_t held_events;        /* received, waiting for a cause */
	uint64_t held_bytes;
	uint64_t applied_seq;        /* of the newest incarnation */
	uint64_t known_seq;          /* newest seq that exists there, as far as we have heard */
	uint64_t owed_events;        /* own writes it is not known to have applied */
	uint64_t fresh_ms;           /* everything it committed up to here (its HLC's milliseconds) is visible; 0: nothing heard yet */
	uint64_t heard_ms;           /* our time when its last batch or heartbeat was taken in */
	int64_t clock_offset_ms;     /* its clock minus ours at its last message; transport time included */
	uint64_t rules_digest;
	bool rules_differ;
	int64_t log_position;        /* last message taken in */
};

struct core_status {
	bool is_open;                /* between OPENED and LOST */
	bool is_store_refusing;      /* remote batches were refused by the store: waiting until it takes writes */
	bool is_recalling;           /* remote writes wait for metadata */
	uint64_t incarnation, seq, hlc;
	uint64_t rules_digest;
	uint64_t local_writes, void_writes, refused_writes;
	uint64_t dropped_rereads;    /* keys that expired or lost their reply and were not read back, as too many waited */
	uint64_t aborted_groups;     /* the store refused the transaction (out of memory, read-only, …) */
	uint64_t groups_unanswered;
	uint64_t outbox_events, outbox_bytes;
	uint64_t unstable_keys, unstable_elements, metadata_bytes;
	uint64_t kept_keys;          /* all stable, kept for an open decision; not among the unstable ones */
	uint64_t conflicts[CORE_RULES][KIND_COUNT][OUTCOME_COUNT];  /* by rule (core_rule_text), kind (core_kind_text), outcome */
	uint64_t open_conflicts;     /* records that wait for a decision */
	uint64_t episodes, episode_bytes;    /* records in memory: open, or with writes that are not stable */
	uint64_t unsettled_episodes; /* with writes that are not stable, or ended and not written yet */
	uint64_t records[RECORD_STATUS_COUNT];   /* records ended since core_new, by how they did */
	uint64_t stored_records, stored_record_bytes;    /* in the store, when that was measured last */
	uint64_t stored_versions;    /* fields of CORE_VERSIONS_KEY, when they were counted last */
	uint64_t swept_versions;     /* … whose data was gone: removed */
	uint64_t handler_runs, handler_failures, refused_siblings;
	unsigned peer_count;         /* = dc_count; [0] is this DC's own log while recalling */
	struct core_peer_status peers[CORE_DCS_MAX];
};

struct core;
/* NULL when the options contradict each other: *error says what and what to do. */
struct core *core_new(const struct core_options *options, const char **error);
void core_free(struct core *core);
void core_step(struct core *core, const struct event *event, struct effects *effects);
const struct core_status *core_status(struct core *core);
/* Moves on whenever gathered requests are sent. As long as it is what it was at a client's last write, that has not been sent,
 * and the client's next read must go through the core, too, to see it. */
uint64_t core_gathering(const struct core *core);
/* Local writes are held back: remote ones, or what is run again, go first. */
bool core_is_holding(const struct core *core);
/* Of groups sent to the store and not answered. */
uint64_t core_unanswered_bytes(const struct core *core);
/* Asserts every invariant: the simulator calls it after each step. */
void core_check(const struct core *core);

const char *core_rule_text(unsigned rule);       /* NULL past the end */
const char *core_kind_text(unsigned kind);
const char *outcome_text(enum outcome outcome);

#endif
