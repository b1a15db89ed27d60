/* History: one origin's unstable marks on an element, in seq order (keyspace.h). */
#include "note.h"

#include <string.h>

struct history *element_history(const struct element *element, unsigned origin)
{
	for (unsigned i = 0; i < element->history_count; i++)
		if (element->histories[i].origin == origin)
			return &element->histories[i];
	return NULL;
}

uint32_t history_upto(const struct history *history, uint64_t limit)
{
	uint32_t low = 0, high = history->len;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (history_mark(history, middle)->seq <= limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct history *element_history_add(struct element *element, unsigned origin)
{
	struct history *history = element_history(element, origin);
	if (history != NULL)
		return history;
	element->histories = memory_resize(element->histories, (element->history_count + 1) * sizeof *history);
	history = &element->histories[element->history_count++];
	*history = (struct history){ .origin = origin, .all_flags = UINT8_MAX };
	return history;
}

void history_make_room(struct keyspace *keyspace, struct history *history)
{
	if (history->head + history->len < history->cap)
		return;
	if (history->head > history->cap / 2) {
		memmove(history->marks, history->marks + history->head, history->len * sizeof(struct mark));
	} else {
		uint32_t cap = history->cap ? history->cap * 2 : 1;
		keyspace->bytes += (cap - history->cap) * sizeof(struct mark);
		history->marks = memory_resize(history->marks, cap * sizeof(struct mark));
		history->cap = cap;
		memmove(history->marks, history->marks + history->head, history->len * sizeof(struct mark));
	}
	history->head = 0;
}

void history_forget(struct keyspace *keyspace, struct history *history, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		note_drop(keyspace, history_mark(history, i)->note);
	history->head += count;
	history->len -= count;
}
