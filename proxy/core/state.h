/* State: everything the core remembers, for the files that implement core_step. Nobody else includes this.
 *
 *   gather.c   a local write joins the group          inbox.c    messages of logs wait for their causes
 *   group.c    a group is sent, answered, re-run      remote.c   ready batches become a group
 *   outbox.c   final batches wait for the log         stability.c  what all have is forgotten
 *   recover.c  opening: from the store and the logs   positions.c  what is written beside the effects
 *   settle.c   outbox entries whose outcome is unknown  reread.c  what is read back from the store */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "conflict.h"
#include "core.h"
#include "envelope.h"
#include "render.h"
#include "rule.h"

/* ---- groups: transactions for the store ---- */

enum group_kind {
	GROUP_LOCAL,         /* clients' writes and our own (read-backs) */
	GROUP_REMOTE,        /* outcomes of remote batches */
	GROUP_RECORD,        /* positions or resolutions alone */
	GROUP_PROBE,         /* recovery asks what became of checked writes */
	GROUP_TRIAL,         /* does the store take writes again? */
	GROUP_ASK,           /* what the store holds of a key whose versions a client asks for */
};

struct member {                      /* one command of a group */
	enum plan plan;              /* PLAN_NONE: a read */
	unsigned reply_first, reply_count, answer;
	size_t write_at, write_len;  /* in group.writes */
	unsigned key_first, key_count;
	bool is_flush;
	uint64_t ask;                /* the ask whose write it is: it answers the client itself; 0: none */
	bool is_emptying;            /* its last reply says whether the collection is still there */
};

struct unit {                        /* one request: what is re-run together */
	uint64_t token;
	uint32_t db;
	unsigned protocol;
	unsigned member_first, member_count;
	size_t command_at, command_len;      /* in group.bytes, without a leading SELECT */
};

/* A remote group removed from this key (owned): does it still have the deadline that was decided? */
struct check { unsigned reply; uint32_t db; struct slice key; int64_t deadline_ms; };        /* 0: none is known */
struct reach { unsigned origin; uint64_t seq; };     /* a remote group brings this origin up to seq */

struct group {
	struct group *next;
	enum group_kind kind;
	uint64_t id;
	unsigned protocol;
	struct buffer bytes, writes, payload; /* RESP; encoded intents; header and intents: the outbox entry */
	struct script script;
	struct member *members;
	unsigned member_count, member_cap, write_count;
	struct unit *units;
	unsigned unit_count, unit_cap;
	struct slot *slots;
	unsigned slot_count, slot_cap;
	struct key_name *names;              /* of the keys its writes touch; each name's ptr is set when the group is closed: they stand */
	struct buffer name_bytes;            /* … here, one behind the other */
	unsigned name_count, name_cap;
	struct key **keys;                   /* none until it is closed; under way then */
	unsigned key_count, key_cap;
	unsigned flush_count;
	bool is_sent;
	bool is_provisional;                 /* sent before we knew all that was announced */
	bool has_resolutions;                /* it carries them */
	bool is_lifted;                      /* its context claims more than its replies are based on */
	struct stamp stamp;                  /* of its first write; holds its context */
	unsigned xadd_reply;                 /* which reply is the outbox entry's id */
	unsigned measure_reply;              /* how many records are stored, and in the next one their bytes; 0: not asked */
	uint64_t ask;                        /* for which ask */
	struct spills spills;                /* it carries them */
	bool has_run;                        /* record: the incarnation, too */
	int64_t trim_position;               /* record: the own log need not keep what is up to here; POSITION_BEGIN: nothing new */
	struct reach *reaches;
	unsigned reach_count, reach_cap;
	struct buffer ends;                  /* RESP: records that ended or are no more: to be written all the same if the store refuses this */
	unsigned end_count;
	struct check *checks;
	unsigned check_count, check_cap;
	uint64_t written_ms[CORE_DCS_MAX];   /* remote: oldest write of each DC, for latency; 0: none */
	uint64_t visible_writes[CORE_DCS_MAX];
};

/* ---- appends: messages for the own log ---- */

struct append {
	struct append *next;
	uint64_t id;                         /* 0: not handed to the connector yet */
	struct slice bytes;                  /* owned */
	unsigned origin;
	uint64_t last_seq;                   /* 0: a heartbeat, or a part before the last */
	unsigned events;
	uint64_t entry_ms, entry_seq;        /* the outbox entry it settles; 0 0: none */
	bool is_part;                        /* one before the last: the own log must not be read again from here */
	bool is_guess;                       /* carried: its outcome was never asked for */
};

struct append_list { struct append *first, **end; };

/* ---- the inbox ---- */

