/* Pinned: commands that need connection state of their own in the store, which the connections that all clients share cannot give. Two kinds:
 * a subscription (SUBSCRIBE and its kin) keeps a connection of its own until RESET or the end;
 * a detour (WAIT, SCRIPT KILL) borrows one for a single answer, while its client takes no other request. */
#ifndef PROXY_PINNED_H
#define PROXY_PINNED_H

#include "session.h"

/* Gives ROW, of class PINNED, a connection of its own. */
bool session_pin(struct session *session, const struct command *row, const struct request *request);
/* Must this request go to the session's subscription, and not the usual way? */
bool session_is_pinned(const struct session *session, const struct command *row);
void session_pinned_request(struct session *session, const struct command *row, const struct request *request);
/* Ends subscription and detour. */
void session_unpin(struct session *session);
/* Ends a WAIT: as if its time was over, or with an error. False: it does not block. */
bool session_unblock(struct session *session, bool is_error);
/* How many channels (patterns included), or shard channels, it is subscribed to. */
int64_t pinned_channels(const struct pinned *pinned, bool is_sharded);
/* The process stops, and a WAIT may last for ever: it ends with an error. */
void session_abandon_detour(struct session *session);

/* How many confirmations answer a command that the store cannot run inside a transaction: UINT32_MAX: as many as come until its mark. */
uint32_t pinned_confirmations(const struct command *row, const struct request *request);
/* Does it end a script that Redis runs? */
bool session_is_kill(const struct command *row);
/* Can the store run this command of class PINNED inside a transaction? */
bool pinned_can_be_queued(const struct command *row);
/* Asserts that every command of class PINNED is known here, and no other. */
void pinned_check_rows(void);

#endif
