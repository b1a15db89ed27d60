/* Wrapper: the script that runs in the store in place of a client's. The client's is a function in it, on the same lines, whose `redis` is ours: it
 * keeps a log of all writes, which goes to the outbox when the script is over, whatever became of it (docs/scripts.md).
 * Hidden arguments, behind the client's: ids for entries of streams (stream_ids_reserve), the reserved database (with '+' in front: the outbox may still have to be made), and the token under which
 * the outbox tells of this run, or "r": it only reads, and answers as it is. */
#ifndef CORE_WRAPPER_H
#define CORE_WRAPPER_H

#include "base/bytes.h"

#define WRAPPER_HIDDEN 3             /* arguments */

/* Does BODY name XADD? */
bool wrapper_may_add(struct slice body);
/* SHA: the client's name for BODY. */
void wrapper_add(struct buffer *out, struct slice body, struct slice sha);
/* A library of functions: its functions take the same arguments, and answer likewise. */
void wrapper_add_library(struct buffer *out, struct slice code);
/* A reply of Redis that may hold libraries, with their own texts again. */
void wrapper_remove(struct buffer *out, struct slice reply);

#endif
