/* The state of this room, private to it (see remote.h). */
#ifndef CORE_REMOTE_STATE_H
#define CORE_REMOTE_STATE_H

#include "remote.h"
#include "proxy/core/conflicts/render.h"
#include "proxy/core/wire/envelope.h"

struct inbox {                       /* of one DC's log */
	struct delivery *first, **end;       /* owned; in log order */
	uint64_t held_events, held_bytes;
	bool is_paused;                      /* the log was told to wait */
	struct buffer parts;                 /* of a batch that comes in parts … */
	struct envelope_progress checked;    /* … and what of it is checked, which is done as they come */
	uint32_t part_next;
};

/* The first batch of a datacenter's inbox, while it is applied in pieces. */
struct pieces {
	struct group *group;                 /* owned; NULL: none is */
	unsigned dc;
	struct apply_piece piece;
	bool is_applied;                     /* all of it is in the metadata, and is being rendered */
	struct render_place place;
};

struct remote {
	const struct core_options *options;
	struct step *step;
	struct causes *causes;
	struct topology *topology;
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
	struct pieces pieces;
};

void stability_raise_floor(struct remote *remote, unsigned dc, uint64_t incarnation);
/* remote_homes.c: what GROUP, which was just rendered, makes of the homes that remote writes have changed */
void remote_note_homes(struct remote *remote, struct group *group);
/* Does DELIVERY take users away of whom we have taken writes that are not sent yet? From now on we take none. */
bool remote_takes_users(struct remote *remote, struct delivery *delivery);
enum readiness { IS_READY, IS_DUPLICATE, IS_WAITING };
/* readiness.c: of the first batch of PEER's */
enum readiness readiness_of(struct remote *remote, struct peer *peer, struct delivery *delivery);
/* remote.c: GROUP has all of DELIVERY, and is complete */
void remote_note_applied(struct remote *remote, unsigned dc, struct delivery *delivery, struct group *group);
void remote_send(struct remote *remote, struct group *group);
void inbox_pop(struct remote *remote, unsigned dc);      /* the first message was dealt with */

#endif
