/* Memento: what the store remembers for the core: positions and outbox, as read at opening. Keeps the replies' bytes. */
#ifndef CONNECTORS_MEMENTO_H
#define CONNECTORS_MEMENTO_H

#include "../proxy/core/event.h"

/* Zero-initialised is empty. */
struct memento {
	struct stored_pair *positions;   /* owned, slices point into kept */
	unsigned position_count;
	struct stored_entry *outbox;
	unsigned outbox_count;
	struct slice *kept;              /* owned copies of replies */
	unsigned kept_count;
};

/* HGETALL's reply. False: it is none. */
MUST_CHECK bool memento_take_positions(struct memento *memento, struct slice reply);
/* XRANGE's reply: entries are added; *count says how many. False: it is none, or an entry has not exactly one field. */
MUST_CHECK bool memento_take_outbox(struct memento *memento, struct slice reply, unsigned *count);
void memento_free(struct memento *memento);

#endif
