#include "unread.h"

#include <string.h>

/* Room is made by moving what is left to the front, or by doubling when more than half is in use. */
static void make_room(struct unread *unread)
{
	if (unread->head + unread->count < unread->cap)
		return;
	if (unread->count > unread->cap / 2) {
		unread->cap = unread->cap * 2;
		unread->entries = memory_resize(unread->entries, unread->cap * sizeof(struct unread_entry));
	} else if (unread->cap == 0) {
		unread->cap = 64;
		unread->entries = memory_new(unread->cap * sizeof(struct unread_entry));
	}
	if (unread->head > 0)
		memmove(unread->entries, unread->entries + unread->head, unread->count * sizeof(struct unread_entry));
	unread->head = 0;
}

void unread_add(struct unread *unread, int64_t position, uint64_t bytes)
{
	make_room(unread);
	unread->entries[unread->head + unread->count++] = (struct unread_entry){ position, bytes };
	unread->bytes += bytes;
}

void unread_forget(struct unread *unread, int64_t position)
{
	while (unread->count > 0 && unread->entries[unread->head].position <= position) {
		unread->bytes -= unread->entries[unread->head].bytes;
		unread->head++;
		unread->count--;
	}
}

void unread_clear(struct unread *unread)
{
	unread->head = unread->count = 0;
	unread->bytes = 0;
}

void unread_free(struct unread *unread)
{
	memory_free(unread->entries);
	*unread = (struct unread){ 0 };
}
