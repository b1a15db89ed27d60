/* Groups: those that were sent to the store, in the order in which it will answer them; and spare ones. */
#ifndef CORE_GROUPS_H
#define CORE_GROUPS_H

#include "group.h"
#include "proxy/core/causes/causes.h"
#include "proxy/core/causes/suspects.h"
#include "proxy/core/causes/onlookers.h"

/* Is called before a group is sent, to add riders (riders.c). The rooms above fill this in. */
struct riders { void *context; void (*add)(void *context, struct group *group); };

struct groups {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct suspects *suspects;
	struct onlookers *onlookers;
	struct keyspace *keyspace;
	struct riders riders;
	uint64_t next_id;
	struct group *spare;                 /* empty ones */
	unsigned spare_count;
	struct group *unanswered, **unanswered_end;
	unsigned unanswered_count, local_unanswered, remote_unanswered;
	uint64_t unanswered_bytes;
	unsigned late_count;                 /* of the oldest, whose answers are here and not taken in (late.c) */
	struct group *done;                  /* answered in this step or the last: the event loop may still look at their slots */
	unsigned flushes_in_flight;
	bool is_store_full;                  /* it refused a transaction for want of memory, and no trial has succeeded since */
	struct group *refused;               /* a remote group that a full store refused: it is sent again before anything else */
	bool is_overtaken;                   /* … and a group that was sent after it was not refused */
	uint64_t waited_ms;                  /* when a remote batch was refused last, or had to wait for room */
	bool is_store_refusing;              /* it aborted remote groups or our own writes: a trial has to succeed before more are sent */
};

void groups_init(struct groups *groups);
void groups_free(struct groups *groups);
/* Adds riders and EXEC, and sends the group. */
void group_send(struct groups *groups, struct group *group);
/* The store refused GROUP with this error. Returns whether it is full. */
bool groups_note_refusal(struct groups *groups, const struct group *group, struct slice error);
void groups_note_waiting(struct groups *groups);         /* remote batches wait for the store */
void groups_note_calm(struct groups *groups);            /* … if they still do */
/* The full store refused a remote group, which is still the next to be applied. */
void groups_hold_refused(struct groups *groups, struct group *group);
/* It is sent again as it is, and a full store runs it: by no more than one group does the store go beyond its limit. Nothing may have overtaken it. */
void groups_send_refused(struct groups *groups);
void groups_give_up_refused(struct groups *groups);      /* something has: only a new opening helps */
/* Takes the oldest unanswered group, whose id must be ID, off the queue. */
struct group *groups_take_answered(struct groups *groups, uint64_t id);
/* How many local groups the store still has to answer. */
unsigned groups_local_at_store(const struct groups *groups);
/* The group's answer was dealt with. The group is kept until the next step. */
void groups_add_done(struct groups *groups, struct group *group);
void groups_free_done(struct groups *groups);
/* The connection is lost, so no answers will come. LET_GO is called with each group before it is freed. */
void groups_drop_unanswered(struct groups *groups, void *context, void (*let_go)(void *context, const struct group *group));

#endif
