/* Status: the core's numbers, for metrics and people. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "clock_pair.h"
#include "proxy/core/commands/change.h"
#include "proxy/core/rules/rules.h"
#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/vocabulary/options.h"
#include "proxy/core/wire/record.h"

#define CORE_REFUSAL_MAX 160
#define CORE_ID_MAX 32               /* characters of a datacenter's id */

enum peer_state { PEER_RECALLING, PEER_FOLLOWING, PEER_HELD, PEER_QUARANTINED, PEER_FOREIGN, PEER_UNDECODABLE, PEER_NEEDS_RESYNC, PEER_STATE_COUNT };

enum clock_verdict {
	CLOCK_UNCOMPARED,            /* nothing is known of it, or not exactly enough */
	CLOCK_AGREES,                /* with ours, or with more than half of all */
	CLOCK_DIFFERS,               /* from ours, and there is no majority that tells which of the two is wrong */
	CLOCK_WRONG,                 /* more than half of all agree, and not with it */
};

/* Redis clients retry on it. */
#define CORE_STORE_AWAY "LOADING Homeport has no working connection to its Redis right now (/readyz?verbose says why), try again"
#define CORE_TROUBLE_UNREADABLE \
	"HOMEPORT the reserved database holds what this version of homeportd cannot read: nothing is written or replicated; start the version " \
	"that wrote it, or a later one"
#define CORE_TROUBLE_INCARNATIONS \
	"HOMEPORT more incarnations of datacenters are remembered than can be told apart: nothing is written or replicated; Redis was restarted " \
	"thousands of times while a peer heard nothing of it: this datacenter needs a resync (docs/operating.md, needs-resync)"
#define CORE_REFUSAL_INCARNATIONS \
	"HOMEPORT too many restarts of Redis servers are remembered, as some peer has not heard of them yet: writes are refused until it has; stop what " \
	"restarts Redis again and again, and see that every peer is heard"

/* Part of what is kept beside the data is gone. Nobody can tell what of the data is. */
#define CORE_TROUBLE_TORN \
	"HOMEPORT this Redis lost a part of what homeportd keeps in it, so nobody can tell whether its data is right: nothing is read, written or applied " \
	"here until the data is gone, too, and comes back from the logs; /readyz?verbose says what to do"
#define CORE_TROUBLE_ADOPTING \
	"LOADING Homeport looks in its log whether this datacenter is new, as its Redis holds data and nothing of homeportd, try again"
#define CORE_TROUBLE_EXCHANGED \
	"HOMEPORT this Redis holds the data of another datacenter that has the same name: nothing is written or replicated; give this sidecar its own " \
	"Redis back (redis.address); to let it become this other datacenter, restart it"
#define CORE_TROUBLE_RIVAL \
	"HOMEPORT another sidecar goes by the name of this datacenter, with another Redis: writes are refused at both until one is gone; stop the one " \
	"that does not belong there, or give it a dc of its own"

enum homes_doubt { HOMES_AGREE, HOMES_UNHEARD, HOMES_DIFFER };

/* Numbers for metrics and /readyz. Counters since core_new. */
struct core_peer_status {
	enum peer_state state;
	uint64_t applied_events;
	uint64_t duplicate_events;
	uint64_t gaps;
	uint64_t held_events;        /* received, waiting for a cause */
	uint64_t held_bytes;
	uint64_t waiting_since_ms;   /* our steady clock since when the first of them has been the first; 0: none waits */
	unsigned waiting_for;        /* held: the DC whose writes it waits for */
	bool is_paused;              /* the inbox is full: its log is not read on */
	bool is_recall_due;          /* recalling: its log has not yet been read back as far as needed */
	const char *why;             /* needs-resync: why; constant */
	uint64_t applied_seq;        /* of the newest incarnation */
	struct { uint64_t incarnation, seq; } newest;        /* the newest write of it that is in our store; 0 0: none */
	uint64_t known_seq;          /* newest seq that exists there, as far as we have heard */
	uint64_t owed_events;        /* own writes it is not known to have applied */
	uint64_t fresh_at_ms;        /* all that it committed before our steady clock showed this is in our store, which has answered; 0: unknown */
	uint64_t entries_from_ms;    /* Unix time: of streams' entries whose ids it chooses, all with earlier ids are in our store; 0: unknown */
	uint64_t ordered_at_ms;      /* our steady clock when that rose last; 0: never */
	uint64_t listening_since_ms; /* our steady clock since when its log has been read without a break; 0: it is not read: our store is away, or it is paused, or stopped */
	uint64_t unheard_since_ms;   /* our steady clock since when it is known to hear nothing of us; 0: it is not */
	uint64_t heard_ms;           /* our steady clock when its last message was received, whether or not it could be applied; 0: never */
	uint64_t dead_ms;            /* our steady clock from when on it is taken to be dead, if it is not heard before: users are taken over from it then */
	struct clock_span clock_ahead;       /* its wall clock, of ours; of that with index 0: 0 */
	enum clock_verdict clock_verdict;
	int64_t clock_off_ms;        /* WRONG: how far it is ahead of those that agree; DIFFERS: of ours */
	uint64_t quarantine_until_ms;        /* quarantined: by our wall clock, when it ends at the latest */
	uint64_t rules_digest;
	bool rules_differ;
	enum homes_doubt homes_doubt;        /* of configured homes; for as long as this datacenter is in doubt */
	bool is_beyond_incarnations; /* undecodable, because it names more incarnations than can be told apart */
	char foreign_dc[CORE_ID_MAX + 1];    /* foreign: whose messages its log holds */
	char id[CORE_ID_MAX + 1];    /* of that datacenter; empty: not known yet */
	char stranger_id[CORE_ID_MAX + 1];   /* with which another datacenter of that name writes its log, or did */
	uint64_t stranger_ms;        /* our steady clock when a message of such a one was read; 0: never */
	bool is_following_other;     /* it takes a datacenter with another id for this one */
	bool was_heard;              /* at some time, maybe by an earlier process */
	int64_t log_position;        /* last message taken in */
};

