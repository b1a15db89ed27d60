#include "client_session.h"

#include "generator.h"
#include "sidecar.h"

static uint64_t session_send(struct world *world, struct dc *dc, enum ask_verb verb, uint32_t text, uint64_t wait_ms)
{
	struct client_request *request = generator_request(world, dc);
	struct event event = { .type = EVENT_ASKED };
	uint64_t token = request->token;

	request->is_ask = true;
	request->ask = (struct client_ask){ .verb = verb, .context = text };
	request->commands[0].operation = generator_ask_operation(verb);
	if (!generator_enter(world, dc, request))
		return token;
	trace_line(world->trace, dc->index, "ask %llu: %s %s", (unsigned long long)token, verb == VERB_TOKEN ? "TOKEN" : "WAITFOR",
	           pool_text(world->pool, text).ptr);
	event.asked.token = token;
	event.asked.ask = verb == VERB_TOKEN ? ASK_TOKEN : ASK_WAIT;
	event.asked.context = pool_text(world->pool, text);
	event.asked.wait_ms = wait_ms;
	auditor_session_asked(world->auditor, request);
	sidecar_step(world, dc, &event);
	return token;
}

uint64_t client_session_mint(struct world *world, struct dc *dc)
{
	return session_send(world, dc, VERB_TOKEN, 0, 0);
}

uint64_t client_session_wait(struct world *world, struct dc *dc, uint32_t text, uint64_t wait_ms)
{
	return session_send(world, dc, VERB_WAIT, text, wait_ms);
}

void client_session_send(struct world *world, struct dc *dc)
{
	static const uint64_t waits_ms[] = { 0, 20, 200, 2000 };
	uint32_t text = world->session_texts[dice_below(&world->dice, SESSIONS_KEPT)];

	if (text == 0 || dice_chance(&world->dice, 40))
		client_session_mint(world, dc);
	else
		client_session_wait(world, dc, text, waits_ms[dice_below(&world->dice, sizeof(waits_ms) / sizeof(waits_ms[0]))]);
}

void client_session_everywhere(struct world *world)
{
	for (unsigned i = 0; i < SESSIONS_KEPT; i++)
		for (unsigned dc = 0; dc < world->plan.dc_count && world->session_texts[i] != 0; dc++)
			client_session_wait(world, &world->dcs[dc], world->session_texts[i], 2000);
}
