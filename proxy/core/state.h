/* State: everything the core remembers, for the files that implement core_step. Nobody else includes this. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "proxy/core/asks/asked.h"
#include "proxy/core/conflicts/conflict.h"
#include "core.h"
#include "proxy/core/wire/envelope.h"
#include "proxy/core/groups/group.h"
#include "proxy/core/remote/inbox.h"
#include "proxy/core/local/outbox.h"
#include "proxy/core/rules/policies.h"
#include "proxy/core/recovery/recovery.h"
#include "proxy/core/conflicts/render.h"
#include "proxy/core/ledger/retention.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/asks/sweep.h"

struct core {
	/* what was configured */
	char **dc_names;
	struct core_options options;
	struct policies *policies;                   /* owned; those that count now, and through them older ones */
	/* rules that differ, or did (rules_change.c) */
	bool is_suspecting;
	bool is_settling;                            /* all agree again: what suspects are is being read back */
	bool is_rules_due;                           /* the store does not know yet whether the rules differ */
	struct suspect *suspects;                    /* owned; keys decided meanwhile between several versions */
	unsigned suspect_count, suspect_cap, suspects_written;   /* the first ones: the store has them */
	/* what lives as long as the core */
	struct core_status status;
	struct origins origins;                      /* indexes stay, what is applied is read anew at each opening */
	struct append_list sent, waiting;            /* to the connector and not durable; not handed over yet */
	struct append_list carried;                  /* of earlier openings that ended before the own log was read; the store may have lost them.
	                                              * In the order in which they were executed */
	uint64_t next_append_id, outbox_bytes, outbox_events;
	uint64_t hlc;
	uint64_t announced[ORIGINS_MAX];             /* largest contexts that others may have heard of us */
	bool has_announced;                          /* … is complete: this process has read the own log to its end */
	bool is_store_refusing;                      /* remote groups, or our own writes, were aborted: try before sending more */
	struct envelope_scratch *scratch;
	struct changes changes, results, latent;     /* scratch */
	struct arena seqs;                           /* of conflict reports, until the next step */
	struct buffer text;                          /* scratch */
	struct buffer replies;                       /* of asks answered in this step, until the next */
	size_t reply_at;                             /* where the next one begins */
	/* what is rebuilt at each opening */
	bool is_open;
	uint64_t nonce;
	unsigned self;                               /* our origin */
	uint64_t next_seq, answered_seq;
	struct keyspace keyspace;
	struct conflicts conflicts;
	struct peer peers[CORE_DCS_MAX];
	uint64_t now_ms;
	struct effects *effects;
	/* groups */
	struct apply_window *apply_window;           /* apply.c; owned, NULL until it is needed */
	struct group *open[2];                       /* by protocol: gathering, not sent */
	struct slice client;                         /* of the request that is being gathered: its name for itself */
	uint64_t gathering;                          /* counts the times that open groups were sent */
	uint64_t next_group_id;
	struct group *spare_groups;                  /* empty ones */
	unsigned spare_group_count;
	struct group *unanswered, **unanswered_end;
	unsigned unanswered_count, local_unanswered, remote_unanswered;
	uint64_t unanswered_bytes;                   /* of unanswered */
	struct group *done;                          /* answered in the last step */
	unsigned flushes_in_flight;
	struct group *aborted, **aborted_end;        /* answered with an abort: their units are to be re-run */
	unsigned units_rerun;                        /* of aborted's first group */
	bool is_draining;                            /* a remote batch waits for local answers: send no local group */
	struct buffer resolutions;                   /* RESP: outbox entries to be added with the next group */
	unsigned resolution_count;
	struct retention retention;
	struct sweep sweep;
	uint64_t trim_ms, trim_seq;                  /* outbox entries before this one are durable in the log */
	bool is_trim_due;
	/* recovery */
	bool is_hello_seen, is_gate_open;            /* own log read to its end; finals may be appended */
	uint64_t heard[ORIGINS_MAX], heard_hlc;      /* what the own log has said so far */
	bool is_begun;                               /* a hello of our incarnation stands in the own log, at its position or before */
	bool is_log_cut;                             /* … although it no longer has its beginning */
	bool is_log_lost;                            /* … nor had when the store first knew a position in it; for good */
	bool is_recalled;                            /* metadata is whole: remote writes may be applied */
	struct buffer run_id;
	bool is_run_due;                             /* the store does not have our incarnation yet, nor where earlier ones ended */
	bool is_probe_due;                           /* the store refused the probe: ask again */
	uint64_t opened_applied[ORIGINS_MAX];        /* applied when opening: up to here metadata has to be recalled */
	uint64_t logged[ORIGINS_MAX];                /* of own origins: what the own log holds */
	uint64_t answered_first;                     /* of our origin: what was answered since stands from here on, up to answered_seq */
	struct answered { uint64_t incarnation, first, last; bool is_begun; } stored_answered;  /* … as the store's positions had it at opening */
	struct stored *stored;
	unsigned stored_count;
	struct reread *rereads;
	unsigned reread_count, reread_cap;
	uint64_t heartbeat_ms, record_ms, trial_ms;  /* when last */
	struct handling {                            /* the handler that runs: one at a time */
		uint64_t id;                         /* 0: none */
		uint32_t db;
		enum kind kind;
		struct slice key, element;           /* owned */
		struct context *context;             /* what it was shown; held */
		uint64_t due_ms;                     /* nobody answered until then: it is given up */
	} handling;
	struct handle_version *handled;              /* owned; of the step's EFFECT_HANDLE */
	uint64_t next_handle_id, opened_ms;
	uint64_t looked_ms, look_pause_ms;           /* for a conflict that a handler is to merge: when last, and until the next time */
	struct asked *asks, **asks_end;              /* owned; in the order they came */
	uint64_t next_internal;                      /* tokens of our own asks count down from here */
};

