/* Status: what the sidecar knows about itself, in one place. The turn and the clients' side write it; /metrics, /readyz, /v1/status and INFO read
 * it. Nothing is decided by it. */
#ifndef PROXY_STATUS_H
#define PROXY_STATUS_H

#include "config/settings.h"
#include "connectors/net/endpoint.h"
#include "connectors/store/store.h"
#include "proxy/core/core.h"
#include "histogram.h"
#include "isolation.h"

/* Now, by both clocks: what the wall clock shows may be wrong, and set at any time, so how long ago something was is told by the steady one. */
struct moment { uint64_t unix_ms, steady_ms; };

enum command_result {
	COMMAND_RESULT_OK,             /* answered, and not with an error */
	COMMAND_RESULT_ERROR,          /* the store, or the session in its place, answered with an error */
	COMMAND_RESULT_REFUSED,        /* not executed: a limit, or the store is away */
	COMMAND_RESULT_UNSUPPORTED,    /* not executed: cannot be replicated */
	COMMAND_RESULT_COUNT
};

enum forward_result {
	FORWARD_RESULT_ANSWERED,       /* by the home */
	FORWARD_RESULT_MOVED,          /* the user lives elsewhere by now: it was sent on there */
	FORWARD_RESULT_UNREACHABLE,    /* not executed */
	FORWARD_RESULT_UNKNOWN,        /* sent, and the answer is lost */
	FORWARD_RESULT_COUNT
};

/* Counted since the start of the process, where each thing happens. */
struct sidecar_counters {
	uint64_t commands[COMMAND_RESULT_COUNT];
	struct histogram command_duration; /* from taking a command in to giving out its answer */
	struct histogram turn_duration; /* of the loop, without waiting for events */
	uint64_t clients;              /* connected now */
	uint64_t blocked_clients;      /* that wait for something to pop */
	uint64_t tracking_clients;     /* CLIENT TRACKING, now */
	uint64_t tracking_messages;
	uint64_t tracking_dropped;     /* keys, over limits.tracking */
	uint64_t clients_accepted;
	uint64_t clients_refused;      /* over limits.clients */
	uint64_t clients_closed_query; /* over limits.client_query */
	uint64_t clients_closed_output; /* over limits.client_output */
	uint64_t forwards[FORWARD_RESULT_COUNT];       /* commands and orders sent to other datacenters */
	uint64_t forwarded_bytes;      /* of those, without an answer */
	uint64_t alarms;               /* EFFECT_ALARM */
	uint64_t store_losses;         /* connections to the store that broke */
	uint64_t conflicts_published;  /* messages the conflicts topic took */
	uint64_t shipped_bytes;        /* of messages given to the own log, those given again included */
	uint64_t received_bytes[CORE_DCS_MAX]; /* of messages read from each DC's log; [0]: the own one, read back after a start */
	uint64_t conflicts_unpublished; /* entries of the stream of conflict records that it has not taken */
	/* By DC, from a write there to its being visible here. */
	struct histogram replication_latency[CORE_DCS_MAX];
};

struct log_status {
	bool is_connected;
	uint64_t retention_ms;         /* of the own log: how long a message stays at most; 0: as long as a DC lacks it, or not known */
	char text[200];                /* what the connector last said about it; for people */
};

/* The last time that the settings were read, at the start or on SIGHUP. */
struct settings_status {
	bool has_failed;               /* the file had a mistake: what was read before still counts */
	char text[400];                /* that mistake */
	struct moment read;            /* when a file without one was */
};

/* The last drill whose report this sidecar was given since its start. */
struct drill_status {
	uint64_t ended_ms;             /* our wall clock, when the report came; 0: none was given */
	uint64_t drills[2];            /* all that were given: those that were not whole, those that were */
	bool is_whole;                 /* all users moved, and back where that was ordered */
	uint64_t moved, moved_back, refused, not_tried;
	uint64_t p50_ms, p99_ms, max_ms;       /* no write of a user was held for longer */
	uint64_t lasted_ms, conflicts;
	bool is_isolated;              /* the source was cut off */
	/* -1: not measured. */
	int64_t writes_lost, stale_reads, rpo_ms, rto_ms, stranded;
};

struct sidecar_status {
	const struct settings *settings;
	struct endpoint redis;         /* where our Redis is; one that is found by Sentinels moves */
	const struct sentinel *sentinel; /* NULL: the address of Redis is configured; owned by main */
	struct tls *tls;               /* for connections that are encrypted; owned by main */
	struct core *core;             /* NULL before the store was opened for the first time */
	const struct store *store;     /* NULL before it exists */
	const char *const *dcs;        /* names; [0] is this DC */
	unsigned dc_count;
	struct log_status logs[CORE_DCS_MAX]; /* each DC's log as this one sees it; [0] is the own one */
	struct sidecar_counters counters;
	struct settings_status reading;
	struct drill_status drill;
	struct isolation_status isolation;
	struct moment started;
	bool is_draining;              /* a stop is under way */
};

const char *command_result_text(enum command_result result);
const char *forward_result_text(enum forward_result result);
/* How old what we have of a peer may be, whatever the wall clocks show. -1: unknown, as nothing was applied, or its clock was not compared yet. */
int64_t status_staleness_ms(const struct core_peer_status *peer, const struct moment *now);
/* How long ago anything was heard from a peer: since this sidecar started, if nothing was since then. */
uint64_t status_heard_age_ms(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now);
/* Its log has been read for longer than alarms.heartbeat_age, and nothing was heard from it. */
bool status_is_silent(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now);
/* Writes of a peer that are known here and not applied. -1: unknown, as nothing was heard from it for alarms.heartbeat_age, or since this sidecar started. */
int64_t status_lag_events(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now);

#endif
