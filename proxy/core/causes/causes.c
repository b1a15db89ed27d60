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
	for (uint32_t i = 0; i < context->count; i++)
		if (i != causes->self && context->seqs[i] > causes->origins.items[i].announced)
			causes->origins.items[i].announced = context->seqs[i];
}

struct context *causes_context(struct causes *causes)
{
	struct context *context = context_new(causes->origins.count);
	const struct context *before = causes->origins.items[causes->self].before;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		uint64_t applied = causes->origins.items[i].applied, seen = before == NULL ? 0 : context_at(before, i);
		context->seqs[i] = seen > applied ? seen : applied;
	}
	context->seqs[causes->self] = causes->next_seq - 1;
	return context;
}

struct context *causes_confirmed(struct causes *causes)
{
	struct context *context = context_new(causes->origins.count);
	for (unsigned i = 0; i < causes->origins.count; i++)
		context->seqs[i] = causes->origins.items[i].confirmed;
	context->seqs[causes->self] = causes->answered_seq;
	return context;
}

struct context *causes_translate(struct causes *causes, struct slice positions)
{
	struct context *context = context_new(causes->origins.count);
	struct position position;
	while (envelope_context_next(&positions, &position)) {
		int origin = origins_get(&causes->origins, position.dc, position.incarnation);
		if (origin >= 0)
			context_set(&context, (unsigned)origin, position.seq);
	}
	context->is_explicit = true;
	return context;
}

bool causes_have_applied(const struct causes *causes, const struct context *context)
{
	for (uint32_t i = 0; context != NULL && i < context->count; i++)
		if (context->seqs[i] > causes->origins.items[i].applied)
			return false;
	return true;
}

bool causes_are_caught_up(const struct causes *causes)
{
	return causes->is_gate_open && causes_have_applied(causes, causes->origins.items[causes->self].before);
}

bool causes_lift(const struct causes *causes, struct context **context, unsigned own)
{
	const struct context *before = causes->origins.items[own].before;
	struct context *lifted = NULL;
	for (unsigned i = 0; before != NULL && i < before->count; i++) {
		if (i == own || context_at(before, i) <= context_at(*context, i))
			continue;
		if (lifted == NULL)
			lifted = context_copy(*context, causes->origins.count);
		lifted->seqs[i] = before->seqs[i];
	}
	if (lifted == NULL)
		return false;
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

struct context *causes_read(struct causes *causes, const struct batch *batch)
{
	struct context *context = context_new(causes->origins.count);
	for (unsigned i = 0; i < batch->context_count; i++) {
		const struct position *position = &batch->context[i];
		/* A DC that is not configured here (any more, or not yet): its writes cannot be waited for. */
		int dc = origins_dc(&causes->origins, position->dc);
		if (dc < 0)
			continue;
		int origin = origins_get_dc(&causes->origins, (unsigned)dc, position->incarnation);
		if (origin < 0) {
			context_drop(context);
			return NULL;
		}
		context_set(&context, (unsigned)origin, position->seq);
	}
	return context;
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

const struct position *causes_positions(struct causes *causes, const struct context *context, unsigned *count)
{
	*count = 0;
	for (uint32_t i = 0; i < context->count; i++) {
		const struct origin *origin = &causes->origins.items[i];
		if (context->seqs[i] == 0)
			continue;
		causes->positions = array_reserve(causes->positions, *count, &causes->position_cap, sizeof *causes->positions);
		causes->positions[(*count)++] =
			(struct position){ slice_of(causes->origins.dcs[origin->dc]), origin->incarnation, context->seqs[i] };
	}
	return causes->positions;
}
