/* Requests: an array, found by token. */
#include "requests.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/sim/store/pool.h"

struct client_request *requests_add(struct requests *requests)
{
	struct client_request *request;

	requests->items = array_grow(requests->items, requests->count, &requests->cap, sizeof(*requests->items));
	request = &requests->items[requests->count++];
	*request = (struct client_request){ .token = requests->count };
	return request;
}

struct client_request *requests_find(const struct requests *requests, uint64_t token)
{
	assert(token >= 1 && token <= requests->count);
	return &requests->items[token - 1];
}

void requests_free(struct requests *requests)
{
	free(requests->items);
	*requests = (struct requests){ .count = 0 };
}