struct delivery {                    /* one message of a log */
	struct delivery *next;
	int64_t position;
	struct slice bytes;                  /* owned */
	struct context *context;             /* by our origin indexes; held */
	struct slice writes;                 /* in bytes */
	unsigned origin, write_count;
	uint64_t first_seq, hlc, hello, rules_digest;
	bool is_gap_counted, is_lifted;
};

struct mile { int64_t position; unsigned origin; uint64_t seq; };    /* up to this message, origin reached seq */

struct peer {                        /* one DC's log and what we know of the DC; [0] is this DC */
	struct delivery *first, **end;
	uint64_t held_events, held_bytes;
	bool is_paused, is_following, is_drift_alarmed;
	enum peer_state state;
	uint64_t known_incarnation;          /* the newest it was heard in */
	int64_t position;                    /* last message received */
	int64_t follow_position;             /* from here it must be read again after a restart */
	bool is_follow_moved;                /* … and the store does not know yet */
	struct mile *miles;                  /* applied but not stable, in log order */
	unsigned mile_head, mile_count, mile_cap;
	uint64_t known[ORIGINS_MAX];         /* what it has applied */
	uint64_t applied_digest;             /* of its rules, as of its last batch that was applied here; 0: none yet */
	struct buffer parts;                 /* of a batch that comes in parts */
	uint32_t part_next;
	struct core_peer_status status;
};

/* ---- recovery ---- */

struct stored {                      /* an outbox entry found at opening that the log may lack */
	struct slice intent, final;          /* owned; final empty: not known yet */
	uint64_t entry_ms, entry_seq;
	unsigned origin;
	uint64_t first_seq;
	unsigned write_count;
};

/* ---- clients that deal with versions themselves ---- */

enum ask_phase { ASK_WAITING, ASK_LOADING, ASK_WRITING };

struct asked {                       /* EVENT_ASKED; also a handler's result, with a token of the core's own */
	struct asked *next;
	uint64_t token;
	bool is_internal;                    /* nobody waits for the answer */
	enum ask ask;
	enum ask_phase phase;
	uint32_t db;
	enum kind kind;                      /* which of the key's elements */
	bool is_explicit;
	bool is_keeping_ttl;
	enum choice choice;
	enum write_choice write_choice;
	struct slice key, element, value, id, by, client;  /* owned */
	struct context *context;             /* what it has seen; held. NULL: all that is applied */
	/* what the store said of a key without metadata; forgotten when the ask has to wait after all */
	bool is_loaded, has_value, has_dot;
	bool is_outdated;                    /* the key was settled anew while the store was asked: ask again */
	struct slice loaded;                 /* owned */
	unsigned origin;
	uint64_t seq, hlc;
	bool is_written;                     /* the write took place: what is left is to tell what there is now */
};

/* ---- rules ---- */

struct policies {
	struct policies *older;              /* keys made under them may still be there */
	struct policy *items;                /* owned */
	struct policy fallback;              /* for keys that none matches */
	unsigned count;
	uint64_t digest;
	bool is_handling;                    /* some rule's is */
};

struct retention { uint64_t trimmed_ms, added_bytes; };      /* of records (retention.c) */

struct reread { uint32_t db; struct slice key; bool is_expired; };   /* owned key: to be read back */

