/* Core parts: the state of each room, and what they share. Only the files that implement core.h include this. */
#ifndef CORE_PARTS_H
#define CORE_PARTS_H

#include "core.h"
#include "proxy/core/scripting/libraries.h"
#include "proxy/core/topology/topology.h"
#include "proxy/core/recovery/recovery.h"

struct late_answer;

struct core {
	struct core_options options;
	char **dc_names;                     /* owned */
	struct policies policies;
	struct keyspace keyspace;
	struct conflicts conflicts;
	struct step step;
	struct onlookers onlookers;
	struct topology *topology;
	struct scripts scripts;
	struct causes causes;
	struct rereads rereads;
	struct suspects suspects;
	struct groups groups;
	struct books books;
	struct apply *apply;
	struct outbox outbox;
	struct local *local;
	struct asks *asks;
	struct remote *remote;
	struct recovery *recovery;
	struct { struct late_answer *first, **end, *done; } late;    /* owned; answers that are not taken in yet, oldest first; those that were in this step */
	unsigned past_kept;                  /* past incarnations that something still named when that was looked for last */
	uint64_t trial_ms;                   /* when the store was last asked whether it takes writes again */
};

/* answers.c: the store's answer to the oldest group */
void answers_take(struct core *core, const struct event *event);
/* Takes of it not many more than MOST elements, which counts down. False: there are more, so it may not be taken yet. */
bool answers_are_ready(struct core *core, const struct event *event, unsigned *most);
/* late.c: answers that are taken in some at a time, and those behind them */
bool late_is_any(const struct core *core);
bool late_is_due(const struct core *core, const struct event *event);    /* is this answer one of them? */
void late_add(struct core *core, const struct event *event);
void late_pump(struct core *core);
void late_free_done(struct core *core);      /* their errors may have gone to clients */
void late_finish(struct core *core);         /* all at once */
void late_drop(struct core *core);           /* the core ends */
/* riders.c: what goes along with whatever group is sent next */
void riders_add(void *core, struct group *group);
void riders_refused(struct core *core, struct group *group);         /* the store refused the group */
/* reuse.c */
void reuse_pump(struct core *core);
/* rules_change.c */
void rules_change(struct core *core, const struct core_rule *rules, unsigned count);
void rules_pump(struct core *core);

#endif
