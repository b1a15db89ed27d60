/* Turn: one pass of the loop is the unit of time, of a group of writes, and of release.
 * What comes in (requests, the store's answers, messages of logs, time) becomes events for the core; the core's effects go to the
 * store, the logs and the sessions. At the end of a turn the core sends what it gathered, and each connection is written to once.
 * The only file that knows both the core's effects and the connectors. */
#ifndef PROXY_TURN_H
#define PROXY_TURN_H

#include "proxy/core/core.h"
#include "proxy/ops/status.h"
#include "turn_clock.h"
#include "turn_errands.h"

struct event_base;
struct turn;

/* What the turn tells the clients' side. Slices are borrowed for the call. */
struct turn_callbacks {
	void *context;
	void (*opened)(void *context, uint32_t databases);   /* the store answers from now on */
	void (*lost)(void *context);                         /* nothing that is due will be answered: outcomes are unknown */
	/* The reply to a read, or to one command of a request; those of a transaction come together, in order. */
	void (*answered)(void *context, uint64_t token, struct slice reply);
	void (*refused)(void *context, uint64_t token, struct slice error);    /* a request was not executed */
	void (*group_sent)(void *context, const struct effect *group);
	void (*group_answered)(void *context);               /* the clients have their replies: they may go out while the core goes on */
	void (*expired)(void *context, uint32_t db, struct slice key);
	void (*gathered)(void *context);                     /* all input of this turn was handed out; more requests may be made */
	void (*ended)(void *context);                        /* release answers */
};

struct turn_options {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status; /* kept up to date by the turn; settings and dcs are filled in */
	struct turn_callbacks callbacks;
};

/* Opens the logs and begins to connect to the store. NULL: ERROR says what and what to do. */
struct turn *turn_new(const struct turn_options *options, struct buffer *error);
void turn_free(struct turn *turn);
/* Of a sidecar whose Redis another one has taken over. It must stay down: started again, it would fence that one in turn. */
#define EXIT_FENCED 10

/* Runs turns until stopped. Returns the exit code. */
int turn_run(struct turn *turn);
/* The settings were reloaded: takes over rules and handlers that changed. */
void turn_take_settings(struct turn *turn);
/* Ends turn_run after this turn. */
void turn_stop(struct turn *turn, int exit_code);

bool turn_is_open(const struct turn *turn);
/* Nothing is on its way: no group unanswered, and the log has taken every own write. */
bool turn_is_quiet(const struct turn *turn);
/* One command as it is, on the connection of its protocol. */
void turn_read(struct turn *turn, unsigned protocol, uint32_t db, struct slice command, uint64_t token);
/* A write or a transaction (EVENT_REQUEST; time is filled in). The store must be open. */
void turn_request(struct turn *turn, struct event *request);
/* A client deals with versions or conflicts itself (EVENT_ASKED; time is filled in). The store must be open. */
void turn_ask(struct turn *turn, struct event *asked);
/* Likewise for the sidecar itself; token and time are filled in. */
void turn_ask_for(struct turn *turn, struct event *asked, const struct errand *errand);
/* One command in the reserved database, outside of all groups. */
void turn_fetch(struct turn *turn, struct slice command, const struct errand *errand);
/* Errands with this context are nobody's any more. */
void turn_forget(struct turn *turn, const void *context);
/* As core_gathering. */
uint64_t turn_gathering(const struct turn *turn);
/* See core_is_holding. The store must be open. */
bool turn_is_holding(const struct turn *turn);
/* Bytes that the store has not yet taken, or of transactions that it has not yet answered, whichever are more. */
uint64_t turn_backlog(const struct turn *turn);

#endif
