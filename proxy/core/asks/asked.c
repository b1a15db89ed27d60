/* Asked: the list of asks that are not answered yet. Invariant: asks for one key are served in the order in which they came. */
#include "asked.h"

#include <assert.h>

void asked_free(struct asked *asked)
{
	struct slice *const owned[] = { &asked->key, &asked->element, &asked->value, &asked->id, &asked->by, &asked->client, &asked->loaded };
	for (unsigned i = 0; i < sizeof owned / sizeof *owned; i++)
		memory_free((void *)(uintptr_t)owned[i]->ptr);
	if (asked->context != NULL)
		context_drop(asked->context);
	memory_free(asked);
}

struct asked **asks_link(struct asks *asks, uint64_t token)
{
	struct asked **link = &asks->first;
	while (*link != NULL && (*link)->token != token)
		link = &(*link)->next;
	return link;
}

void asks_remove(struct asks *asks, struct asked *asked)
{
	struct asked **link = asks_link(asks, asked->token);
	assert(*link == asked);
	*link = asked->next;
	onlookers_remove(asks->onlookers, &asked->onlooker);
	if (asks->end == &asked->next)
		asks->end = link;
	asked_free(asked);
}

void asks_refuse(struct asks *asks, const struct asked *asked, const char *text)
{
	if (asked->is_internal)
		return;
	step_refuse(asks->step, asked->token, slice_of(text));
}

void asks_add(struct asks *asks, struct asked *asked)
{
	asked->next = NULL;
	asked->onlooker = (struct onlooker){ .db = asked->db, .key = asked->key };
	onlookers_add(asks->onlookers, &asked->onlooker);
	*asks->end = asked;
	asks->end = &asked->next;
}
