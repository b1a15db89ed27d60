/* Memento: what the store keeps for the core: positions, outbox and conflict records, as they were read at opening. It owns the bytes of
 * the replies that they point into. */
#ifndef CONNECTORS_MEMENTO_H
#define CONNECTORS_MEMENTO_H

#include "proxy/core/vocabulary/event.h"

/* Zero-initialised is empty. */
struct memento {
	struct stored_pair *positions;   /* owned, slices point into kept */
	unsigned position_count;
	struct stored_entry *outbox;
	unsigned outbox_count;
	struct stored_pair *episodes;
	unsigned episode_count;
	char episodes_place[24];         /* HSCAN's cursor; "" before the first reply, "0" after the last */
	struct stored_pair *homes;       /* owned; of the last reply alone, which the slices point into: there may be millions */
	unsigned home_count;
	char homes_place[24];            /* likewise */
	bool has_homes;                  /* a reply was taken, and not given on yet */
	struct slice *kept;              /* owned copies of replies */
	unsigned kept_count;
};

/* HGETALL's reply. False: it is none. */
MUST_CHECK bool memento_take_positions(struct memento *memento, struct slice reply);
/* XRANGE's reply: entries are added; *count says how many. False: it is none, or an entry has not exactly one field. */
MUST_CHECK bool memento_take_outbox(struct memento *memento, struct slice reply, unsigned *count);
/* HSCAN's reply: pairs are added. When its cursor is 0, fields that came twice are left out. False: it is none. */
MUST_CHECK bool memento_take_episodes(struct memento *memento, struct slice reply);
/* HSCAN's reply: these pairs replace the last ones. False: it is none. */
MUST_CHECK bool memento_take_homes(struct memento *memento, struct slice reply);
void memento_free(struct memento *memento);

#endif
