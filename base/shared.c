#include "shared.h"

#include <assert.h>

/* A buffer that grew may have room for as much again, and many are kept for long. */
static void trim(struct buffer *buffer)
{
	if (buffer->cap - buffer->len > buffer->len / 4)
		buffer->ptr = memory_resize(buffer->ptr, buffer->len);
}

struct shared *shared_new(struct buffer *buffer)
{
	struct shared *shared = memory_new(sizeof *shared);
	trim(buffer);
	shared->bytes = (struct slice){ buffer->ptr, buffer->len };
	shared->refs = 1;
	*buffer = (struct buffer){ 0 };
	return shared;
}

struct shared *shared_hold(struct shared *shared)
{
	shared->refs++;
	return shared;
}

void shared_drop(struct shared *shared)
{
	if (shared == NULL)
		return;
	assert(shared->refs > 0);
	if (--shared->refs > 0)
		return;
	bytes_free(shared->bytes);
	memory_free(shared);
}
