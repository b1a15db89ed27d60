/* Answer: the replies to one group, found piece by piece in the bytes of a lane: +OK for MULTI, +QUEUED or an error for each
 * command, EXEC's array or error. */
#ifndef CONNECTORS_ANSWER_H
#define CONNECTORS_ANSWER_H

#include "proxy/core/resp/resp.h"

struct answer {
	unsigned command_count;      /* store commands between MULTI and EXEC */
	unsigned lines_seen;         /* replies to MULTI and to queueing */
	bool is_in_exec;             /* EXEC's array has begun */
	unsigned elements_seen;
	size_t used;                 /* bytes before the next reply or element */
	struct resp_frame frame;     /* of that reply or element */
	size_t error_at, error_len;  /* the first queueing error; length 0: none */
	size_t *ends;                /* owned: where each element ends */
	struct slice *replies;       /* owned: filled when the answer is whole */
	unsigned cap;
	size_t elements_at;
};

void answer_begin(struct answer *answer, unsigned command_count);
/* INPUT starts with the reply to MULTI. RESP_READY: all *len bytes are there, answer_replies and answer_error hold. RESP_MORE: call again with
 * the same start and more bytes. RESP_ERROR: the store does not speak as expected. */
enum resp_state answer_read(struct answer *answer, struct slice input, size_t *len);
/* NULL when the group was aborted; then ERROR is the line to give clients, without '-' and CRLF: that of the first command that the store
 * would not queue, else EXEC's own. Both live as long as the input. */
const struct slice *answer_replies(const struct answer *answer, struct slice input, struct slice *error);
void answer_free(struct answer *answer);

#endif
