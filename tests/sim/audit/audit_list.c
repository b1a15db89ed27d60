/* List: what a list holds once every write to it is known, by rule 13 of docs/replication-model.md. Keeps every element that there ever was, from the
 * first write on, and looks at all of them for each change. */
#include <stdlib.h>

#include "audit_outcome.h"

struct item {
	const struct touch *made;    /* NULL: the middle, which is always there and no element */
	const struct touch *put;     /* what set it last; NULL: nothing */
	unsigned behind;             /* the element behind which it was made; itself: none, it came before all */
	unsigned parent;             /* beside which element, and on which side, it stands */
	bool is_left;
	unsigned *takers;            /* owned: which touches removed it */
	unsigned taker_count, taker_cap;
};

struct show {
	const struct audited_list *list;
	const struct touch **changes;        /* owned: in the order of time */
	unsigned change_count;
	struct item *items;          /* owned; 0 is the middle */
	unsigned item_count, item_cap;
	unsigned *order;             /* owned: the items as they stand in the list */
	unsigned order_count;
};

static bool is_clear(const struct fact *fact)
{
	return fact->kind == FACT_CLEAR || fact->kind == FACT_FLUSH;
}

/* Does it make the key present with another type? */
static bool is_killer(const struct fact *fact)
{
	return (fact->kind == FACT_SET || fact->kind == FACT_DELTA || fact->kind == FACT_REACH) && fact->type != SIM_LIST;
}

static int touch_order(const void *left, const void *right, void *context)
{
	const struct touch *const *a = left, *const *b = right;
	int order = audit_compare(context, (*a)->write, (*b)->write);

	return order != 0 ? order : (int)(*a)->order - (int)(*b)->order;
}

/* Had OBSERVER's change EVENT behind it? */
static bool saw(const struct touch *observer, const struct touch *event)
{
	if (observer->write == event->write)
		return event->order < observer->order;
	return audit_follows(observer->write, event->write);
}

static bool saw_item(const struct show *show, const struct touch *observer, unsigned item)
{
	return show->items[item].made == NULL || saw(observer, show->items[item].made);
}

static bool is_visible(const struct show *show, const struct touch *observer, unsigned item)
{
	const struct item *it = &show->items[item];

	if (it->made == NULL || !saw(observer, it->made))
		return false;
	for (unsigned i = 0; i < it->taker_count; i++)
		if (saw(observer, &show->list->touches[it->takers[i]]))
			return false;
	return true;
}

/* ---- the order ---- */

/* Of two elements that stand beside the same one, on the same side: which comes first? */
static bool comes_first(const struct show *show, unsigned a, unsigned b)
{
	unsigned parent = show->items[a].parent;
	bool is_at_head = show->items[a].is_left && show->items[parent].behind == parent;
	int order = audit_compare(show->list->auditor, show->items[a].made->write, show->items[b].made->write);

	return is_at_head ? order > 0 : order < 0;
}

static void walk(struct show *show, unsigned item);

static void walk_side(struct show *show, unsigned parent, bool is_left)
{
	unsigned last = parent;

	for (;;) {
		unsigned next = parent;

		for (unsigned i = 1; i < show->item_count; i++) {
			if (show->items[i].parent != parent || show->items[i].is_left != is_left || (last != parent && !comes_first(show, last, i)))
				continue;
			if (next == parent || comes_first(show, i, next))
				next = i;
		}
		if (next == parent)
			return;
		walk(show, next);
		last = next;
	}
}

static void walk(struct show *show, unsigned item)
{
	walk_side(show, item, true);
	show->order[show->order_count++] = item;
	walk_side(show, item, false);
}

static void arrange(struct show *show)
{
	show->order = realloc(show->order, (show->item_count + 1) * sizeof(*show->order));
	if (show->order == NULL)
		abort();
	show->order_count = 0;
	walk(show, 0);
}

/* ---- changes ---- */

/* The item that has INDEX visible ones before it; false: there are not so many. */
static bool find_visible(const struct show *show, const struct touch *observer, uint64_t index, unsigned *at)
{
	for (unsigned i = 0; i < show->order_count; i++)
		if (is_visible(show, observer, show->order[i]) && index-- == 0) {
			*at = i;
			return true;
		}
	return false;
}

static unsigned item_add(struct show *show, const struct touch *made)
{
	show->items = array_grow(show->items, show->item_count, &show->item_cap, sizeof(*show->items));
	show->items[show->item_count] = (struct item){ .made = made, .behind = show->item_count, .parent = UINT32_MAX };
	return show->item_count++;
}

