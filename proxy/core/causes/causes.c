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
		if (i != causes->self && context->seqs[i] > causes->announced[i])
			causes->announced[i] = context->seqs[i];
}

struct context *causes_context(struct causes *causes)
{
	uint64_t seqs[ORIGINS_MAX];
	const struct context *before = causes->origins.items[causes->self].before;
	for (unsigned i = 0; i < causes->origins.count; i++) {
		uint64_t applied = causes->origins.items[i].applied, seen = before == NULL ? 0 : context_at(before, i);
		seqs[i] = seen > applied ? seen : applied;
	}
	seqs[causes->self] = causes->next_seq - 1;
	return context_new(seqs, causes->origins.count);
}

struct context *causes_confirmed(struct causes *causes)
{
	uint64_t seqs[ORIGINS_MAX];
	for (unsigned i = 0; i < causes->origins.count; i++)
		seqs[i] = causes->origins.items[i].confirmed;
	seqs[causes->self] = causes->answered_seq;
	return context_new(seqs, causes->origins.count);
}

struct context *causes_translate(struct causes *causes, struct slice positions)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	struct position position;
	while (envelope_context_next(&positions, &position)) {
		int origin = origins_get(&causes->origins, position.dc, position.incarnation);
		if (origin >= 0)
			seqs[origin] = position.seq;
	}
	struct context *context = context_new(seqs, causes->origins.count);
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
	bool is_lifted = false;
	uint64_t seqs[ORIGINS_MAX];
	for (unsigned i = 0; i < causes->origins.count; i++) {
		seqs[i] = context_at(*context, i);
		if (before == NULL || i == own || context_at(before, i) <= seqs[i])
			continue;
		seqs[i] = context_at(before, i);
		is_lifted = true;
	}
	if (is_lifted) {
		context_drop(*context);
		*context = context_new(seqs, causes->origins.count);
	}
	return is_lifted;
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

struct context *causes_lifted(struct causes *causes, struct batch *batch, bool *is_lifted)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	int own = origins_get(&causes->origins, batch->dc, batch->incarnation);
	assert(own >= 0);
	for (unsigned i = 0; i < batch->context_count; i++) {
		int origin = origins_dc(&causes->origins, batch->context[i].dc) < 0 ? -1 :
			origins_get(&causes->origins, batch->context[i].dc, batch->context[i].incarnation);
		if (origin >= 0)
			seqs[origin] = batch->context[i].seq;
	}
	struct context *context = context_new(seqs, causes->origins.count);
	*is_lifted = causes_lift(causes, &context, (unsigned)own);
	batch->hlc = causes_lift_hlc(causes, (unsigned)own, batch->first_seq, batch->hlc);
	return context;
}

unsigned causes_positions(const struct causes *causes, const struct context *context, struct position *positions)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < context->count; i++) {
		const struct origin *origin = &causes->origins.items[i];
		if (context->seqs[i] > 0)
			positions[count++] = (struct position){ slice_of(causes->origins.dcs[origin->dc]), origin->incarnation, context->seqs[i] };
	}
	return count;
}
