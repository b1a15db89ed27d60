/* Forward form: a client's request on its way to the sidecar of its user's home: HOMEPORT FORWARD tag database epoch ONE|MULTI client, and then each command:
 * how many arguments it has, and these. HOMEPORT FORWARD tag 0 0 REHOME client user dc hold-ms FORCE passes on an order to move; the
 * last word is NOW for a take-over even of a home that may be alive, and empty without force. HOMEPORT FORWARD tag 0 0 ISOLATE client verb id for-ms keep-ms cuts the
 * receiver off for a drill, or heals it (homes_isolation.h). TOKEN asks for a session token. PING (connectors/peer) asks only whether anybody is there. */
#ifndef PROXY_FORWARD_FORM_H
#define PROXY_FORWARD_FORM_H

#include "proxy/core/commands/command.h"
#include "proxy/core/resp/resp.h"

#define FORWARD_ORDER_WORDS 4

enum forward_mode { FORWARD_ONE, FORWARD_MULTI, FORWARD_REHOME, FORWARD_ISOLATE, FORWARD_TOKEN, FORWARD_PING };

struct forward_head {
	uint64_t tag;
	uint32_t db;
	uint64_t epoch;              /* since when the sender takes the receiver for the home */
	enum forward_mode mode;
	struct slice client;         /* the client's name for itself */
};

/* Adds commands as the arguments that stand behind the head. Returns how many arguments they are. */
uint64_t forward_add_commands(struct buffer *out, const struct request *commands, unsigned count);
void forward_add(struct buffer *out, const struct forward_head *head, struct slice arguments, uint64_t argument_count);

struct forwarded {
	struct forward_head head;
	struct request *commands;    /* owned, as is the next; what they point into is the request's. None of an order */
	const struct command **rows;
	unsigned count;
	const struct slice *order;   /* FORWARD_REHOME: user, datacenter, milliseconds, FORCE, NOW or nothing. FORWARD_ISOLATE: the words above. Else NULL */
};

/* False: ERROR says what is wrong with it. Commands are those that may be forwarded, with the right number of arguments. FORWARDED->head.tag is read if it can be. */
MUST_CHECK bool forward_read(const struct request *request, struct forwarded *forwarded, const char **error);
void forwarded_free(struct forwarded *forwarded);

#endif
