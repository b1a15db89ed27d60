/* Causes: what has been applied, confirmed and announced here, and what a write of ours counts as having seen. */
#include "causes.h"

#include <assert.h>

uint64_t causes_tick_hlc(struct causes *causes, unsigned writes)
{
	uint64_t first = hlc_next(causes->hlc, causes->step->now_ms);
	causes->hlc = first + (writes > 0 ? writes - 1 : 0);
	return first;
}

void causes_announce(struct causes *causes, const struct context *context)
{
	floors_join(&causes->origins.announced, context->floors);
	for (unsigned i = 0; i < causes->origins.count; i++) {
		uint64_t seq = context_at(context, i);
		if (i != causes->self && seq > causes->origins.items[i].announced)
			causes->origins.items[i].announced = seq;
	}
}

struct context *causes_context(struct causes *causes)
{
	struct context *context = causes_applied(causes, false);
	causes_lift(causes, &context, causes->self);
	context->seqs[causes->self] = causes->next_seq - 1;
	return context;
}

struct context *causes_confirmed(struct causes *causes)
{
	struct context *context = causes_applied(causes, true);
	context->seqs[causes->self] = causes->answered_seq;
	return context;
}

struct context *causes_applied(struct causes *causes, bool is_confirmed)
{
	struct origins *origins = &causes->origins;
	struct context *context = context_new(origins, origins->count);
	context->floors = floors_hold(origins->floors);
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		/* A floor says it of those below; what a group under way has not confirmed yet is named. */
		if (!origin_is_below(origins, origins->floors, i) || (is_confirmed && origin->confirmed < origin->applied))
			context->seqs[i] = is_confirmed ? origin->confirmed : origin->applied;
	}
	return context;
}

struct context *causes_translate(struct causes *causes, struct slice positions)
{
	struct context *context = context_new(&causes->origins, causes->origins.count);
	struct slice left = positions;
	struct position position;
	while (envelope_context_next(&left, &position))
		causes_take_floor(causes, context, &position);
	while (envelope_context_next(&positions, &position))
		causes_take_position(causes, &context, &position);
	context->is_explicit = true;
	return context;
}

bool causes_have_applied(const struct causes *causes, const struct context *context, bool is_confirmed)
{
	if (context == NULL)
		return true;
	/* What is below our own floors is applied. */
	if (!floors_reach(causes->origins.floors, context->floors))
		return false;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		const struct origin *origin = &causes->origins.items[i];
		uint64_t seq = context_at(context, i);
		if (seq != SEQ_WHOLE ? seq > (is_confirmed ? origin->confirmed : origin->applied) : is_confirmed && origin->confirmed < origin->applied)
			return false;
	}
	return true;
}

bool causes_are_caught_up(const struct causes *causes)
{
	return causes->is_gate_open && causes_have_applied(causes, causes->origins.items[causes->self].before, false);
}

bool causes_lift(const struct causes *causes, struct context **context, unsigned own)
{
	const struct context *before = causes->origins.items[own].before;
	bool is_lifted = before != NULL && !floors_reach((*context)->floors, before->floors);
	for (unsigned i = 0; before != NULL && i < causes->origins.count; i++)
		is_lifted |= i != own && context_at(before, i) > context_at(*context, i);
	if (!is_lifted)
		return false;
	struct context *lifted = context_copy(*context, causes->origins.count);
	floors_join(&lifted->floors, before->floors);
	for (unsigned i = 0; i < causes->origins.count; i++) {
		uint64_t seen = context_at(*context, i), announced = i == own ? 0 : context_at(before, i);
		lifted->seqs[i] = origin_is_below(&causes->origins, lifted->floors, i) ? 0 : seen > announced ? seen : announced;
	}
	context_drop(*context);
	*context = lifted;
	return true;
}

/* Depends on what was stamped and announced alone: whoever settles the write comes to the same time, and times go up with seqs. */
uint64_t causes_lift_hlc(const struct causes *causes, unsigned own, uint64_t seq, uint64_t hlc)
{
	uint64_t before = causes->origins.items[own].before_hlc;
	return before > 0 && before + seq > hlc ? before + seq : hlc;
}

