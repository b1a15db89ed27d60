/* Outgoing: bytes on their way to a socket, in order. Those that were lent stay where they are, and are sent from there. */
#ifndef CONNECTORS_OUTGOING_H
#define CONNECTORS_OUTGOING_H

#include "base/bytes.h"

struct channel;

struct outgoing_piece {
	const char *ptr;             /* NULL: the next LEN bytes of OWN */
	size_t len;
};

struct outgoing {                    /* zero-initialise */
	struct buffer own;           /* copied bytes */
	size_t own_at;               /* sent so far, of own */
	struct outgoing_piece *pieces;       /* owned; from FIRST on */
	unsigned first, count, cap;
	uint64_t queued, sent;       /* bytes that were ever added, and sent */
};

void outgoing_copy(struct outgoing *outgoing, struct slice bytes);
void outgoing_lend(struct outgoing *outgoing, struct slice bytes);   /* BYTES stay valid until they are sent, or all is freed */
/* Sends what was added before the first END bytes were. False: the connection failed. */
MUST_CHECK bool outgoing_send(struct outgoing *outgoing, struct channel *channel, uint64_t end);
void outgoing_free(struct outgoing *outgoing);

#endif
