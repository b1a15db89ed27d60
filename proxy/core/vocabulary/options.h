/* Options: what the core is configured with. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define CORE_DCS_MAX 16              /* datacenters that can replicate, this one included */
#define CORE_DC_UNKNOWN CORE_DCS_MAX /* as a home: a datacenter that is not configured here */
#define CORE_INCARNATIONS_MAX 4096   /* incarnations of all DCs that are remembered; each restart of a Redis begins one. At it writes are refused */
#define CORE_WAIT_MS_MAX 60000       /* the longest wait for a session token */
#define CORE_INCARNATIONS_KNOWN_MAX (2 * CORE_INCARNATIONS_MAX)  /* that can be told apart: nonsense beyond. Nothing has this size */

struct core_rule {
	const char *match;           /* glob as in Redis's KEYS */
	const char *rule;            /* "lww", "priority", "record", "merge", "custom" */
	const char *const *order;    /* priority: names of DCs, first wins; those not named come after, newest first */
	unsigned order_count;
	uint64_t handler_digest;     /* custom: of the handler's text */
	const char *ttl;             /* merge: of several deadlines the "newest" (or NULL), "longest" (none is longest of all) or "shortest" */
	bool is_bits_merged;         /* what keeps every value is given parts by SETBIT and BITFIELD all the same */
	bool is_stream_ordered;      /* XREAD shows an entry only once none can come in front of it */
};

/* What becomes of a write to a user's key where another datacenter is the user's home. */
enum home_away { HOME_ACCEPT, HOME_REDIRECT, HOME_FORWARD, HOME_REFUSE, HOME_AWAY_COUNT };

struct core_home_default { const char *match; const char *dc; uint32_t weight; };    /* of a list: match and dc; of a hash: dc and weight */

struct core_home {                   /* docs/replication-model.md, "Homes" */
	const char *match;           /* glob with one {id} */
	const char *name;            /* NULL: "user" */
	enum home_away away;
	bool is_read_home;           /* reads are looked at as writes are */
	bool is_pop_home;            /* pops go home, whatever AWAY says */
	bool is_mixed_accepted;      /* users of several homes in one request are taken where they are */
	bool is_hash;                /* the default is by weights; else a list */
	const struct core_home_default *defaults;    /* may be missing where an earlier pattern of the name has them */
	unsigned default_count;
	bool is_first;               /* there is none: the first datacenter that writes for a user becomes his home */
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
	uint64_t quarantine_ms;      /* 3 600 000: a DC ahead by more is not applied until our clock is near */
	uint64_t message_bytes_max;  /* of the own log; larger batches are split: 900 000 */
	uint64_t inbox_bytes_max;    /* per DC; past it the log is paused: 64 MiB */
	uint64_t outbox_bytes_max;   /* not yet durable in the log; past it writes are refused: 256 MiB */
	uint64_t metadata_bytes_max; /* versions not yet stable; past it writes are refused: 1 GiB */
	uint32_t group_commands_max; /* 1024 */
	uint32_t forget_per_turn;         /* marks of stable writes that are dropped in one turn, if there are not very many: 10 000 */
	uint32_t elements_per_turn;       /* of whole keys that are taken in, or sent, in one turn: 4096 */
	uint32_t record_value_bytes_max; /* of a side's value in a conflict record: 256 */
	uint64_t records_max;        /* entries of CORE_CONFLICTS_KEY: 100 000 */
	uint64_t records_bytes_max;  /* of the memory they take in the store: 256 MiB */
	uint64_t records_age_ms_max; /* how long they are kept: 7 days */
	uint32_t handler_retry_ms;   /* pause after a handler's first failure, doubled with each: 1000 */
	uint32_t handler_retry_ms_max; /* the longest such pause: 300 000 */
	uint32_t incarnations_max;   /* remembered; past it writes are refused, until some can be forgotten: CORE_INCARNATIONS_MAX */
	uint32_t waits_max;          /* clients that wait for session tokens: 10 000; one more is refused */
	uint32_t siblings_max;       /* of one element, through ASK_SET: 32; one more is refused */
	const struct core_home *homes; /* the first that fits a key counts; borrowed for core_new only */
	unsigned home_count;
	uint64_t held_bytes_max;     /* writes that wait for a move, or until it is known who is home; past it they are refused: 64 MiB */
	uint64_t scripts_bytes_max;  /* of scripts that are remembered; past it those used longest ago go: 64 MiB */
	uint32_t hold_ms_max;        /* how long a write waits, and a move may take where its order does not say: 1000 */
	bool is_log_in_store;        /* the own log is kept in the store: what that forgets, the log has forgotten, too */
	bool is_listing_conflicts;   /* give EFFECT_CONFLICT for each; counters count them anyway */
};

#endif
