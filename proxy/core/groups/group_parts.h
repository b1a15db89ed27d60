/* Group parts: what only groups of some kinds have (see group.h). */
#ifndef CORE_GROUP_PARTS_H
#define CORE_GROUP_PARTS_H

#include "proxy/core/causes/peer.h"
#include "proxy/core/topology/home_news.h"
#include "proxy/core/versions/spills.h"
#include "proxy/core/vocabulary/options.h"

/* A remote group removed elements of this key (owned). Does the key still have the decided deadline? */
struct check { unsigned reply; uint32_t db; struct slice key; int64_t deadline_ms; };        /* 0: none is known */
struct reach { unsigned origin; uint64_t seq; };     /* a remote group brings this origin up to seq */

/* Of GROUP_REMOTE. */
struct remote_part {
	struct reach *reaches;               /* owned */
	unsigned reach_count, reach_cap;
	struct check *checks;                /* owned */
	unsigned check_count, check_cap;
	uint64_t written_ms[CORE_DCS_MAX];   /* oldest write of each DC, for latency; 0: none */
	uint64_t visible_writes[CORE_DCS_MAX];
	struct home_news homes;              /* that it writes */
	unsigned *edits;                     /* owned: these replies tell how many entries of streams came late */
	unsigned edit_count;
	bool has_question;                   /* a message in it asks how far we are */
	struct fresh fresh[CORE_DCS_MAX];    /* once it is answered, all that DC committed before is in the store; 0: nothing new */
};

/* What a group tells the store of positions: GROUP_POSITIONS, GROUP_REMOTE. */
struct positions_part {
	uint64_t id_changes;                 /* so many changes of ids it tells; 0: none */
	bool has_homes;                      /* the digest of the homes that are configured here */
	bool has_run;                        /* our incarnation */
	bool has_marks;                      /* a group of any kind: it makes the parts of the reserved database … */
	bool has_remains;                    /* … and removes what was left there before */
	bool has_positions;                  /* where each DC's log must be read again after a restart: */
	int64_t follow_positions[CORE_DCS_MAX];
};

/* What rides along with a group of any kind. */
struct riders_part {
	bool has_corrections;                /* of outbox entries (books.h) */
	struct spills spills;                /* owned */
	unsigned measure_reply;              /* how many records are stored, and in the next one their bytes; 0: not asked */
	struct buffer ends;                  /* RESP: records that ended or are no more: to be written all the same if the store refuses this */
	unsigned end_count;
};

#endif
