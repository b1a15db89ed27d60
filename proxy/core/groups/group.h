/* Group: a transaction for the store, from the first request that joins it to its answer.
 *
 *   gather.c   a local write joins the group          group_memory.c  groups come and go
 *   group.c    it is sent, answered, re-run           group_latent.c  which of its writes need no metadata yet */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "proxy/core/core.h"
#include "proxy/core/commands/plan.h"
#include "proxy/core/conflicts/render.h"

struct asked;

enum group_kind {
	GROUP_LOCAL,         /* clients' writes and our own (read-backs) */
	GROUP_REMOTE,        /* outcomes of remote batches */
	GROUP_RECORD,        /* positions or resolutions alone */
	GROUP_PROBE,         /* recovery asks what became of checked writes */
	GROUP_TRIAL,         /* does the store take writes again? */
	GROUP_ASK,           /* what the store holds of a key whose versions a client asks for */
	GROUP_SWEEP,         /* which dots the store keeps, and whether their data is there */
};

struct member {                      /* one command of a group */
	enum plan plan;              /* PLAN_NONE: a read */
	unsigned reply_first, reply_count, answer;
	size_t write_at, write_len;  /* in group.writes */
	unsigned key_first, key_count;
	bool is_flush;
	uint64_t ask;                /* the ask whose write it is, the only one in its group: it answers the client itself; 0: none */
	bool is_emptying;            /* its last reply says whether the collection is still there */
};

struct unit {                        /* one request: what is re-run together */
	uint64_t token;
	uint32_t db;
	unsigned protocol;
	unsigned member_first, member_count;
	size_t command_at, command_len;      /* in group.bytes, without a leading SELECT; in group.pairs for a plain SET */
	bool is_plain_set;
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
	struct buffer pairs;                 /* of plain SETs (script.h) */
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
	struct key **keys;                   /* none until it is closed; under way then. NULL: its write is latent */
	unsigned key_count, key_cap;
	struct latent_batch *latents;        /* a reference; NULL: none is */
	uint32_t latent_first, latent_count; /* where they are */
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

/* gather.c */
void gather_request(struct core *core, const struct event *event);
void gather_readback(struct core *core, uint32_t db, struct slice key, bool is_expired);
void gather_untimed(struct core *core, uint32_t db, struct slice key);
void gather_settles(struct core *core);
/* Sends the open groups. What is decided on what is applied now is sent alone, and at once: it may not be run again once more is. */
void gather_close(struct core *core);
const char *gather_limit(const struct core *core);                   /* why no write is taken now; NULL: all is well */
/* Does a write that was gathered and not sent yet touch this key? (Once it is sent, the key's under_way says so.) */
bool gather_touches(const struct core *core, uint32_t db, struct slice key);
/* The write of an ask, as it stands in core->changes; ARGV is what the store is told. */
void gather_asked(struct core *core, const struct asked *asked, enum plan plan, unsigned argc, const struct slice *argv);
struct unit *group_add_unit(struct group *group, uint64_t token, uint32_t db);
struct member *group_add_member(struct group *group);
void group_add_slot(struct group *group, uint64_t token, unsigned reply, unsigned request);
void group_note_keys(struct group *group, struct member *member, const struct changes *changes);
void group_find_keys(struct core *core, struct group *group);        /* when all are noted */
/* group_latent.c */
void group_begin_latent(struct core *core, struct group *group);     /* before its keys are found */
/* A member's answer has come: does its write stay latent? If not, it has a key. */
bool group_is_latent(struct core *core, const struct group *group, const struct member *member, const struct slice *replies);
void group_keep_latent(struct core *core, struct group *group);      /* it is answered: they outlive it */
void group_drop_latent(struct core *core, struct group *group);      /* it is not: none of them took place */
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

#endif
