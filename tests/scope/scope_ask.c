#include "scope_ask.h"

#include <string.h>

struct scope_siblings *scope_asked_by(struct scope_world *world, uint64_t token)
{
	unsigned index = (unsigned)token - 1;

	return &world->siblings[index / SCOPE_ASKED / SCOPE_KEYS][index / SCOPE_ASKED % SCOPE_KEYS][index % SCOPE_ASKED];
}

/* [context, [[value, dc, dot, ms], …]] */
void scope_note_reply(struct scope_world *world, uint64_t token, struct slice bytes)
{
	struct scope_siblings *siblings = scope_asked_by(world, token);
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
