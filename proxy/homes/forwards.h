/* Forwards: commands and orders on their way to the sidecar of another datacenter. Their answers come as they are ready; whoever asked keeps the order of its own.
 * A datacenter that is asked and is not the home says who is, and never sends anything on. The sender then asks there, HOMES_HOPS_MAX times in all. */
#ifndef PROXY_FORWARDS_H
#define PROXY_FORWARDS_H

#include "forward_form.h"
#include "homes.h"
#include "proxy/core/resp/resp.h"

/* Sends the request of AWAY to its home. HOPS: how often it was sent before. ASKER has a token of a client. False: ERROR says why it was not sent. */
MUST_CHECK bool forwards_send(struct homes *homes, const struct effect *away, unsigned hops, const struct homes_asker *asker, struct buffer *error);
/* MODE: FORWARD_REHOME or FORWARD_ISOLATE; WORDS as they stand in it (forward_form.h), borrowed for the call. */
struct forward_order { enum forward_mode mode; struct slice words[FORWARD_ORDER_WORDS]; };
MUST_CHECK bool forwards_send_order(struct homes *homes, unsigned dc, const struct forward_order *order, const struct homes_asker *asker, struct buffer *error);
/* Asks the sidecar of DC for a session token, of all that it has answered so far. */
MUST_CHECK bool forwards_send_token(struct homes *homes, unsigned dc, const struct homes_asker *asker, struct buffer *error);
/* Where the sidecar of a configured datacenter other than this one is. */
void forwards_endpoint(const struct sidecar_status *status, unsigned dc, struct endpoint *endpoint);
/* Nobody waits any more. */
void forwards_end(struct homes *homes);
/* What a datacenter that is not the home answers to a forwarded request: who is, and since which epoch. */
void forwards_add_moved(struct buffer *out, const struct sidecar_status *status, unsigned dc, uint64_t epoch);

#endif
