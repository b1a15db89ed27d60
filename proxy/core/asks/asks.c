/* Asks: the room's state begins and ends (see asks.h). */
#include "asked.h"

void asks_init(struct asks *asks)
{
	asks->end = &asks->first;
}

void asks_close(struct asks *asks)
{
	while (asks->first != NULL)
		asks_remove(asks, asks->first);
	handle_forget(asks);
	sweep_reset(asks);
}

void asks_free(struct asks *asks)
{
	memory_free(asks->handled);
}