/* How a user's move from here to another home ended. */
enum move_result {
	MOVE_DONE,                   /* the new home has it */
	MOVE_UNCONFIRMED,            /* given away; the new home has not said in time that it knows */
	MOVE_LATE,                   /* undone: the new home did not confirm in time that it has the user's writes */
	MOVE_LOST,                   /* the connection to the store was lost: undone; or unknown, where the write was under way */
	MOVE_REFUSED,                /* undone: the store refused the write that gives him away */
	MOVE_FORCED,                 /* taken over from a home that is dead */
	MOVE_CLAIMED,                /* he was nobody's, and we wrote for him (default: first) */
	MOVE_RESULT_COUNT,
};

struct core_status {
	bool is_open;                /* between OPENED and LOST */
	bool is_store_refusing;      /* remote batches were refused by the store: waiting until it takes writes */
	uint64_t refused_since_ms;   /* remote batches have been refused since then, by our steady clock, and none was taken; 0: the last one was taken */
	char refusal[CORE_REFUSAL_MAX];      /* … with this error of the store */
	bool is_recalling;           /* remote writes wait for metadata */
	uint64_t recalling_since_ms; /* … since then, by our steady clock; 0: they do not */
	bool has_lost_metadata;      /* an opening went on without metadata that a log had lost: what met those writes may have ended otherwise here */
	const char *recovery;        /* the state of the opening (docs/recovery.md); constant */
	const char *trouble;         /* why nothing is written or replicated although the store is connected; NULL: nothing is wrong */
	unsigned lost_parts;         /* of the reserved database (event.h) */
	uint64_t rival_ms;           /* our steady clock when somebody else was last seen to go by our name; 0: nobody does */
	uint64_t incarnations;       /* that are remembered, of all datacenters; at CORE_INCARNATIONS_MAX writes are refused */
	uint64_t indexes;            /* of incarnations; those are in it that nothing but something old in memory names */
	uint64_t incarnation, seq, hlc;
	uint64_t rules_digest;
	uint64_t local_writes, void_writes, refused_writes;
	bool is_ordering;            /* some rule says that streams are read in order */
	uint64_t late_entries;       /* of other datacenters, which were put into a stream below what was there */
	uint64_t raised_ids;         /* entries of streams that were added again above what the stream held */
	uint64_t turn_elements_max;  /* of whole keys, that one turn dealt with */
	uint64_t sliced_turns;       /* turns that dealt with a part of a key only */
	uint64_t dropped_rereads;    /* keys that expired or lost their reply and were not read back, as too many waited */
	uint64_t aborted_groups;     /* the store refused the transaction (out of memory, read-only, …) */
	uint64_t groups_unanswered;
	uint64_t outbox_events, outbox_bytes;
	uint64_t unstable_keys, unstable_elements, metadata_bytes;
	uint64_t kept_keys;          /* all stable, kept for an open decision; not among the unstable ones */
	uint64_t conflicts[CORE_RULES][KIND_COUNT][OUTCOME_COUNT];  /* by rule (core_rule_text), kind (core_kind_text), outcome */
	uint64_t scripts, scripts_bytes, scripts_dropped;    /* clients' scripts that are remembered; forgotten, at the limit */
	uint64_t libraries_refused;  /* libraries of functions that the store did not take; the first of them, and why */
	char library_refused[64], library_refusal[128];
	uint64_t waits;              /* clients that wait for session tokens */
	uint64_t waits_behind;       /* of them: told in the end that this DC lacks what they saw elsewhere */
	uint64_t waits_refused;      /* as limits.waits waited already */
	uint64_t open_conflicts;     /* records that wait for a decision */
	uint64_t episodes, episode_bytes;    /* records in memory: open, or with writes that are not stable */
	uint64_t unsettled_episodes; /* with writes that are not stable, or ended and not written yet */
	uint64_t records[RECORD_STATUS_COUNT];   /* records ended since core_new, by how they did */
	uint64_t stored_records, stored_record_bytes;    /* in the store, when that was measured last */
	uint64_t stored_versions;    /* fields of CORE_VERSIONS_KEY, when they were counted last */
	uint64_t log_deleted_ms, history_deleted_ms; /* our steady clock when it was seen that a person deleted the log, or the conflict records, in the store; 0: never */
	uint64_t swept_versions;     /* fields that were removed from it, as their data was gone */
	uint64_t handler_runs, handler_failures, refused_siblings;
	/* homes (docs/replication-model.md) */
	uint64_t homes[CORE_DCS_MAX + 1];        /* users with a home of their own, by where that is; CORE_DC_UNKNOWN the last */
	uint64_t home_bytes;         /* of the table of them */
	uint64_t homes_doubted_ms;   /* our steady clock since when peers may have other homes configured: home of nobody by default; 0: they do not */
	uint64_t held_writes, held_bytes;        /* requests that wait now, and their memory */
	uint64_t stranded_writes;    /* changes that a take-over of their user had not seen, nor they the take-over; since core_new */
	uint64_t moves;              /* under way */
	uint64_t moves_ended[MOVE_RESULT_COUNT]; /* since core_new, by how (core_move_result_text) */
	uint64_t off_home_writes[HOME_AWAY_COUNT];       /* of users who live elsewhere, by what became of them */
	unsigned peer_count;         /* = dc_count; [0] is this DC's own log while recalling */
	struct core_peer_status peers[CORE_DCS_MAX];
};

#endif
