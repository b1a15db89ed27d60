/* Pinned: commands that need connection state of their own in the store. Two kinds:
 * a subscription (SUBSCRIBE and its kin, MONITOR) keeps a connection of its own until RESET or the end;
 * a detour (XREAD BLOCK, WAIT) borrows one for a single answer, while its client takes no other request. */
#ifndef PROXY_PINNED_H
#define PROXY_PINNED_H

#include "proxy/core/commands/command.h"

struct session;

/* False: the request needs no connection of its own (XREAD without BLOCK). */
bool session_pin(struct session *session, const struct command *row, const struct request *request);
/* Must this request go to the subscription, and not the usual way? */
bool session_is_pinned(const struct session *session, const struct command *row);
void session_pinned_request(struct session *session, const struct command *row, const struct request *request);
void session_unpin(struct session *session);
/* A stop is under way, and a blocking read may last for ever: it ends with an error. */
void session_abandon_detour(struct session *session);

#endif
