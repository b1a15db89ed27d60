/* Group: a transaction for the store, from the first request that joins it to its answer. What only groups of some kinds have is in group_parts.h.
 *
 *   group_build.c   requests, commands and keys are added    group_keys.c    the metadata of its keys
 *   group_memory.c  groups come and go                       group_latent.c  which of its writes need no metadata yet
 *   group_queue.c   groups that were sent (groups.h)         group_full.c   what is sent although the store is full */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "group_parts.h"
#include "proxy/core/commands/plan.h"
#include "proxy/core/resp/script.h"
#include "proxy/core/versions/keyspace.h"
#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/vocabulary/event.h"
#include "proxy/core/vocabulary/options.h"

struct groups;

#define GROUP_HEADER_ROOM 160        /* a header with a context of five datacenters */

enum group_kind {
	GROUP_LOCAL,         /* clients' writes and our own (read-backs) */
	GROUP_REMOTE,        /* outcomes of remote batches */
	GROUP_POSITIONS,     /* positions, or what rides along, alone */
	GROUP_PROBE,         /* recovery asks what became of outbox entries (settle.c) */
	GROUP_TRIAL,         /* does the store take writes again? */
	GROUP_ASK,           /* what the store holds of a key whose versions a client asks for */
	GROUP_SWEEP,         /* which dots the store holds, and whether their data is there (sweep.c) */
	GROUP_LOOK,          /* is there still data, where the reserved database is not whole? (torn.c) */
};

struct member {                      /* one command of a group */
	enum plan plan;              /* PLAN_NONE: a read */
	unsigned reply_first, reply_count, answer;
	size_t write_at, write_len;  /* in group.writes */
	unsigned key_first, key_count;
	bool is_flush;               /* it may touch any key */
	bool is_emptying;            /* its last reply says whether the collection is still there */
	enum id_choice choice;       /* not ID_GIVEN: if the id is too small, it is run again */
	bool is_listing;             /* its answer may hold libraries of functions */
	bool is_loading;             /* its first reply says whether Redis can compile the script */
};

struct unit {                        /* one request: what is re-run together */
	uint64_t token;
	uint32_t db, db_last;        /* in which its first command runs, and its last one: a transaction may select others in between */
	unsigned protocol;
	unsigned member_first, member_count;
	size_t command_at, command_len;      /* in group.bytes, without a leading SELECT; in group.pairs for a plain SET */
	bool is_plain_set;
	uint64_t move;                       /* it gives a user away: the move's number; 0: it does not */
};

struct group {
	struct group *next;
	enum group_kind kind;
	uint64_t id;
	unsigned protocol;
	bool is_sent;
	bool is_for_full;                    /* a full store runs it, too */
	uint64_t guard;                      /* of the client that watched keys; 0: none did */
	struct script script;
	struct buffer bytes;                 /* RESP */
	struct buffer pairs;                 /* of plain SETs (script.h) */
	struct splices splices;              /* long parts of PAIRS and WRITES that belong between BYTES (script.h) */
	struct slice *pieces;                /* all that is sent, once it is */
	unsigned piece_count, piece_cap;
	uint64_t sent_bytes;
	struct slot *slots;
	unsigned slot_count, slot_cap;
	/* GROUP_LOCAL: what clients, or the core itself, write */
	struct buffer writes;                /* encoded intents, behind room for a header */
	struct buffer payload;               /* header and intents, if the header does not fit there */
	struct slice entry;                  /* header and intents, in WRITES or PAYLOAD: the outbox entry. Set when it is closed */
	struct member *members;
	unsigned member_count, member_cap, write_count;
	struct unit *units;
	unsigned unit_count, unit_cap;
	struct key_name *names;              /* of the keys its writes touch; each name's ptr is set when the group is closed */
	struct buffer name_bytes;            /* where they point to */
	unsigned name_count, name_cap;
	struct key **keys;                   /* none until it is closed; under way then. NULL: its write is latent */
	unsigned key_count, key_cap;
	struct latent_batch *latents;        /* a reference; NULL: none is */
	uint32_t latent_first, latent_count; /* where they are */
	unsigned flush_count;
	bool has_whole;                      /* a write of it tells a whole key (plan_is_whole) */
	bool is_provisional;                 /* sent before we knew all that was announced */
	bool is_lifted;                      /* its context claims more than its replies are based on */
	struct stamp stamp;                  /* of its first write; holds its context */
	uint64_t closed_ms, closed_steady_ms;        /* our clocks when it was closed */
	uint64_t ids_from_ms;                /* of the ids chosen for its XADDs none is of an earlier time; 0: none was chosen */
	uint64_t entries_from_ms;            /* what its batch promises of later ones (local/promise.h) */
	bool asks;                           /* its batch asks readers for an answer at once */
	unsigned move_count;                 /* units that give users away */
	bool tells_clocks;                   /* it tells how we read the clocks of others, too */
	unsigned entry_reply;                /* which reply is the outbox entry's id */
	/* GROUP_ASK, and the write of an ask, which is alone in its GROUP_LOCAL */
	uint64_t ask;                        /* the ask's token; 0: none */
	unsigned value_reply;                /* which reply is the value; its dot is the next but one */
	struct remote_part remote;
	struct positions_part positions;
	struct riders_part riders;
};

struct unit *group_add_unit(struct group *group, uint64_t token, uint32_t db);
struct member *group_add_member(struct group *group);
/* Who gets the answer of MEMBER, the last one that was added. */
void group_add_slot(struct group *group, uint64_t token, const struct member *member, unsigned request);
/* The keys that MEMBER's write touches. */
void group_note_keys(struct group *group, struct member *member, const struct changes *changes);
/* Must recovery read the keys of such a write back if we crash before the answer? */
bool group_is_pending(enum plan plan, const struct changes *changes);
/* To be called when all keys are noted. They count as under way, so that remote batches which touch them wait, until they are released. */
void group_find_keys(struct groups *groups, struct group *group);
void group_release_keys(struct groups *groups, struct group *group);
void group_begin_latent(struct groups *groups, struct group *group);         /* before its keys are found */
/* Does the write of an answered member stay latent? If not, it has a key. */
bool group_is_latent(struct groups *groups, const struct group *group, const struct member *member, const struct slice *replies);
/* The group was answered: its latent writes outlive it. SHARED: it holds what WRITES held; NULL: WRITES does. */
void group_keep_latent(struct groups *groups, struct group *group, struct shared *shared);
void group_drop_latent(struct groups *groups, struct group *group);          /* it was aborted, or lost: none of them took place */
/* Does it hold only what Redis itself takes when it is full, or what we must write down? */
bool unit_runs_when_full(const struct group *group, const struct unit *unit);
bool group_runs_when_full(const struct group *group);
struct group *group_new(struct groups *groups, enum group_kind kind);
void group_free(struct groups *groups, struct group *group);
void group_free_spare(struct groups *groups);

#endif
