/* Asks of clients: which value, with which context, and what is remembered of the answers. */
#include "client_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/core/wire/record.h"
#include "client_memory.h"
#include "generator.h"
#include "sidecar.h"
#include "world_rules.h"

/* ---- sending ---- */

/* In the core's words. */
static const enum ask asks[] = {
	[VERB_GET] = ASK_GET, [VERB_SET] = ASK_SET, [VERB_DELETE] = ASK_DELETE,
	[VERB_EXPLAIN] = ASK_EXPLAIN, [VERB_RESOLVE] = ASK_RESOLVE, [VERB_RETRY] = ASK_RETRY,
};
static const enum choice choices[] = {
	[PICK_WINNER] = CHOICE_WINNER, [PICK_SIDE] = CHOICE_SIDE, [PICK_VALUE] = CHOICE_VALUE, [PICK_REMOVAL] = CHOICE_REMOVAL, [PICK_RULE] = CHOICE_RULE,
};

static void ask_send(struct world *world, struct dc *dc, struct client_request *request)
{
	struct event event = { .type = EVENT_ASKED };
	char client[32];

	request->is_ask = true;
	request->count = 1;
	request->commands[0].rule = world_rule_of(pool_text(world->pool, request->ask.key));
	request->commands[0].operation = generator_ask_operation(request->ask.verb);
	if (!generator_enter(world, dc, request))
		return;
	snprintf(client, sizeof(client), "ask-%llu", (unsigned long long)request->token);
	event.asked.token = request->token;
	event.asked.ask = asks[request->ask.verb];
	event.asked.db = request->db;
	event.asked.key = pool_text(world->pool, request->ask.key);
	event.asked.element = pool_text(world->pool, request->ask.element);
	event.asked.is_field = request->ask.is_field;
	event.asked.value = pool_text(world->pool, request->ask.value);
	event.asked.context = pool_text(world->pool, request->ask.context);
	event.asked.id = pool_text(world->pool, request->ask.id);
	event.asked.choice = choices[request->ask.choice];
	event.asked.client = slice_of(client);
	event.asked.by = event.asked.client;
	trace_line(world->trace, dc->index, "ask %llu db %u: %s %s %s \"%s\" after %s", (unsigned long long)request->token, request->db,
	           operation_at(request->commands[0].operation)->variant, event.asked.key.ptr, event.asked.element.ptr, event.asked.value.ptr,
	           event.asked.context.ptr);
	auditor_asked(world->auditor, request);
	sidecar_step(world, dc, &event);
}

static uint32_t draw_context(struct world *world, const struct dc *dc, const struct client_request *request)
{
	unsigned other = (unsigned)dice_below(&world->dice, world->plan.dc_count);
	uint64_t roll = dice_below(&world->dice, 100);
	const struct client_memory *memory = client_memory_find(world, request, roll < 10 ? other : dc->index);

	if (roll >= 85)
		return roll >= 92 ? pool_intern(world->pool, SLICE("-")) : 0;
	return memory->contexts[roll < 60 ? 0 : 1 + dice_below(&world->dice, CONTEXTS_KEPT - 1)];
}

/* Mostly where versions are kept; elsewhere a context is refused. */
static enum audit_rule draw_rule(struct world *world)
{
	uint64_t roll = dice_below(&world->dice, 100);

	if (world->plan.is_narrow && world->plan.favourite >= AUDIT_RECORD && dice_chance(&world->dice, 85))
		return world->plan.favourite;
	return roll < 60 ? AUDIT_RECORD : roll < 94 ? AUDIT_CUSTOM : (enum audit_rule)dice_below(&world->dice, AUDIT_RECORD);
}

void client_ask_send(struct world *world, struct dc *dc)
{
	static const enum ask_verb verbs[] = { VERB_GET, VERB_GET, VERB_GET, VERB_SET, VERB_SET, VERB_SET, VERB_SET, VERB_DELETE };
	struct client_request *request;
	char room[32];

	if (world->plan.has_resolves && dice_chance(&world->dice, 10) && client_ask_resolve(world, dc))
		return;
	request = generator_request(world, dc);
	request->db = dice_chance(&world->dice, 8) ? 1 : 0;
	request->ask.verb = verbs[dice_below(&world->dice, sizeof(verbs) / sizeof(verbs[0]))];
	request->ask.is_field = dice_chance(&world->dice, 40);
	generator_text_key(world, draw_rule(world), request->ask.is_field, room, sizeof(room));
	request->ask.key = pool_intern(world->pool, slice_of(room));
	snprintf(room, sizeof(room), "f%u", (unsigned)dice_below(&world->dice, 5));
	request->ask.element = request->ask.is_field ? pool_intern(world->pool, slice_of(room)) : 0;
	snprintf(room, sizeof(room), "w%llu", (unsigned long long)request->token);
	request->ask.value = request->ask.verb == VERB_SET ? pool_intern(world->pool, slice_of(room)) : 0;
	request->ask.context = request->ask.verb == VERB_GET ? 0 : draw_context(world, dc, request);
	ask_send(world, dc, request);
}

