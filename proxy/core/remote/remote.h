/* Remote: messages of all logs, until they are applied here.
 *
 *   inbox.c      messages wait for their causes         stability.c  what all have is forgotten
 *   remote.c     ready batches become a group */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "proxy/core/apply/delivery.h"
#include "proxy/core/local/local.h"

struct inbox {                       /* of one DC's log */
	struct delivery *first, **end;       /* owned; in log order */
	uint64_t held_events, held_bytes;
	bool is_paused;                      /* the log was told to wait */
	struct buffer parts;                 /* of a batch that comes in parts */
	uint32_t part_next;
};

struct remote {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct rereads *rereads;
	struct suspects *suspects;
	struct groups *groups;
	struct books *books;
	struct apply *apply;
	struct local *local;
	struct keyspace *keyspace;
	struct conflicts *conflicts;
	struct policies *policies;
	struct inbox inboxes[CORE_DCS_MAX];
};

void remote_init(struct remote *remote);
void remote_free(struct remote *remote);
/* A message of a DC's log. What is to be held is returned for inbox_hold; NULL: there is nothing (yet). */
struct delivery *inbox_take(struct remote *remote, unsigned dc, int64_t position, struct slice bytes);
void inbox_hold(struct remote *remote, unsigned dc, struct delivery *delivery);      /* takes it over */
void inbox_pop(struct remote *remote, unsigned dc);
void inbox_drop(struct remote *remote, unsigned dc);                                 /* all of it */
void remote_pump(struct remote *remote);
void stability_pump(struct remote *remote);

#endif
