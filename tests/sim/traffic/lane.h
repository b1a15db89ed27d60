/* Lane: the groups on their way from a sidecar to its store, and their answers on the way back. Both ways keep their order. */
#ifndef SIM_LANE_H
#define SIM_LANE_H

#include "tests/sim/store/sim_store.h"

/* Who gets which reply of a group. */
struct lane_slot {
	uint64_t token;              /* of the request */
	unsigned reply;              /* which of EXEC's replies */
	unsigned command;            /* which of the request's commands it answers, from 0 */
};

struct lane_group {
	uint64_t id;
	unsigned protocol;
	struct slice bytes;          /* owned */
	unsigned reply_count;
	struct lane_slot *slots;          /* owned */
	unsigned slot_count;
	bool has_entry;              /* of its replies, that to the command that adds to the outbox is … */
	unsigned entry_reply;
	bool is_executed;            /* or refused; in both cases its answer is on its way */
	bool is_refused;
	bool is_for_full;            /* a full store runs it, too */
	const char *error;           /* of a refused one */
	struct sim_replies replies;
};

struct lane {
	struct lane_group **groups;  /* owned; oldest first, executed ones before the others */
	unsigned count, cap;
};

void lane_send(struct lane *lane, const struct lane_group *group);     /* copies it, with its bytes and slots */
struct lane_group *lane_next(const struct lane *lane);       /* the oldest group not executed; NULL: none */
unsigned lane_unexecuted(const struct lane *lane);
struct lane_group *lane_take_answer(struct lane *lane);      /* NULL: none; release with lane_group_free */
void lane_group_free(struct lane_group *group);
void lane_break(struct lane *lane);                          /* the connection broke: everything on the way is lost */

#endif
