/* Expired notice: what Redis publishes when it has removed a key because its time to live was over (keyspace notifications). */
#ifndef CONNECTORS_EXPIRED_NOTICE_H
#define CONNECTORS_EXPIRED_NOTICE_H

#include "base/bytes.h"

struct expired_notice { uint32_t db; struct slice key; };    /* the key is borrowed from the push */

/* False: PUSH is something else. */
MUST_CHECK bool expired_notice_read(struct slice push, struct expired_notice *notice);

#endif
