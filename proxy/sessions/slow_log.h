/* Slow log: SLOWLOG and COMMANDLOG without what the sidecar itself asked the store for. Who sent a command the store does not know, so entries tell no
 * address and no name. */
#ifndef PROXY_SLOW_LOG_H
#define PROXY_SLOW_LOG_H

#include "base/bytes.h"

/* Adds to OUT at most MAX of the entries in REPLY (-1: all) that are clients'. Returns how many. False in IS_LOG: REPLY is no such log. */
uint64_t slow_log_adapt(struct slice reply, int64_t max, struct buffer *out, bool *is_log);

#endif
