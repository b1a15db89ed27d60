/* World of a scope run: three real cores with simulated stores, and links that open and close by command. Nothing happens by itself: no latency,
 * no dice. Groups run and are answered at once; a DC reads another's log only while the link is open. */
#ifndef SCOPE_WORLD_H
#define SCOPE_WORLD_H

#include "proxy/core/core.h"
#include "tests/scope/model/scope_model.h"
#include "scope_ship.h"

#define SCOPE_CASES_MAX 96          /* played side by side in one world, each on keys of its own */

struct scope_answer { uint64_t id; struct sim_replies replies; };

struct scope_dc {
	unsigned index;
	struct core *core;
	struct sim_store *store;
	struct effects effects;
	struct scope_world *world;   /* borrowed */
	uint64_t clock_ms;           /* the clock of the sidecar */
	int64_t store_ahead_ms;      /* how far the store's clock is ahead of it */
	struct slice *messages;      /* owned: the messages of its log */
	unsigned message_count, message_cap;
	struct scope_message *shipped;       /* owned: by message of its log, what is in it */
	unsigned shipped_cap;
	uint64_t hlcs[SCOPE_CASES_MAX];      /* by case: of the first of its clients' writes that was shipped; 0: none was */
	uint64_t last_seq, contexts[SCOPE_DCS];      /* of the last of its clients' writes: its seq, and what it has seen */
	bool is_client_heard;        /* its clients have just written: what it ships in these turns is theirs, not written by itself */
	unsigned acknowledged;       /* how many messages of its log it knows to be durable */
	uint64_t *append_ids;        /* owned */
	unsigned append_cap;
	int64_t cursors[SCOPE_DCS];  /* next message of each log; -1: not followed */
	bool is_linked[SCOPE_DCS];
	bool is_reversed;            /* of two logs that have something to read, the later one is read first */
	struct scope_answer *answers; /* owned: groups that ran */
	unsigned answer_count, answer_cap;
	uint64_t *handles;           /* owned: handlers asked for, not answered */
	unsigned handle_count, handle_cap;
	unsigned expired[SCOPE_CASES_MAX * SCOPE_KEYS], expired_count;       /* keys that its store has expired and its core was not told of yet */
	unsigned conflicts[SCOPE_CASES_MAX], nameless;       /* that its core has counted: by case, and of flushes, which name no key */
};

/* What HOMEPORT GET answers for the string and the fields of a key. */
#define SCOPE_ASKED 3
struct scope_siblings {
	bool is_answered;            /* with a list: not with an error */
	unsigned count, present;     /* siblings; those of them that are values, not removals */
	char newest[SCOPE_VALUE_MAX];
};

struct scope_world {
	struct pool *pool;
	struct scope_dc dcs[SCOPE_DCS];
	uint32_t names[SCOPE_CASES_MAX][SCOPE_KEYS];         /* of keys, in the pool; 0: not made yet */
	struct scope_own_word *own_words;    /* owned */
	unsigned own_count, own_cap;
	struct scope_siblings siblings[SCOPE_CASES_MAX][SCOPE_KEYS][SCOPE_ASKED];
	bool is_traced;
	char wrong[256];             /* the first thing that happened and must never happen; empty: nothing did */
};

struct scope_world *scope_world_new(const struct scope_policy *policy, bool is_traced);
void scope_world_free(struct scope_world *world);
/* DC reads ORIGIN's log, or does not; its own it always reads. */
void scope_link(struct scope_world *world, unsigned dc, unsigned origin, bool is_linked);
void scope_link_all(struct scope_world *world, bool is_linked);
/* What DC shows of case NUMBER. False: its store holds what no case could have put there. */
bool scope_look(struct scope_world *world, unsigned dc, unsigned number, struct scope_state *state);

#endif
