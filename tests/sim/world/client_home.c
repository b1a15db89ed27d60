/* What clients and operators do about homes. */
#include "client_home.h"

#include <stdio.h>

#include "generator.h"
#include "sidecar.h"
#include "world_homes.h"


static struct slice user_name(struct world *world, unsigned user)
{
	char room[24];

	snprintf(room, sizeof(room), "user:%u", user);
	return pool_text(world->pool, pool_intern(world->pool, slice_of(room)));
}

/* ---- orders ---- */

static uint64_t give_order(struct world *world, struct dc *dc, unsigned user, const struct event *order)
{
	struct client_request *request = generator_request(world, dc);
	struct event event = *order;
	uint64_t token = request->token;

	request->is_ask = true;
	request->ask.verb = VERB_REHOME;
	request->commands[0].operation = generator_ask_operation(VERB_REHOME);
	if (!generator_enter(world, dc, request))
		return token;
	trace_line(world->trace, dc->index, "order %llu: user %u to %s%s", (unsigned long long)token, user, event.asked.value.ptr,
	           event.asked.ask == ASK_TAKE_OVER ? ", by force" : "");
	event.type = EVENT_ASKED;
	event.asked.token = token;
	event.asked.key = user_name(world, user);
	world->homes_met.orders++;
	if (event.asked.ask == ASK_REHOME)
		auditor_home_ordered(world->auditor, dc->index, user);
	sidecar_step(world, dc, &event);
	return token;
}

uint64_t client_home_order(struct world *world, struct dc *dc, unsigned user, unsigned target, uint32_t hold_ms)
{
	return give_order(world, dc, user, &(struct event){ .asked = { .ask = ASK_REHOME, .value = slice_of(world_dc_names[target]), .hold_ms = hold_ms } });
}

uint64_t client_home_take_over(struct world *world, struct dc *dc, unsigned user, bool is_now)
{
	return give_order(world, dc, user, &(struct event){ .asked = { .ask = ASK_TAKE_OVER, .value = slice_of(world_dc_names[dc->index]), .is_now = is_now } });
}

void client_home_send(struct world *world, struct dc *dc)
{
	static const uint32_t holds_ms[] = { 0, 5, 100, 3000 };
	unsigned user = (unsigned)dice_below(&world->dice, world->plan.keys), target = (unsigned)dice_below(&world->dice, world->plan.dc_count);
	uint32_t hold_ms = holds_ms[dice_below(&world->dice, sizeof(holds_ms) / sizeof(holds_ms[0]))];
	struct home home;

	if (world->plan.has_take_overs && dice_chance(&world->dice, 15)) {
		client_home_take_over(world, dc, user, dice_chance(&world->dice, 50));
		return;
	}
	if (dice_chance(&world->dice, 85) && dc->core != NULL && core_home_of_user(dc->core, user_name(world, user), &home) && home.dc < world->plan.dc_count)
		dc = &world->dcs[world_global_index(dc, home.dc)];
	client_home_order(world, dc, user, target, hold_ms);
}

void client_home_arrives(struct world *world, struct dc *dc, uint64_t token, uint64_t forwarded_epoch)
{
	struct client_request *request = requests_find(&world->requests, token);

	request->is_away = false;
	request->dc = dc->index;
	request->is_forwarded = (forwarded_epoch & FORWARDED) != 0;
	request->forwarded_epoch = forwarded_epoch & ~FORWARDED;
	request->asked_ms = world_clock_ms(world, dc);
	if (dc->core == NULL || !dc->is_open)
		request->state = REQUEST_REFUSED;
	else
		sidecar_request(world, dc, request);
}

void client_home_judge(struct world *world)
{
	for (unsigned i = 0; i < world->requests.count; i++) {
		const struct client_request *request = &world->requests.items[i];

		if (request->state == REQUEST_SENT && !request->is_under_way)
			auditor_find(world->auditor, "request %llu waits at %s for ever", (unsigned long long)request->token, world_dc_names[request->dc]);
	}
	for (unsigned i = 0; i < world->plan.dc_count; i++) {
		for (unsigned user = 0; user < world->plan.keys; user++) {
			struct home home;

			if (core_home_of_user(world->dcs[i].core, user_name(world, user), &home))
				auditor_home_told(world->auditor, i, user, home.is_nobodys ? AUDIT_NOBODY : world_global_index(&world->dcs[i], home.dc), home.epoch);
			else
				auditor_find(world->auditor, "%s knows no user %u", world_dc_names[i], user);
		}
	}
}