struct core {
	/* what was configured */
	char **dc_names;
	struct core_options options;
	struct policies *policies;                   /* owned; those that count now, and through them older ones */
	/* rules that differ, or did (rules_change.c) */
	bool is_suspecting;
	bool is_settling;                            /* all agree again: what suspects are is being read back */
	bool is_rules_due;                           /* the store does not know yet whether the rules differ */
	struct reread *suspects;                     /* owned; keys decided meanwhile between several versions */
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
	struct changes changes, results;
	struct buffer seqs;                          /* of conflict reports, until the next step */
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
	struct key **expected_keys;                  /* borrowed: of the changes about to be applied, in their order: a hint */
	unsigned expected_count;
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
	uint64_t trim_ms, trim_seq;                  /* outbox entries before this one are durable in the log */
	bool is_trim_due;
	/* recovery */
	bool is_hello_seen, is_gate_open;            /* own log read to its end; finals may be appended */
	uint64_t heard[ORIGINS_MAX], heard_hlc;      /* what the own log has said so far */
	bool is_log_cut;                             /* … although it no longer has its beginning */
	bool is_recalled;                            /* metadata is whole: remote writes may be applied */
	struct buffer run_id;
	bool is_run_due;                             /* the store does not have our incarnation yet, nor where earlier ones ended */
	bool is_probe_due;                           /* the store refused the probe: ask again */
	uint64_t opened_applied[ORIGINS_MAX];        /* applied when opening: up to here metadata has to be recalled */
	uint64_t logged[ORIGINS_MAX];                /* of own origins: what the own log holds */
	uint64_t answered_first;                     /* of our origin: what was answered since stands from here on, up to answered_seq */
	struct answered { uint64_t incarnation, first, last; } stored_answered;  /* … as the store's positions had it at opening */
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

/* gather.c */
void gather_request(struct core *core, const struct event *event);
void gather_readback(struct core *core, uint32_t db, struct slice key, bool is_expired);
void gather_untimed(struct core *core, uint32_t db, struct slice key);
void gather_settles(struct core *core);
void gather_close(struct core *core);            /* sends the open groups */
const char *gather_limit(const struct core *core);                   /* why no write is taken now; NULL: all is well */
/* The write of an ask, as it stands in core->changes; ARGV is what the store is told. */
/* Does a write that was gathered and not sent yet touch this key? (Once it is sent, the key's under_way says so.) */
bool gather_touches(const struct core *core, uint32_t db, struct slice key);
void gather_asked(struct core *core, const struct asked *asked, enum plan plan, unsigned argc, const struct slice *argv);
struct unit *group_add_unit(struct group *group, uint64_t token, uint32_t db);
struct member *group_add_member(struct group *group);
void group_add_slot(struct group *group, uint64_t token, unsigned reply, unsigned request);
void group_note_keys(struct group *group, struct member *member, const struct changes *changes);
void group_find_keys(struct core *core, struct group *group);        /* when all are noted */
/* group_memory.c */
struct group *group_new(struct core *core, enum group_kind kind);
void group_free(struct core *core, struct group *group);
void group_free_spare(struct core *core);
void group_release_keys(struct core *core, struct group *group);    /* its writes are no longer under way */
/* group.c */
void group_close_local(struct core *core, struct group *group);     /* stamps, adds the outbox entry, sends */
void group_send(struct core *core, struct group *group);            /* EXEC, and off to the store */
void group_answered(struct core *core, const struct event *event);
void group_reread(struct core *core, const struct group *group);    /* its answer will not come */
void group_rerun(struct core *core);                                 /* aborted groups: one request at a time */
/* outbox.c */
/* BYTES: a whole batch, copied. FACTS: origin, last_seq, events, entry. */
void outbox_add_batch(struct core *core, struct append_list *list, struct slice bytes, const struct append *facts);
void outbox_disown_entries(struct core *core);   /* ids of outbox entries mean nothing after a reconnect */
void append_free(struct core *core, struct append *append);
void append_list_clear(struct core *core, struct append_list *list);
void append_list_move(struct append_list *from, struct append_list *to);
void outbox_hand_over(struct core *core);        /* all that waits, whatever the gate */
void outbox_pump(struct core *core);
void outbox_appended(struct core *core, uint64_t id, int64_t position);
void outbox_retry(struct core *core, uint64_t id);
void outbox_heartbeat(struct core *core, bool is_hello);
void outbox_add_void(struct core *core, struct append_list *list, unsigned origin, uint64_t first_seq, uint64_t last_seq);
void append_list_init(struct append_list *list);
void append_list_add(struct append_list *list, struct append *append);
/* inbox.c */
void inbox_take(struct core *core, unsigned dc, int64_t position, struct slice bytes);
void inbox_drop(struct core *core, unsigned dc);
/* Stops following a DC's log until somebody mends it; says so. */
void peer_stop(struct core *core, unsigned dc, enum peer_state state, const char *text);
void inbox_pop(struct core *core, struct peer *peer);
/* remote.c */
void remote_pump(struct core *core);
void apply_writes(struct core *core, const struct stamp *first, struct slice writes, enum apply_mode mode);
/* One write: its changes, in order, with its own context where it has one. */
void apply_changes(struct core *core, const struct stamp *stamp, const struct changes *changes, enum apply_mode mode);
/* ask.c */
void ask_take(struct core *core, const struct event *event);
void ask_add(struct core *core, struct asked *asked);                /* takes it over */
void ask_pump(struct core *core);
void ask_answered(struct core *core, const struct group *group, const struct event *event);
void ask_written(struct core *core, uint64_t token, struct slice reply);
bool ask_refused(struct core *core, uint64_t token, struct slice error);    /* false: no ask has this token */
void ask_outdate(struct core *core, uint32_t db, struct slice key);  /* what the store said of this key no longer holds */
void ask_outdate_changed(struct core *core, const struct changes *changes);  /* … of what was written meanwhile */
void ask_drop_all(struct core *core);
/* ask_write.c */
void ask_write(struct core *core, struct asked *asked, struct element *element);
/* ask_reply.c */
void ask_reply_siblings(struct core *core, const struct asked *asked, const struct element *element);
void ask_reply_explain(struct core *core, const struct asked *asked, const struct element *element);
void ask_reply_ok(struct core *core, const struct asked *asked);
void ask_refuse(struct core *core, const struct asked *asked, const char *text);
/* resolve.c */
const char *ask_name_conflict(struct core *core, struct asked *asked);       /* which element the conflict ASKED->id is about; NULL, or an error */
const char *ask_choose(struct core *core, struct asked *asked, const struct element *element);   /* what its choice comes to */
/* handle.c */
void handle_pump(struct core *core);
void handle_ended(struct core *core, const struct event *event);
void handle_forget(struct core *core);
/* spill.c */
void spill_write(struct core *core, struct group *group);            /* dots of settled versions, beside the data for good */
void spill_retry(struct core *core, struct group *group);
bool spill_is_waiting(const struct core *core, uint32_t db, struct slice key);
void spill_read(struct core *core, struct script *script, uint32_t db, enum kind kind, struct slice key, struct slice element);
bool spill_parse(struct core *core, struct slice raw, unsigned *origin, uint64_t *seq, uint64_t *hlc);
/* policies.c */
struct policies *policies_new(const struct core *core, const struct core_rule *rules, unsigned count, const char **error);
void policies_free(struct policies *policies);
void policies_free_older(struct core *core);
const struct policy *policies_find(void *context, struct slice key);
/* rules_change.c */
void rules_change(struct core *core, const struct core_rule *rules, unsigned count);
void rules_hear(struct core *core, unsigned dc, uint64_t digest);
void rules_note(struct core *core, const struct changes *changes);   /* these were applied */
void rules_pump(struct core *core);
void suspects_drop(struct core *core);
void suspects_write(struct core *core, struct script *script);          /* with the positions: what of all this the store does not have */
bool suspects_read(struct core *core, struct slice field, struct slice value);  /* a field of the positions; false: it is none of these */
void suspects_unwritten(struct core *core);         /* the store refused it */
/* token.c */
struct context *token_read(struct core *core, struct slice token, const char **error);
void token_write(struct core *core, struct buffer *out);             /* all that is applied now */
/* episode_store.c */
void episodes_write(struct core *core, struct group *group);          /* what changed, with a group of remote writes or positions */
void episodes_unwritten(struct core *core, struct group *group);      /* the store refused it */
bool episodes_are_pending(const struct core *core);
bool episodes_have_ended(const struct core *core);                    /* … and some are to leave the store */
void episodes_pump(struct core *core, bool is_moved);                 /* IS_MOVED: more is stable than at the last call */
void episodes_restore(struct core *core, const struct event *event);
/* retention.c */
bool retention_is_due(const struct core *core);
uint64_t retention_records_max(const struct core *core);
void retention_add(struct core *core, size_t bytes);                  /* a record of so many was written */
void retention_write(struct core *core, struct group *group);        /* if it is due; the reserved database is selected */
void retention_answered(struct core *core, const struct group *group, const struct event *event);
/* stability.c */
void stability_learn(struct core *core, unsigned dc, const struct context *context, unsigned origin, uint64_t seq);
void stability_pump(struct core *core);
void peer_add_mile(struct core *core, unsigned dc, int64_t position, unsigned origin, uint64_t seq);
/* positions.c */
void positions_write(struct core *core, struct script *script);
MUST_CHECK bool positions_read(struct core *core, const struct event *event, bool *is_same_run, uint64_t *incarnation);
bool positions_are_due(const struct core *core);
void positions_record(struct core *core);        /* a group of its own for positions that moved */
/* recover.c */
void recover_open(struct core *core, const struct event *event);
void recover_close(struct core *core);
void recover_own_batch(struct core *core, const struct delivery *delivery);     /* each message of the own log while it is read */
void recover_pump(struct core *core);
struct stored *stored_find(struct core *core, unsigned origin, uint64_t first_seq);
/* settle.c */
void settle_stored(struct core *core);                               /* the own log was read: what became of outbox entries it lacks? */
void settle_carry(struct core *core);                                /* an opening ends before its gate opened */
void settle_adopt_carried(struct core *core);                        /* what came of earlier openings */
void settle_answered(struct core *core, const struct event *event);
void settle_logged(struct core *core, const struct delivery *delivery);      /* the own log has this: was it settled without its answer? */
/* reread.c */
void reread_add(struct core *core, uint32_t db, struct slice key, bool is_expired);
/* The keys of a write whose context claims more than the store had: what it did may not fit what others have, and results of its increments do not:
 * they are dropped. */
void reread_touched(struct core *core, struct changes *changes);
void reread_writes(struct core *core, struct slice writes);
void reread_pump(struct core *core);
void reread_clear(struct core *core);
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
