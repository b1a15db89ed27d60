/* Held: requests that wait until it is known where they belong. They were not executed. */
#ifndef CORE_HELD_H
#define CORE_HELD_H

#include "proxy/core/vocabulary/event.h"

enum held_why {
	HELD_MOVE,           /* a user is being moved away from here */
	HELD_START,          /* this datacenter is the home, as far as it knows, and has not caught up since its start */
	HELD_MISSED,         /* likewise, and somebody may have taken the user over while this datacenter did not hear */
	HELD_DOUBT,          /* it is home by default, and not all have the same homes configured, as far as it knows */
	HELD_EPOCH,          /* a peer knows of a newer home than this datacenter does, or has applied */
};

struct held {                        /* one memory: what EVENT points to stands behind it */
	struct held *next;
	struct event event;          /* EVENT_REQUEST */
	enum held_why why;
	uint64_t since_ms;
	size_t bytes;                /* that it takes */
};

struct held_list { struct held *first, **end; };

struct held *held_new(const struct event *request);
size_t held_size(const struct event *request);           /* what held_new would take */
void held_list_init(struct held_list *list);
void held_list_add(struct held_list *list, struct held *held);
struct held *held_list_take(struct held_list *list);     /* the first; NULL: there is none */
void held_list_move(struct held_list *from, struct held_list *to);       /* all, behind those that are there */

#endif
