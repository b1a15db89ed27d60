#include "scope_client.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proxy/core/commands/command.h"
#include "scope_ask.h"
#include "scope_names.h"
#include "scope_turn.h"
#include "tests/scope/model/scope_execute.h"

static void expire(struct scope_dc *dc)
{
	if (dc->store_ahead_ms != 0)
		return;
	dc->store_ahead_ms = SCOPE_EXPIRY_MS;
	sim_store_expire(dc->store, dc->clock_ms + SCOPE_EXPIRY_MS);
}

/* A word that is the letter of a key ("k") stands for that key of the case ("12k"). */
static struct slice argument(struct scope_world *world, unsigned number, const char *word)
{
	const char *letter = word[1] == '\0' ? memchr(scope_key_letters, *word, SCOPE_KEYS) : NULL;

	return letter == NULL ? slice_of(word) : pool_text(world->pool, scope_key_name(world, number, (unsigned)(letter - scope_key_letters)));
}

void scope_say(struct scope_world *world, unsigned dc, unsigned number, const char *operation)
{
	struct scope_words words[SCOPE_WRITES_MAX];
	struct slice argv[SCOPE_WRITES_MAX][SCOPE_WORDS_MAX];
	struct request requests[SCOPE_WRITES_MAX];
	const struct command *rows[SCOPE_WRITES_MAX];
	struct event event = { .type = EVENT_REQUEST };
	unsigned count = 0;

	if (world->is_traced)
		printf("%s: %s\n", scope_dc_names[dc], operation);
	if (scope_is_expiry(operation)) {
		expire(&world->dcs[dc]);
		return;
	}
	for (; scope_next_command(&operation, &words[count]); count++) {
		for (unsigned i = 0; i < words[count].count; i++)
			argv[count][i] = argument(world, number, words[count].words[i]);
		requests[count] = (struct request){ .argv = argv[count], .argc = words[count].count };
		rows[count] = command_find(words[count].count, argv[count]);
		assert(rows[count] != NULL && rows[count]->class == COMMAND_WRITE);
	}
	event.request.token = number + 1;
	event.request.protocol = 2;
	event.request.commands = requests;
	event.request.rows = rows;
	event.request.count = count;
	event.request.is_transaction = count > 1;
	scope_step(&world->dcs[dc], &event);
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
	*scope_asked_by(world, event.asked.token) = (struct scope_siblings){ .count = 0 };
	scope_step(&world->dcs[dc], &event);
}
