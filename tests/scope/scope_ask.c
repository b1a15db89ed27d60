/* Asking a core for the siblings of an element, as HOMEPORT GET does. */
#include <assert.h>
#include <string.h>

#include "scope_world.h"

static struct scope_siblings *asked_by(struct scope_world *world, uint64_t token)
{
	unsigned index = (unsigned)token - 1;

	return &world->siblings[index / SCOPE_ASKED / SCOPE_KEYS][index / SCOPE_ASKED % SCOPE_KEYS][index % SCOPE_ASKED];
}

void scope_ask(struct scope_world *world, unsigned dc, unsigned number, unsigned key, enum scope_element element)
{
	struct event event = { .type = EVENT_ASKED };

	assert(element < SCOPE_ASKED);
	event.asked.token = (number * SCOPE_KEYS + key) * SCOPE_ASKED + element + 1;
	event.asked.ask = ASK_GET;
	event.asked.key = pool_text(world->pool, scope_key_name(world, number, key));
	event.asked.is_field = element != SCOPE_STRING;
	event.asked.element = slice_of(element == SCOPE_STRING ? "" : element == SCOPE_FIELD_F ? "f" : "g");
	*asked_by(world, event.asked.token) = (struct scope_siblings){ .count = 0 };
	scope_step(&world->dcs[dc], &event);
}

/* [context, [[value, dc, dot, ms], …]] */
void scope_note_reply(struct scope_world *world, uint64_t token, struct slice bytes)
{
	struct scope_siblings *siblings = asked_by(world, token);
	struct reply reply;

	if (!reply_read(&bytes, &reply) || reply.type != REPLY_ARRAY || !reply_skip(&bytes) || !reply_read(&bytes, &reply))
		return;
	siblings->is_answered = true;
	siblings->count = (unsigned)reply.integer;
	for (unsigned i = 0; i < siblings->count; i++) {
		struct slice one = bytes;

		if (!reply_skip(&bytes) || !reply_read(&one, &reply) || !reply_read(&one, &reply))
			return;
		if (reply.type == REPLY_NIL)
			continue;
		if (siblings->present++ == 0)
			memcpy(siblings->newest, reply.text.ptr, reply.text.len < SCOPE_VALUE_MAX ? reply.text.len : SCOPE_VALUE_MAX - 1);
	}
}
