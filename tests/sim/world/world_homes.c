/* Homes of users in the worlds that have them: what cores are told of them, and what becomes of requests that they do not take. */
#include "world_homes.h"

#include <stdio.h>

#define HOPS_MAX 4                   /* of a client that follows what it is told */

/* ---- patterns ---- */

/* Of keys as the generator makes them: the number is the user. Texts and counters without a letter of these have none. */
const struct core_home *world_homes(bool is_first, unsigned *count)
{
	static struct core_home_default defaults[2] = { { .match = "*[02468]" }, { .match = "*" } };
	static const struct core_home homes[] = {
		{ .match = "?:s{id}", .away = HOME_FORWARD, .defaults = defaults, .default_count = 2 },
		{ .match = "?:h{id}", .away = HOME_REDIRECT },
		{ .match = "?:z{id}", .away = HOME_REFUSE, .is_mixed_accepted = false },
		{ .match = "?:e{id}", .away = HOME_ACCEPT },
	};

	static const struct core_home first_homes[] = {
		{ .match = "?:s{id}", .away = HOME_FORWARD, .is_first = true },
		{ .match = "?:h{id}", .away = HOME_REDIRECT },
		{ .match = "?:z{id}", .away = HOME_REFUSE, .is_mixed_accepted = false },
		{ .match = "?:e{id}", .away = HOME_ACCEPT },
	};

	defaults[0].dc = world_dc_names[0];
	defaults[1].dc = world_dc_names[1];
	*count = sizeof(homes) / sizeof(homes[0]);
	return is_first ? first_homes : homes;
}

bool world_user_of(struct slice key, unsigned *user)
{
	int64_t number;

	if (key.len < 4 || key.ptr[1] != ':' || (key.ptr[2] != 's' && key.ptr[2] != 'h' && key.ptr[2] != 'z') ||
	    !slice_to_int64((struct slice){ key.ptr + 3, key.len - 3 }, &number))
		return false;
	*user = (unsigned)number;
	return true;
}

unsigned world_home_of(unsigned user)
{
	return user % 2;
}

unsigned world_no_home_of(unsigned user)
{
	(void)user;
	return AUDIT_NOBODY;
}

/* ---- requests that go away ---- */

void client_home_away(struct world *world, struct dc *dc, const struct effect *effect)
{
	struct client_request *request = requests_find(&world->requests, effect->away.token);
	bool is_forwarded = effect->away.policy == HOME_FORWARD;

	trace_line(world->trace, dc->index, "request %llu is meant for %s, epoch %llu, policy %u", (unsigned long long)effect->away.token,
	           world_dc_names[world_global_index(dc, effect->away.dc)], (unsigned long long)effect->away.epoch, (unsigned)effect->away.policy);
	if (request->is_forwarded && (is_forwarded || effect->away.epoch < request->forwarded_epoch))
		auditor_find(world->auditor, "%s sends request %llu on, which was forwarded there", world_dc_names[dc->index], (unsigned long long)request->token);
	if (effect->away.policy == HOME_REFUSE || request->hops++ >= HOPS_MAX ||
	    (world->plan.fault_events > 0 && dice_chance(&world->dice, 10))) {
		request->state = REQUEST_REFUSED;
		return;
	}
	if (is_forwarded)
		world->homes_met.forwarded++;
	else
		world->homes_met.redirected++;
	request->is_away = true;
	world_plan_next(world, &(struct happening){
		.type = HAPPENING_AWAY, .dc = world_global_index(dc, effect->away.dc), .a = effect->away.token, .b = is_forwarded ? FORWARDED | effect->away.epoch : 0,
	}, 20 + dice_below(&world->dice, world->plan.link_us_max));
}

void client_home_lost(struct world *world, const struct dc *dc)
{
	if (dc->core != NULL && core_status(dc->core)->held_writes + core_status(dc->core)->moves > 0)
		auditor_find(world->auditor, "%s holds writes, or moves users, without a store", world_dc_names[dc->index]);
	for (unsigned i = 0; world->plan.has_homes && i < world->requests.count; i++)
		if (world->requests.items[i].dc == dc->index && world->requests.items[i].state == REQUEST_SENT && !world->requests.items[i].is_away)
			world->requests.items[i].state = REQUEST_LOST;
}

/* ---- faults ---- */

void client_home_strike(struct world *world, struct dc *dc, bool is_flip)
{
	static const enum fault faults[] = {
		FAULT_CONNECTION_LOSS, FAULT_CONNECTION_LOSS, FAULT_SIDECAR_CRASH, FAULT_STORE_RESTART, FAULT_STORE_ROLLBACK, FAULT_BOTH_CRASH, FAULT_REFUSAL,
	};
	enum fault fault;

	if (!world->plan.has_homes || world->plan.fault_events == 0 || world->is_ending || dice_below(&world->dice, 1000) >= (is_flip ? 60 : 1))
		return;
	fault = faults[dice_below(&world->dice, sizeof(faults) / sizeof(faults[0]))];
	if (world->plan.has_faults[fault])
		world_plan_next(world, &(struct happening){ .type = HAPPENING_STRIKE, .dc = dc->index, .a = fault }, 0);
}

/* ---- what was met ---- */

void client_home_count(struct world *world, const struct dc *dc)
{
	for (enum move_result result = 0; dc->core != NULL && result < MOVE_RESULT_COUNT; result++)
		world->homes_met.ended[result] += core_status(dc->core)->moves_ended[result];
}


void homes_met_add(struct homes_met *into, const struct homes_met *other)
{
	into->orders += other->orders;
	into->flips += other->flips;
	into->unanswered += other->unanswered;
	into->forwarded += other->forwarded;
	into->redirected += other->redirected;
	into->held += other->held;
	for (enum move_result result = 0; result < MOVE_RESULT_COUNT; result++)
		into->ended[result] += other->ended[result];
}

void homes_met_print(const struct homes_met *met)
{
	printf("homes: %llu orders to move;", (unsigned long long)met->orders);
	for (enum move_result result = 0; result < MOVE_RESULT_COUNT; result++)
		printf(" %llu %s,", (unsigned long long)met->ended[result], move_result_text(result));
	printf(" %llu flips, %llu of which were not answered; %llu writes were held, %llu forwarded, %llu redirected\n",
	       (unsigned long long)met->flips, (unsigned long long)met->unanswered, (unsigned long long)met->held,
	       (unsigned long long)met->forwarded, (unsigned long long)met->redirected);
}
