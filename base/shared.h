/* Shared: bytes that several owners keep, each for as long as it needs them. They never change. */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include "bytes.h"

struct shared {
	struct slice bytes;          /* owned */
	uint32_t refs;
};

/* Takes over what BUFFER holds, and leaves it empty. One reference, the caller's. */
struct shared *shared_new(struct buffer *buffer);
struct shared *shared_hold(struct shared *shared);
void shared_drop(struct shared *shared);         /* NULL is fine */

#endif
