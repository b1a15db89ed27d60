/* Session order: XREAD of streams that are read in order (a rule's `stream: ordered`). The store answers with all entries that it has; those in front of which
 * others may still come are left out (proxy/core/commands/stream_cut.h). Up to which time all have come is asked before the store is, so that its answer holds them. */
#ifndef PROXY_SESSION_ORDER_H
#define PROXY_SESSION_ORDER_H

#include "session.h"

#include "proxy/core/commands/stream_cut.h"

/* Does any rule say so? */
bool session_may_order(const struct session *session);
/* What of REPLY is shown is in sessions->reply then. False: nothing is. */
bool session_in_order(struct session *session, struct slice reply, uint64_t until_ms, struct stream_cut *cut);

#endif
