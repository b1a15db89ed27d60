/* Options: what the core is configured with. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define CORE_DCS_MAX 16              /* datacenters that can replicate, this one included */
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
	uint32_t record_value_bytes_max; /* of a side's value in a conflict record: 256 */
	uint64_t records_max;        /* entries of CORE_CONFLICTS_KEY: 100 000 */
	uint64_t records_bytes_max;  /* of the memory they take in the store: 256 MiB */
	uint64_t records_age_ms_max; /* how long they are kept: 7 days */
	uint32_t handler_retry_ms;   /* pause after a handler's first failure, doubled with each: 1000 */
	uint32_t handler_retry_ms_max; /* the longest such pause: 300 000 */
	uint32_t incarnations_max;   /* remembered; past it writes are refused, until some can be forgotten: CORE_INCARNATIONS_MAX */
	uint32_t waits_max;          /* clients that wait for session tokens: 10 000; one more is refused */
	uint32_t siblings_max;       /* of one element, through ASK_SET: 32; one more is refused */
	bool is_listing_conflicts;   /* give EFFECT_CONFLICT for each; counters count them anyway */
};

#endif
