#include "delta_walk.h"

void delta_walk_begin(struct delta_walk *walk, const struct origins *origins, const struct element *element, const struct version *decider,
                      const struct stamp *after)
{
	*walk = (struct delta_walk){ origins, element, memory_new((element->history_count + 1) * sizeof *walk->at) };
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		uint32_t seen = decider == NULL ? 0 : history_upto(history, stamp_follows(&decider->stamp, history->origin));
		walk->at[i] = after == NULL ? seen : history->len;
		for (; walk->at[i] > seen; walk->at[i]--) {
			struct stamp stamp = history_stamp(history, walk->at[i] - 1);
			if (stamp_compare(origins, &stamp, after) <= 0)
				break;
		}
	}
}

bool delta_walk_next(struct delta_walk *walk, struct delta *delta)
{
	for (;;) {
		const struct history *next = NULL;
		uint32_t *at = NULL;
		struct stamp first = { 0 };
		for (unsigned i = 0; i < walk->element->history_count; i++) {
			const struct history *history = &walk->element->histories[i];
			if (walk->at[i] == history->len)
				continue;
			struct stamp stamp = history_stamp(history, walk->at[i]);
			if (next != NULL && stamp_compare(walk->origins, &stamp, &first) >= 0)
				continue;
			next = history;
			at = &walk->at[i];
			first = stamp;
		}
		if (next == NULL)
			return false;
		uint32_t index = (*at)++;
		const struct mark *mark = history_mark(next, index);
		if (!mark_is_live_delta(mark))
			continue;
		long double before = index == 0 ? next->total_before : history_total(next, index - 1);
		*delta = (struct delta){ mark->note, mark->flags, history_total(next, index) - before };
		return true;
	}
}

void delta_walk_end(struct delta_walk *walk)
{
	memory_free(walk->at);
}

/* Does it show in which order these two were done? It shows in the last digits of sums with fractions, in where an appended part stands, and where a number
 * is added to what a patch changes. It does not where both write at a place of their own: of those, the later is written again (patch.c). Nor where both
 * are unions of a HyperLogLog; with any other part, they are. */
bool delta_order_shows(unsigned a, unsigned b)
{
	if (!((a | b) & MARK_PATCH))
		return ((a | b) & MARK_DELTA) && ((a | b) & MARK_FRACTION);
	return (a & b & MARK_DELTA) && (((a | b) & MARK_FRACTION) || ((a ^ b) & (MARK_PATCH | MARK_UNION)));
}

bool delta_comes_late(const struct origins *origins, const struct arrival *arriving, const struct version *decider)
{
	struct delta_walk walk;
	struct delta delta;
	bool is_late = false;
	if (decider == NULL)
		return false;
	delta_walk_begin(&walk, origins, arriving->element, decider, arriving->party.stamp);
	while (!is_late && delta_walk_next(&walk, &delta))
		is_late = delta_order_shows(arriving->party.flags, delta.flags);
	delta_walk_end(&walk);
	return is_late;
}
