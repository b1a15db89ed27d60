/* Peer waiting: the requests of a link that have no answer yet, in the order of their tags. */
#ifndef CONNECTORS_PEER_WAITING_H
#define CONNECTORS_PEER_WAITING_H

#include "base/bytes.h"

struct waiting {                     /* a request */
	uint64_t tag;
	void *item;                  /* NULL: it is answered, and an earlier one is not */
	size_t len;
	uint64_t end;                /* where it ends, counted from the connection's first request on */
};

struct waiting_list {                /* zero-initialise */
	struct waiting *ring;        /* owned; COUNT requests from FIRST on, modulo CAP; the first one is unanswered */
	unsigned cap, first, count;
	uint64_t bytes;              /* of those without an answer */
};

struct waiting *waiting_at(const struct waiting_list *list, unsigned index);
void waiting_add(struct waiting_list *list, const struct waiting *waiting);
/* The unanswered request with this tag; NULL: there is none. */
struct waiting *waiting_find(const struct waiting_list *list, uint64_t tag);
/* WAITING has its answer. Returns its item. */
void *waiting_settle(struct waiting_list *list, struct waiting *waiting);
void waiting_free(struct waiting_list *list);

#endif
