/* Group reply: what the store replies to one transaction: +OK to MULTI, +QUEUED or an error to each command, EXEC's array or error.
 * It is parsed incrementally: each call goes on where the bytes of the call before ended. */
#ifndef CONNECTORS_GROUP_REPLY_H
#define CONNECTORS_GROUP_REPLY_H

#include "proxy/core/resp/resp.h"

struct group_reply {
	unsigned command_count;      /* store commands between MULTI and EXEC */
	unsigned lines_seen;         /* replies to MULTI and to the commands while they were queued */
	bool is_in_exec;             /* EXEC's array has begun */
	unsigned elements_seen;
	size_t used;                 /* bytes before the next reply or element */
	struct resp_frame frame;     /* of that reply or element */
	size_t error_at, error_len;  /* the first queueing error; length 0: none */
	size_t *ends;                /* owned: where each element ends */
	struct slice *replies;       /* owned: filled when all of it has arrived */
	unsigned cap;
	size_t elements_at;
	bool has_pushes;             /* messages of CLIENT TRACKING came between those lines */
	size_t lines_len;            /* bytes of the lines, and of these messages */
};

void group_reply_begin(struct group_reply *reply, unsigned command_count);
/* Likewise, of a group that a script runs: there is only what EXEC would answer. */
void group_reply_begin_script(struct group_reply *reply, unsigned command_count);
/* INPUT starts with the reply to MULTI. RESP_READY: all *len bytes are there, group_reply_replies may be called. RESP_MORE: call again with
 * the same start and more bytes. RESP_ERROR: the store does not speak as expected. */
enum resp_state group_reply_read(struct group_reply *reply, struct slice input, size_t *len);
/* NULL when the group was aborted; then ERROR is the line to give clients, without '-' and CRLF: that of the first command that the store
 * would not queue, else EXEC's own. Both live as long as the input. */
const struct slice *group_reply_replies(const struct group_reply *reply, struct slice input, struct slice *error);
/* The message of CLIENT TRACKING that stands at *AT or behind it, which moves on; empty: none. */
struct slice group_reply_next_push(const struct group_reply *reply, struct slice input, size_t *at);
void group_reply_free(struct group_reply *reply);

#endif
