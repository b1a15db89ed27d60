/* Stages run one after the other: each sends some commands and takes their replies; the next one begins when all replies are in. */
#include "opening.h"

#include <stdio.h>
#include <string.h>

#include "opening_stages.h"

static enum opening_state begin_stage(struct opening *opening);
static enum opening_state end_stage(struct opening *opening);
static enum opening_state explain(struct opening *opening, struct slice what);
static bool reply_is_out_of_memory(struct slice reply);

enum opening_state opening_begin(struct opening *opening, struct pipeline *const *pipelines, const struct store_options *options,
                                 uint64_t epoch_left, uint64_t epoch_owed)
{
	opening_free(opening);
	opening->pipelines = pipelines;
	opening->options = options;
	opening->epoch_left = epoch_left;
	opening->epoch_owed = epoch_owed;
	opening->databases = options->reserved_db + 1;
	return begin_stage(opening);
}

enum opening_state opening_take(struct opening *opening, struct slice reply)
{
	const struct opening_stage *stage = &opening_stages[opening->stage];
	opening->replies_due--;
	if (reply_is_out_of_memory(reply) && !opening->is_full) {
		opening->is_full = true;
		opening->is_stage_repeated = true;
	} else if (reply_is_error(reply)) {
		if (!stage->is_optional)
			return explain(opening, (struct slice){ reply.ptr + 1, reply.len - 3 });
	} else if (stage->take != NULL) {
		enum opening_state state = stage->take(opening, reply);
		if (state == OPENING_FAILED)
			return explain(opening, SLICE("the reply is not what was asked for"));
		if (state != OPENING_UNDER_WAY)
			return state;
	}
	return opening->replies_due > 0 ? OPENING_UNDER_WAY : end_stage(opening);
}

void opening_free(struct opening *opening)
{
	memory_free(opening->rivals);
	memento_free(&opening->memento);
	*opening = (struct opening){ 0 };
}

/* A stage that sends nothing has ended already. */
static enum opening_state begin_stage(struct opening *opening)
{
	opening->is_stage_repeated = false;
	opening_stages[opening->stage].send(opening);
	return opening->replies_due > 0 ? OPENING_UNDER_WAY : end_stage(opening);
}

static enum opening_state end_stage(struct opening *opening)
{
	if (!opening->is_stage_repeated && ++opening->stage == OPENING_STAGE_COUNT)
		return OPENING_DONE;
	return begin_stage(opening);
}

static enum opening_state explain(struct opening *opening, struct slice what)
{
	snprintf(opening->why, sizeof opening->why, "while %s: %.*s", opening_stages[opening->stage].purpose, (int)what.len, what.ptr);
	return OPENING_FAILED;
}

static bool reply_is_out_of_memory(struct slice reply)
{
	static const struct slice start = { "-OOM ", 5 };
	return reply.len > start.len && memcmp(reply.ptr, start.ptr, start.len) == 0;
}