static void raise(uint64_t *at_least, uint64_t value)
{
	if (value > *at_least)
		*at_least = value;
}

void causes_note_logged(struct causes *causes, unsigned own, uint64_t first_seq, uint64_t hlc, unsigned writes)
{
	struct origin *origin = &causes->origins.items[own];
	if (hlc > first_seq)
		raise(&origin->before_hlc, hlc - first_seq);
	for (unsigned i = 0; i < causes->origins.count; i++)
		if (causes->origins.items[i].dc == 0 && causes->origins.items[i].incarnation > origin->incarnation)
			raise(&causes->origins.items[i].before_hlc, hlc + writes);
}

void causes_take_floor(struct causes *causes, struct context *context, const struct position *position)
{
	int dc = position->is_floor ? origins_dc(&causes->origins, position->dc) : -1;
	if (dc < 0)
		return;
	floors_raise(&context->floors, &causes->origins, (unsigned)dc, position->incarnation);
}

/* Mostly they are what we have ourselves. */
static void share_floors(struct causes *causes, struct context *context)
{
	struct floors *own = causes->origins.floors;
	if (context->floors == NULL || own == NULL || !floors_reach(own, context->floors) || !floors_reach(context->floors, own))
		return;
	floors_drop(context->floors);
	context->floors = floors_hold(own);
}

/* A DC that is not configured here (any more, or not yet): its writes cannot be waited for. */
bool causes_take_position(struct causes *causes, struct context **context, const struct position *position)
{
	int dc = origins_dc(&causes->origins, position->dc);
	if (dc < 0)
		return true;
	int origin = origins_get_dc(&causes->origins, (unsigned)dc, position->incarnation);
	if (origin < 0)
		return false;
	context_cut(context, (unsigned)origin, position->seq);
	return true;
}

struct context *causes_read(struct causes *causes, const struct batch *batch)
{
	struct context *context = context_new(&causes->origins, causes->origins.count);
	bool is_read = true;
	for (unsigned i = 0; i < batch->context_count; i++)
		causes_take_floor(causes, context, &batch->context[i]);
	for (unsigned i = 0; i < batch->context_count; i++)
		is_read &= causes_take_position(causes, &context, &batch->context[i]);
	share_floors(causes, context);
	if (is_read)
		return context;
	context_drop(context);
	return NULL;
}

struct context *causes_lifted(struct causes *causes, struct batch *batch, bool *is_lifted)
{
	int own = origins_get(&causes->origins, batch->dc, batch->incarnation);
	struct context *context = causes_read(causes, batch);
	assert(own >= 0 && context != NULL);
	*is_lifted = causes_lift(causes, &context, (unsigned)own);
	batch->hlc = causes_lift_hlc(causes, (unsigned)own, batch->first_seq, batch->hlc);
	return context;
}

static void add_position(struct causes *causes, unsigned *count, const struct position *position)
{
	causes->positions = array_reserve(causes->positions, *count, &causes->position_cap, sizeof *causes->positions);
	causes->positions[(*count)++] = *position;
}

const struct position *causes_positions(struct causes *causes, const struct context *context, unsigned *count)
{
	const struct origins *origins = &causes->origins;
	*count = 0;
	for (unsigned dc = 0; context->floors != NULL && dc < origins->dc_count; dc++)
		if (context->floors->at[dc] > 0)
			add_position(causes, count, &(struct position){ slice_of(origins->dcs[dc]), context->floors->at[dc], 0, true });
	for (uint32_t i = 0; i < context->count; i++) {
		const struct origin *origin = &origins->items[i];
		if (context->seqs[i] != 0)
			add_position(causes, count,
			             &(struct position){ slice_of(origins->dcs[origin->dc]), origin->incarnation, context_at(context, i), false });
	}
	return causes->positions;
}
