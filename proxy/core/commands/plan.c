/* Plan: the table of plans and its two entrances, before and after the store's reply (see plan.h). The halves of each plan
 * are in plan_string.c, plan_element.c, plan_scores.c, plan_key.c, plan_finish.c and plan_whole.c (plan_parts.h). */
#include "plan.h"

#include "plan_parts.h"

#include <assert.h>

struct plan_row {
	enum certainty certainty;
	enum removal removal;
	plan_build_function *build;
	plan_finish_function *finish;
	const char *prose;
};

static const struct plan_row plan_rows[] = {
#define PLAN(name, number, certainty, removal, build, finish, prose) \
	[PLAN_##name] = { CERTAINTY_##certainty, REMOVAL_##removal, plan_build_##build, plan_finish_##finish, prose },
#include "plan.def"
#undef PLAN
};

#define PLAN_ROWS (sizeof(plan_rows) / sizeof(plan_rows[0]))

static const struct plan_row *plan_row(enum plan plan)
{
	assert(plan_is_known(plan));
	return &plan_rows[plan];
}

bool plan_is_known(uint64_t number)
{
	return number < PLAN_ROWS && plan_rows[number].finish != NULL;
}

enum certainty plan_certainty(enum plan plan)
{
	return plan_row(plan)->certainty;
}

bool plan_can_empty(enum plan plan)
{
	enum removal removal = plan_row(plan)->removal;
	return removal == REMOVAL_NAMED || removal == REMOVAL_CHOSEN;
}

bool plan_is_patch(enum plan plan)
{
	return plan == PLAN_APPEND || plan == PLAN_SETRANGE || plan == PLAN_SETBIT || plan == PLAN_BITFIELD || plan == PLAN_PFADD ||
	       plan == PLAN_PFMERGE;
}

bool plan_is_of_stream(enum plan plan)
{
	return plan == PLAN_STREAM_ADD_SEEN || plan == PLAN_STREAM_TRIM;
}

bool plan_is_bits(enum plan plan)
{
	return plan == PLAN_SETBIT || plan == PLAN_BITFIELD;
}

bool plan_is_pop(enum plan plan)
{
	enum removal removal = plan_row(plan)->removal;
	return removal == REMOVAL_CHOSEN || removal == REMOVAL_CHOSEN_KEY;
}

const char *plan_prose(enum plan plan)
{
	return plan_row(plan)->prose;
}

const char *plan_command(const struct command *command, const struct request *request, const struct plan_world *world, const struct plan_output *output)
{
	assert(command->class == COMMAND_WRITE);
	assert(command_arity_ok(command, request->argc));
	struct plan_build build = {
		.request = request,
		.world = world,
		.store_commands = output->store_commands,
		.changes = output->changes,
		.planned = output->planned,
	};
	size_t len_before = output->store_commands->len;
	unsigned count_before = output->changes->count;
	*output->planned = (struct planned){ .plan = command->plan };
	const char *error = plan_row(command->plan)->build(&build);
	if (error != NULL) {
		output->store_commands->len = len_before;
		output->changes->count = count_before;
		return error;
	}
	assert(output->planned->answer < output->planned->replies);
	return NULL;
}

void plan_finish(enum plan plan, const struct changes *intent, const struct slice *replies, struct changes *result)
{
	assert(intent != result);
	result->count = 0;
	/* An intent without a change has nothing to become. */
	if (intent->count > 0)
		plan_row(plan)->finish(intent, replies, result);
}

bool plan_is_whole(enum plan plan)
{
	return plan_whole_is(plan_row(plan)->finish);
}

uint64_t plan_elements(enum plan plan, const struct slice *replies, unsigned count)
{
	return plan_is_whole(plan) ? plan_whole_elements(replies, count) : 0;
}

bool plan_finish_some(enum plan plan, const struct changes *intent, const struct slice *replies, struct plan_walk *walk, struct changes *result)
{
	result->count = 0;
	return intent->count > 0 && plan_whole_some(plan_row(plan)->finish, intent, replies, walk, result);
}