static void do_insert(struct show *show, const struct touch *touch)
{
	const struct fact *fact = touch->fact;
	unsigned first = show->order_count, last = 0, at = 0, new;
	bool is_inside = fact->place > 0 && (uint64_t)fact->place < fact->length && find_visible(show, touch, (uint64_t)fact->place - 1, &at);

	for (unsigned i = 0; i < show->order_count; i++) {
		if (!saw_item(show, touch, show->order[i]))
			continue;
		first = first == show->order_count ? i : first;
		last = i;
	}
	new = item_add(show, touch);
	if (fact->place == 0) {
		show->items[new].parent = show->order[first];
		show->items[new].is_left = true;
	} else {
		unsigned behind = show->order[is_inside ? at : last], next = is_inside ? at + 1 : show->order_count;

		while (next < show->order_count && !saw_item(show, touch, show->order[next]))
			next++;
		show->items[new].behind = behind;
		show->items[new].is_left = next < show->order_count && show->items[show->order[next]].behind == behind && show->order[next] != behind;
		show->items[new].parent = show->items[new].is_left ? show->order[next] : behind;
	}
	arrange(show);
}

static void take(struct show *show, unsigned item, const struct touch *touch)
{
	struct item *it = &show->items[item];

	it->takers = array_grow(it->takers, it->taker_count, &it->taker_cap, sizeof(*it->takers));
	it->takers[it->taker_count++] = (unsigned)(touch - show->list->touches);
}

static void found(const struct show *show, const struct touch *touch, unsigned item)
{
	if (show->list->found != NULL)
		show->list->found(show->list->context, (unsigned)(touch - show->list->touches), item);
}

static void do_place(struct show *show, const struct touch *touch)
{
	unsigned at;

	for (uint64_t i = 0; i < (touch->fact->part == PART_PUT ? 1 : (uint64_t)touch->fact->amount); i++) {
		if (!find_visible(show, touch, (uint64_t)touch->fact->place + i, &at))
			return;
		found(show, touch, show->order[at]);
		if (touch->fact->part == PART_TAKE)
			take(show, show->order[at], touch);
		else
			show->items[show->order[at]].put = touch;
	}
}

/* What is cleared is what it covers: a client's context may tell of less than its datacenter had. */
static void do_clear(struct show *show, const struct touch *touch)
{
	for (unsigned i = 1; i < show->item_count; i++) {
		const struct touch *made = show->items[i].made;

		if (made->write == touch->write ? made->order < touch->order : audit_covers(touch->write, made->write))
			take(show, i, touch);
	}
}

static void do_kill(struct show *show, const struct touch *touch)
{
	for (unsigned i = 1; i < show->item_count; i++)
		take(show, i, touch);
}

/* In the order of time, so what a change has seen comes before it. */
static void play(struct show *show)
{
	for (unsigned i = 0; i < show->change_count; i++) {
		const struct touch *touch = show->changes[i];

		if (is_clear(touch->fact))
			do_clear(show, touch);
		else if (is_killer(touch->fact))
			do_kill(show, touch);
		else if (touch->fact->kind == FACT_DELTA)
			do_insert(show, touch);
		else
			do_place(show, touch);
	}
}

void audit_list(const struct audited_list *list)
{
	struct show show = { .list = list, .changes = memory_new((list->count + 1) * sizeof(struct touch *)) };

	for (unsigned i = 0; i < list->count; i++) {
		const struct fact *fact = list->touches[i].fact;
		bool is_of_list = fact->type == SIM_LIST && (fact->kind == FACT_DELTA || fact->kind == FACT_PLACE);

		if (is_of_list || is_clear(fact) || is_killer(fact))
			show.changes[show.change_count++] = &list->touches[i];
	}
	qsort_r(show.changes, show.change_count, sizeof(*show.changes), touch_order, (void *)(uintptr_t)list->auditor);
	item_add(&show, NULL);
	arrange(&show);
	play(&show);
	for (unsigned i = 0; list->visit != NULL && i < show.order_count; i++) {
		const struct item *item = &show.items[show.order[i]];

		if (item->made != NULL && item->taker_count == 0)
			list->visit(list->context, (item->put != NULL ? item->put : item->made)->fact->value);
	}
	for (unsigned i = 0; i < show.item_count; i++)
		free(show.items[i].takers);
	free(show.items);
	free(show.order);
	memory_free(show.changes);
}
