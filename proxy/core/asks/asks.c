/* Asks: the room's state begins and ends (see asks.h). */
#include "asked.h"
#include "proxy/core/causes/rooms.h"

struct asks *asks_new(const struct rooms *rooms)
{
	struct asks *asks = memory_new(sizeof *asks);
	*asks = (struct asks){
		.options = rooms->options, .step = rooms->step, .causes = rooms->causes, .onlookers = rooms->onlookers, .groups = rooms->groups,
		.books = rooms->books, .local = rooms->local, .topology = rooms->topology, .keyspace = rooms->keyspace, .policies = rooms->policies,
	};
	asks->end = &asks->first;
	return asks;
}

void asks_close(struct asks *asks)
{
	while (asks->first != NULL)
		asks_remove(asks, asks->first);
	waits_close(asks);
	handle_forget(asks);
	sweep_reset(asks);
}

bool asks_are_idle(const struct asks *asks)
{
	return asks->first == NULL;
}

void asks_free(struct asks *asks)
{
	memory_free(asks->handled);
	memory_free(asks);
}
