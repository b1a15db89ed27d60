/* Turn step: gives one event to the core and runs the effects that come back. The only file that knows both the core's effects and
 * the connectors. Below it are the parts of a turn (groups, errands); above it what makes events: turn_store.c, turn_logs.c, turn_rules.c
 * and turn.c. Private to this room. */
#ifndef PROXY_TURN_STEP_H
#define PROXY_TURN_STEP_H

#include "connectors/log/log.h"
#include "connectors/store/store.h"
#include "turn.h"
#include "turn_cut.h"
#include "turn_groups.h"

struct handler_runs;

struct turn {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	struct turn_callbacks callbacks;
	struct store *store;
	struct core *core;           /* NULL before the store was opened for the first time */
	struct effects effects;
	struct buffer listing;       /* an answer that holds libraries of functions, until the next one */
	struct log *logs[CORE_DCS_MAX]; /* [0]: the own one */
	struct turn_cut cut;         /* cut off for a drill? */
	struct turn_groups groups;
	struct turn_errands *errands; /* owned */
	struct handler_runs *handler_runs; /* owned */
	bool is_rules_different[CORE_DCS_MAX];   /* of each peer, as the last log line about it said */
	unsigned rules_reloads;      /* settings.rules_reloads when the core got its rules */
	struct event *tick;          /* libevent's */
	bool is_evicting_told, is_refusal_told;  /* log lines have said that Redis may evict anything, and that it refuses remote writes */
	bool is_open;
	bool is_stepping;            /* the core's effects are being run */
	bool is_reopening;           /* the store is connected anew at the end of this turn */
	bool is_stopped;             /* turn_run returns EXIT_CODE after this turn */
	int exit_code;
};

/* Fills in the time. Connectors never call back from within a call, so steps do not nest. */
void turn_step(struct turn *turn, struct event *event);
/* Gives REPLY to the client, or to the errand, that waits for TOKEN. */
void turn_answer(struct turn *turn, uint64_t token, struct slice reply);
void turn_refuse(struct turn *turn, uint64_t token, struct slice error);

#endif
