/* Tracking requests: what the requests of clients that track read and write. */
#ifndef PROXY_TRACKING_REQUESTS_H
#define PROXY_TRACKING_REQUESTS_H

#include "tracking_state.h"

struct tracked_request {
	uint64_t token;
	const struct request *commands;
	const struct command *const *rows;
	uint32_t count;
	uint64_t gate;               /* as tracking_gate gave it */
	bool is_elsewhere;           /* Redis does not remember its reads: another connection, or another datacenter, runs it */
};

/* Is the store to remember what this command reads, for this client? */
bool tracking_wants(struct session *session, const struct command *row);
/* The only command of a request that is read outside of groups. False: it cannot be remembered. */
bool tracking_note_read(struct session *session, const struct command *row, const struct request *request, uint64_t token);
/* Before the answer to a request with writes is expected: a muted answer, which is filled once Redis has told all that these writes changed; 0: there is none. */
uint64_t tracking_gate(struct session *session);
/* SESSION writes. */
void tracking_note_writer(struct session *session);
/* A request is about to be given to the core. */
void tracking_note(struct session *session, const struct tracked_request *request);
/* It is run elsewhere. */
void tracking_note_elsewhere(struct session *session, const struct tracked_request *request);
/* A request of a client that tracks was taken in. */
void tracking_end_caching(struct session *session, const struct command *row);
/* The answer that TOKEN names is complete; before it is given out. */
void tracking_answered(struct session *session, uint64_t token);

#endif
