/* Turn: one pass of the event loop. All that happens in a turn happens at one time, its writes form one group (group commit), and at its end
 * each connection is written to once.
 * What comes in (requests, the store's answers, messages of logs, time) becomes events for the core. The core's effects go to the store,
 * the logs and the sessions. turn.c has a map of the files. */
#ifndef PROXY_TURN_H
#define PROXY_TURN_H

#include "proxy/core/core.h"
#include "proxy/ops/status.h"
#include "turn_clock.h"
#include "turn_errands.h"

struct event_base;
struct turn;

/* What the turn tells the clients' side. Slices are borrowed until the call returns. */
struct turn_callbacks {
	void *context;
	void (*opened)(void *context, uint32_t databases);   /* the store answers from now on */
	void (*lost)(void *context);                         /* the store is gone: what is due is never answered, and nobody knows what became of it */
	/* The reply to a read, or to one command of a request. The replies to a transaction come one after another, in order. */
	void (*answered)(void *context, uint64_t token, struct slice reply);
	void (*refused)(void *context, uint64_t token, struct slice error);    /* the request was not executed */
	/* Likewise, since command number INDEX of the transaction is wrong in itself. Called before turn_request returns: the others may be given again */
	void (*mistaken)(void *context, uint64_t token, unsigned index, struct slice error);
	void (*away)(void *context, const struct effect *away);                /* not executed either: another datacenter is the user's home */
	void (*held)(void *context, uint64_t token);         /* it waits: it is answered, refused or sent away later */
	void (*rehomed)(void *context, const struct effect *home);             /* a user has a new home */
	void (*tracked)(void *context, unsigned protocol, struct slice push);  /* as in store_callbacks */
	void (*group_answered)(void *context);               /* all replies to a group were given out: they may be sent before the core goes on */
	void (*isolated)(void *context, bool is_on);         /* for a drill: from now on, or no longer */
	void (*gathered)(void *context);                     /* all input of this turn was handed out; this is the last moment for more requests */
	void (*ended)(void *context);                        /* the turn is over: send what clients are owed */
};

struct turn_options {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status; /* the turn keeps it up to date; settings and dcs are there already */
	struct turn_callbacks callbacks;
};

/* Opens the logs and begins to connect to the store. NULL: ERROR says what and what to do. */
struct turn *turn_new(const struct turn_options *options, struct buffer *error);
void turn_free(struct turn *turn);
/* Of a sidecar whose Redis another one has taken over. It must stay down: started again, it would fence that one in turn. */
#define EXIT_FENCED 10

/* Runs turns until stopped. Returns the exit code. */
int turn_run(struct turn *turn);
/* The settings were reloaded: takes over their rules and handlers. */
void turn_take_settings(struct turn *turn);
/* Ends turn_run after this turn. */
void turn_stop(struct turn *turn, int exit_code);

/* While Redis may evict what the sidecar keeps in it, clients' writes get this. */
#define TURN_EVICTION_REMEDY "set maxmemory-policy noeviction, or one of the volatile-… policies, which spare keys without a deadline"
#define TURN_EVICTING "HOMEPORT Redis may evict what homeportd keeps in it (maxmemory-policy allkeys-…), so nothing is written: " TURN_EVICTION_REMEDY

/* Sentinels found another primary: status->redis says where. */
void turn_move_store(struct turn *turn);
bool turn_is_open(const struct turn *turn);
/* Cuts this datacenter off for a drill, keeps it so, or heals it. NULL: it was done; else why not. */
MUST_CHECK const char *turn_isolate(struct turn *turn, const struct isolation_order *order);
bool turn_is_isolated(const struct turn *turn);
/* Is every group answered, and has the log taken every write of this datacenter? */
bool turn_is_quiet(const struct turn *turn);
/* Sends one command to the store as it is, outside of groups, on the connection of its protocol. The store must be open. */
void turn_read(struct turn *turn, unsigned protocol, uint32_t db, struct slice command, uint64_t token);
/* Likewise; the store remembers the keys that it reads (store_read_remembered). */
void turn_read_remembered(struct turn *turn, unsigned protocol, uint32_t db, struct slice command, uint64_t token);
/* See store_remember_groups. The store must be open. */
void turn_remember_groups(struct turn *turn, bool is_on);
/* How many groups were ever sent. */
uint32_t turn_groups_sent(const struct turn *turn);
/* Gives the core a write or a transaction (EVENT_REQUEST; the time is filled in). The store must be open. */
void turn_request(struct turn *turn, struct event *request);
/* Gives the core a client's question about versions or conflicts (EVENT_ASKED; the time is filled in). The store must be open. */
void turn_ask(struct turn *turn, struct event *asked);
/* Likewise as an errand of the sidecar itself; token and time are filled in. The store may be away. */
void turn_ask_for(struct turn *turn, struct event *asked, const struct errand *errand);
/* Sends the store one command for the reserved database, outside of groups, as an errand. The store may be away. */
void turn_fetch(struct turn *turn, struct slice command, const struct errand *errand);
/* Likewise, for another database. */
void turn_fetch_from(struct turn *turn, uint32_t db, struct slice command, const struct errand *errand);
/* Likewise, on the connection of this protocol. */
void turn_fetch_by(struct turn *turn, unsigned protocol, struct slice command, const struct errand *errand);
/* Errands with this context are dropped: their DONE is not called. */
void turn_forget(struct turn *turn, const void *context);
/* As core_gathering. */
uint64_t turn_gathering(const struct turn *turn);
/* See core_refusal. The store must be open. */
/* While Redis runs a script for long, what it says to whoever asks for anything else; NULL: it does not. */
const char *turn_busy(const struct turn *turn);
/* Asks it whether it does (store_probe). */
void turn_probe(struct turn *turn);
const char *turn_refusal(const struct turn *turn);
/* See core_concerns_read. The store must be open. */
bool turn_concerns_read(const struct turn *turn, const struct command *row, const struct request *request);
/* See core_reads_in_order, core_entries_until_ms. The store must be open. */
bool turn_reads_in_order(const struct turn *turn, struct slice key);
uint64_t turn_entries_until_ms(const struct turn *turn);
/* See core_forwarded_to. The store must be open. */
unsigned turn_forwarded_to(const struct turn *turn, const struct command *row, const struct request *request);
/* Bytes not yet sent to the store, or bytes of transactions that it has not yet answered, whichever are more. */
uint64_t turn_backlog(const struct turn *turn);

#endif