/* ---- conflicts that wait for somebody ---- */

/* An open record of DC's store, as an operator would see it listed; false: there is none. What it points to is in the pool, or in SCRATCH. */
static bool draw_open_record(struct world *world, const struct dc *dc, struct record_scratch *scratch, struct record *record)
{
	const struct sim_key *episodes = sim_store_find(dc->store, SIM_RESERVED_DB, pool_intern(world->pool, slice_of(CORE_EPISODES_KEY)));
	unsigned count = episodes == NULL ? 0 : episodes->count, first = (unsigned)dice_below(&world->dice, count);

	for (unsigned i = 0; i < count; i++) {
		struct slice records = pool_text(world->pool, episodes->elements[(first + i) % count].value), bytes;

		while (records_next(&records, &bytes))
			if (record_decode(bytes, scratch, record) && record->status == RECORD_OPEN)
				return true;
	}
	return false;
}

/* What the choice is about, as text. */
static void draw_choice(struct world *world, const struct record *record, struct client_request *request)
{
	char room[200];

	request->ask.choice = (enum ask_choice)dice_below(&world->dice, PICK_RULE + 1);
	snprintf(room, sizeof(room), "w%llu", (unsigned long long)request->token);
	if (request->ask.choice == PICK_SIDE && record->side_count > 0) {
		const struct record_dot *dot = &record->sides[dice_below(&world->dice, record->side_count)].dot;

		snprintf(room, sizeof(room), "%.*s/%llu/%llu", (int)dot->dc.len, dot->dc.ptr, (unsigned long long)dot->incarnation, (unsigned long long)dot->seq);
	} else if (request->ask.choice == PICK_RULE) {
		snprintf(room, sizeof(room), "%s", dice_chance(&world->dice, 50) ? "lww" : "merge");
	}
	request->ask.value = pool_intern(world->pool, slice_of(room));
}

bool client_ask_resolve(struct world *world, struct dc *dc)
{
	struct record_scratch scratch = { .cap = 0 };
	struct client_request *request;
	struct record record;
	bool has_record = draw_open_record(world, dc, &scratch, &record);

	if (has_record) {
		request = generator_request(world, dc);
		request->db = record.db;
		request->ask.verb = dice_chance(&world->dice, 20) ? VERB_RETRY : VERB_RESOLVE;
		request->ask.key = pool_intern(world->pool, record.key);
		request->ask.element = pool_intern(world->pool, record.element);
		request->ask.is_field = slice_equal(record.type, SLICE("hash"));
		request->ask.id = pool_intern(world->pool, record.id);
		draw_choice(world, &record, request);
		ask_send(world, dc, request);
	}
	memory_free(scratch.sides);
	return has_record;
}

uint64_t client_ask_say(struct world *world, struct dc *dc, const struct client_ask *ask)
{
	struct client_request *request = generator_request(world, dc);

	request->ask = *ask;
	ask_send(world, dc, request);
	return request->token;
}

/* ---- the end ---- */

struct everything { struct world *world; unsigned dc; };

static void ask_for(void *context, uint32_t db, uint32_t key, bool is_field, uint32_t element)
{
	const struct everything *everything = context;
	struct world *world = everything->world;
	struct client_request *request;

	if (world_rule_of(pool_text(world->pool, key)) != AUDIT_RECORD && world_rule_of(pool_text(world->pool, key)) != AUDIT_CUSTOM)
		return;
	request = generator_request(world, &world->dcs[everything->dc]);
	request->db = db;
	request->ask = (struct client_ask){ .verb = VERB_GET, .key = key, .element = element, .is_field = is_field };
	ask_send(world, &world->dcs[everything->dc], request);
}

void client_ask_everything(struct world *world)
{
	for (unsigned dc = 0; dc < world->plan.dc_count; dc++)
		auditor_each_subject(world->auditor, ask_for, &(struct everything){ world, dc });
}