/* episode_store.c */
void episodes_write(struct core *core, struct group *group);          /* what changed, with a group of remote writes or positions */
void episodes_unwritten(struct core *core, struct group *group);      /* the store refused it */
bool episodes_are_pending(const struct core *core);
bool episodes_have_ended(const struct core *core);                    /* … and some are to leave the store */
void episodes_pump(struct core *core, bool is_moved);                 /* IS_MOVED: more is stable than at the last call */
/* episode_restore.c */
void episodes_restore(struct core *core, const struct event *event);
/* latent_take.c */
void latent_open(struct core *core);                                  /* a new keyspace: from now on its latent writes can be read */
/* core.c */
void core_announce(struct core *core, const struct context *context);        /* others are about to hear that we have seen this */
bool core_has_applied(const struct core *core, const struct context *context);   /* NULL: nothing to apply */
bool core_is_caught_up(const struct core *core);                     /* the store has all that our writes count as having seen */
/* Adds to a context of our origin OWN what had been announced before that incarnation; false: it was all there. */
bool core_lift(const struct core *core, struct context **context, unsigned own);
/* The same for its time: that of its write SEQ, which was stamped HLC. */
uint64_t core_lift_hlc(const struct core *core, unsigned own, uint64_t seq, uint64_t hlc);
/* Writes of ours are in the log, or about to be: what is settled after them is later. */
void core_note_logged(struct core *core, unsigned own, uint64_t first_seq, uint64_t hlc, unsigned writes);
/* A batch of ours: its context, lifted; a new reference. Its time is lifted in place. */
struct context *core_lifted(struct core *core, struct batch *batch, bool *is_lifted);
void core_open_keyspace(struct core *core);
void core_alarm(struct core *core, unsigned dc, const char *text);
uint64_t core_tick_hlc(struct core *core, unsigned writes);          /* hlc of the first of WRITES new writes */
unsigned core_positions(const struct core *core, const struct context *context, struct position *positions);
struct context *core_context(struct core *core);                     /* what is applied now; a new reference */
struct context *core_confirmed(struct core *core);                   /* what the store has answered; a new reference */
struct context *core_translate(struct core *core, struct slice positions);   /* as in write_facts.context; what is unknown is left out */

#endif
