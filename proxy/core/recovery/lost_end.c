/* Lost end: where our log is in our store, a store that comes back without its last writes has lost them from both. Others may have read them, and what
 * they wrote since counts as having seen them. As long as this process runs, it has them (proxy/core/local/kept.h): they are carried, are appended once
 * more just as they were, and come back to the store like any other origin's writes. Where it no longer has them, nobody here has. We say so, and
 * append in their place that nothing was written, so that nobody waits for them. */
#include "stored.h"

#include "proxy/core/local/kept.h"

#include <limits.h>

void lost_end_open(struct recovery *recovery)
{
	if (!recovery->options->is_log_in_store)
		return;
	recovery->is_end_doubted = true;
	kept_take_back(recovery->outbox, &recovery->carried);
}

/* In the order in which our DC executed them. */
static bool is_before(const struct recovery *recovery, const struct append *a, const struct append *b)
{
	uint64_t first = recovery->causes->origins.items[a->origin].incarnation, second = recovery->causes->origins.items[b->origin].incarnation;
	return first != second ? first < second : a->last_seq < b->last_seq;
}

/* Of a batch that is in both lists, what somebody may have read stays. */
void lost_end_add_carried(struct recovery *recovery, struct append_list *list)
{
	struct append_list *lists[] = { list, &recovery->carried }, merged;
	append_list_init(&merged);
	while (list->first != NULL || recovery->carried.first != NULL) {
		const struct append *one = list->first, *other = recovery->carried.first;
		bool is_other = one == NULL || (other != NULL && is_before(recovery, other, one));
		if (one != NULL && other != NULL && !is_other && !is_before(recovery, one, other))
			append_free(recovery->outbox, append_list_take(lists[one->was_sent || !other->was_sent]));
		else
			append_list_add(&merged, append_list_take(lists[is_other]));
	}
	append_list_init(list);
	append_list_move(&merged, list);
}

/* How far the log will reach once all is appended that is left. */
static uint64_t reach_of(const struct recovery *recovery, const struct append_list *list, unsigned index)
{
	const struct origin *origin = &recovery->causes->origins.items[index];
	uint64_t reach = origin->logged > origin->applied ? origin->logged : origin->applied;
	for (const struct append *append = list->first; append != NULL; append = append->next)
		if (append->origin == index && append->last_seq > reach)
			reach = append->last_seq;
	return reach;
}

/* What was in the log before the first that is left, and is not there any more, was kept for as long as it could be. */
static bool has_gap(const struct recovery *recovery, const struct append_list *list)
{
	uint64_t reach = 0;
	unsigned origin = UINT_MAX;
	for (const struct append *append = list->first; append != NULL; append = append->next) {
		const struct origin *own = &recovery->causes->origins.items[append->origin];
		if (append->origin != origin)
			reach = own->logged > own->applied ? own->logged : own->applied;
		if (append->was_sent && append->last_seq - append->events > reach)
			return true;
		origin = append->origin;
		reach = append->last_seq > reach ? append->last_seq : reach;
	}
	return false;
}

/* Others may have heard of writes of which nothing is left. */
static void add_gone(struct recovery *recovery, struct append_list *list)
{
	const struct origins *origins = &recovery->causes->origins;
	for (unsigned i = 0; i < origins->count; i++) {
		uint64_t reach = reach_of(recovery, list, i), last = origins->items[i].announced;
		if (origins->items[i].dc != 0 || i == recovery->causes->self || origins->items[i].is_past || last >= SEQ_NONE || last <= reach)
			continue;
		recovery->books->is_log_lost = true;
		struct stamp next = { .seq = last + 1, .hlc = causes_lift_hlc(recovery->causes, i, last + 1, 0), .origin = i };
		outbox_add_void(recovery->outbox, &recovery->carried, reach + 1, &next);
		lost_end_add_carried(recovery, list);
	}
}

void lost_end_find(struct recovery *recovery)
{
	struct append_list lost;
	if (!recovery->is_end_doubted)
		return;
	append_list_init(&lost);
	kept_take_lost(recovery->outbox, &lost);
	lost_end_add_carried(recovery, &lost);
	recovery->books->is_log_lost |= has_gap(recovery, &lost);
	add_gone(recovery, &lost);
	append_list_move(&lost, &recovery->carried);
}
