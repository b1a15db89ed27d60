#include "expectations.h"

#include <assert.h>

#define CAP_FIRST 64

static void grow(struct expectations *expectations);

void expectations_add(struct expectations *expectations, struct expectation expectation)
{
	if (expectations->count == expectations->cap)
		grow(expectations);
	size_t at = (expectations->head + expectations->count) & (expectations->cap - 1);
	expectations->ring[at] = expectation;
	expectations->count++;
}

const struct expectation *expectations_oldest(const struct expectations *expectations)
{
	return expectations->count > 0 ? &expectations->ring[expectations->head] : NULL;
}

void expectations_drop_oldest(struct expectations *expectations)
{
	assert(expectations->count > 0);
	expectations->head = (expectations->head + 1) & (expectations->cap - 1);
	expectations->count--;
}

void expectations_free(struct expectations *expectations)
{
	memory_free(expectations->ring);
	*expectations = (struct expectations){ 0 };
}

static void grow(struct expectations *expectations)
{
	size_t cap = expectations->cap > 0 ? expectations->cap * 2 : CAP_FIRST;
	struct expectation *ring = memory_new(cap * sizeof *ring);
	for (size_t i = 0; i < expectations->count; i++)
		ring[i] = expectations->ring[(expectations->head + i) & (expectations->cap - 1)];
	memory_free(expectations->ring);
	expectations->ring = ring;
	expectations->head = 0;
	expectations->cap = cap;
}
