/* Append: a message for the own log (see append_list.h). */
#include "outbox.h"

void append_list_init(struct append_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

void append_list_add(struct append_list *list, struct append *append)
{
	append->next = NULL;
	*list->end = append;
	list->end = &append->next;
}

struct append *append_list_take(struct append_list *list)
{
	struct append *append = list->first;
	list->first = append->next;
	if (list->first == NULL)
		list->end = &list->first;
	return append;
}

void append_release(struct append *append)
{
	if (append->shared != NULL)
		shared_drop(append->shared);
	else
		bytes_free(append->bytes);
	memory_free(append);
}

void append_free(struct outbox *outbox, struct append *append)
{
	outbox->bytes -= append->bytes.len;
	outbox->events -= append->events;
	append_release(append);
}

/* Takes BYTES over. */
static struct append *append_of(struct outbox *outbox, struct shared *shared, struct slice bytes, const struct append *facts)
{
	struct append *append = memory_new(sizeof *append);
	*append = *facts;
	append->id = 0;
	append->bytes = bytes;
	append->shared = shared;
	outbox->bytes += bytes.len;
	outbox->events += append->events;
	return append;
}

struct append *append_new(struct outbox *outbox, struct slice bytes, const struct append *facts)
{
	return append_of(outbox, NULL, buffer_copy(bytes), facts);
}

struct append *append_over(struct outbox *outbox, struct buffer *bytes, const struct append *facts)
{
	struct slice taken = buffer_slice(bytes);
	*bytes = (struct buffer){ 0 };
	return append_of(outbox, NULL, taken, facts);
}

void outbox_add_batch(struct outbox *outbox, struct append_list *list, struct slice bytes, const struct append *facts)
{
	append_list_add(list, append_new(outbox, bytes, facts));
}

void outbox_add_shared(struct outbox *outbox, struct append_list *list, struct shared *shared, struct slice bytes, const struct append *facts)
{
	append_list_add(list, append_of(outbox, shared_hold(shared), bytes, facts));
}

void append_list_clear(struct outbox *outbox, struct append_list *list)
{
	while (list->first != NULL)
		append_free(outbox, append_list_take(list));
}

void append_list_move(struct append_list *from, struct append_list *to)
{
	while (from->first != NULL)
		append_list_add(to, append_list_take(from));
}
