/* Turn parts: what the turn*.c files share. Nobody else includes this. */
#ifndef PROXY_TURN_PARTS_H
#define PROXY_TURN_PARTS_H

#include "connectors/log/log.h"
#include "connectors/store/store.h"
#include "turn.h"
#include "turn_groups.h"

struct handlers;
struct turn_errands;

struct turn {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	struct turn_handlers handlers;
	struct store *store;
	struct core *core;           /* NULL before the store was opened for the first time */
	struct effects effects;
	struct log *logs[CORE_DCS_MAX]; /* [0]: the own one */
	struct turn_groups groups;
	struct turn_errands *errands; /* owned */
	struct handlers *custom;     /* owned; handlers of custom rules */
	bool is_rules_different[CORE_DCS_MAX];   /* as the log was told */
	unsigned rules_reloads;      /* settings.rules_reloads when the core got its rules */
	struct event *tick;          /* libevent's */
	bool is_open;
	bool is_stepping;            /* the core's effects are being run */
	bool is_reopening;           /* at the end of this turn */
	bool is_stopped;
	int exit_code;
};

/* ---- turn.c ---- */

/* Gives EVENT to the core and runs its effects. Connectors never call back from within a call, so steps do not nest. */
void turn_step(struct turn *turn, struct event *event);
/* To a client, or to who runs an errand. */
void turn_answer(struct turn *turn, uint64_t token, struct slice reply);

/* ---- turn_store.c ---- */

void turn_open_store(struct turn *turn);

/* ---- turn_rules.c ---- */

/* Owned; what it points to is the settings'. */
struct core_rule *turn_rules_new(const struct settings *settings);
/* Runs a handler that the core has asked for. True: there are more. */
bool turn_run_handler(struct turn *turn);
/* Tells the log when a peer's rules begin or cease to be others. */
void turn_watch_rules(struct turn *turn);

/* ---- turn_logs.c ---- */

/* False: ERROR says which log, what and what to do. */
MUST_CHECK bool turn_open_logs(struct turn *turn, struct buffer *error);
void turn_close_logs(struct turn *turn);

#endif
