/* What clients remember of answers. */
#include "client_memory.h"

#include <stdlib.h>
#include <string.h>

struct client_memory *client_memory_find(struct world *world, const struct client_request *request, unsigned dc)
{
	struct client_memories *memories = &world->memories;

	for (unsigned i = 0; i < memories->count; i++) {
		struct client_memory *memory = &memories->items[i];

		if (memory->dc == dc && memory->db == request->db && memory->key == request->ask.key && memory->is_field == request->ask.is_field &&
		    memory->element == request->ask.element)
			return memory;
	}
	memories->items = array_grow(memories->items, memories->count, &memories->cap, sizeof(*memories->items));
	memories->items[memories->count] = (struct client_memory){
		.dc = dc, .db = request->db, .key = request->ask.key, .is_field = request->ask.is_field, .element = request->ask.element,
	};
	return &memories->items[memories->count++];
}

/* The first text of the answer. */
static struct slice reply_context(struct slice reply)
{
	const char *dollar = memchr(reply.ptr, '$', reply.len);
	size_t len;

	if (dollar == NULL)
		return (struct slice){ "", 0 };
	len = strtoul(dollar + 1, NULL, 10);
	dollar = memchr(dollar, '\n', (size_t)(reply.ptr + reply.len - dollar));
	return (struct slice){ dollar + 1, len };
}

static void session_replied(struct world *world, struct client_request *request, struct slice reply)
{
	if (request->ask.verb == VERB_TOKEN) {
		request->ask.given = pool_intern(world->pool, reply_context(reply));
		memmove(world->session_texts + 1, world->session_texts, (SESSIONS_KEPT - 1) * sizeof(world->session_texts[0]));
		world->session_texts[0] = request->ask.given;
	}
	auditor_session_replied(world->auditor, request, reply);
}

void client_ask_replied(struct world *world, struct dc *dc, uint64_t token, struct slice reply)
{
	struct client_request *request = requests_find(&world->requests, token);
	struct client_memory *memory;

	trace_line(world->trace, dc->index, "ask %llu is answered: %s", (unsigned long long)token, trace_bytes(reply));
	request->state = REQUEST_ANSWERED;
	request->is_durable = true;
	request->ask.reply = pool_intern(world->pool, reply);
	if (request->ask.verb == VERB_REHOME)
		return;
	if (request->ask.verb >= VERB_TOKEN) {
		session_replied(world, request, reply);
		return;
	}
	auditor_replied(world->auditor, request, reply);
	if (reply.len == 0 || reply.ptr[0] != '*' || request->ask.verb > VERB_DELETE)
		return;
	request->ask.given = pool_intern(world->pool, reply_context(reply));
	memory = client_memory_find(world, request, dc->index);
	memmove(memory->contexts + 1, memory->contexts, (CONTEXTS_KEPT - 1) * sizeof(memory->contexts[0]));
	memory->contexts[0] = request->ask.given;
}
