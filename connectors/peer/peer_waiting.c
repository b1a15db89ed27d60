#include "peer_waiting.h"

struct waiting *waiting_at(const struct waiting_list *list, unsigned index)
{
	return &list->ring[(list->first + index) % list->cap];
}

void waiting_add(struct waiting_list *list, const struct waiting *waiting)
{
	if (list->count == list->cap) {
		unsigned cap = list->cap == 0 ? 16 : list->cap * 2;
		struct waiting *ring = memory_new(cap * sizeof(*ring));
		for (unsigned i = 0; i < list->count; i++)
			ring[i] = *waiting_at(list, i);
		memory_free(list->ring);
		list->ring = ring;
		list->cap = cap;
		list->first = 0;
	}
	*waiting_at(list, list->count++) = *waiting;
	list->bytes += waiting->len;
}

struct waiting *waiting_find(const struct waiting_list *list, uint64_t tag)
{
	unsigned low = 0, high = list->count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (waiting_at(list, middle)->tag < tag)
			low = middle + 1;
		else
			high = middle;
	}
	struct waiting *found = low < list->count ? waiting_at(list, low) : NULL;
	return found != NULL && found->tag == tag && found->item != NULL ? found : NULL;
}

void *waiting_settle(struct waiting_list *list, struct waiting *waiting)
{
	void *item = waiting->item;
	waiting->item = NULL;
	list->bytes -= waiting->len;
	while (list->count > 0 && waiting_at(list, 0)->item == NULL) {
		list->first = (list->first + 1) % list->cap;
		list->count--;
	}
	return item;
}

void waiting_free(struct waiting_list *list)
{
	memory_free(list->ring);
	*list = (struct waiting_list){ 0 };
}
