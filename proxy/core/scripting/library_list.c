/* Library list (see library_list.h). There are few. */
#include "library_list.h"

#include <string.h>

bool library_clash_any(const struct libraries *libraries)
{
	for (unsigned i = 0; i < libraries->count; i++)
		if (libraries->items[i].is_refused)
			return true;
	return false;
}

struct library *library_find(const struct libraries *libraries, struct slice name)
{
	for (unsigned i = 0; i < libraries->count; i++)
		if (slice_equal(libraries->items[i].name, name))
			return &libraries->items[i];
	return NULL;
}

void library_set(struct libraries *libraries, struct slice name, struct slice code, bool is_here)
{
	struct library *library = library_find(libraries, name);
	if (library == NULL) {
		libraries->items = array_reserve(libraries->items, libraries->count, &libraries->cap, sizeof *libraries->items);
		library = &libraries->items[libraries->count++];
		*library = (struct library){ .name = buffer_copy(name) };
	}
	libraries->bytes -= library->code.len;
	bytes_free(library->code);
	library->code = buffer_copy(code);
	libraries->bytes += code.len;
	libraries->is_unsorted |= library_clash_any(libraries);
	library->is_loaded = library->is_news = is_here;
	library->is_refused = false;
}

void library_names_add(struct buffer *names, struct slice name)
{
	buffer_add_uint64(names, name.len);
	buffer_add_byte(names, ' ');
	buffer_add(names, name);
}

/* Takes one of those that add_name added off the front. */
bool library_names_read(struct slice *names, struct slice *name)
{
	int64_t len;
	if (!slice_to_int64(slice_take_until(names, ' '), &len))
		return false;
	*name = (struct slice){ names->ptr, (size_t)len };
	names->ptr += len;
	names->len -= (size_t)len;
	return true;
}

bool library_names_take(struct buffer *names, struct buffer *name)
{
	struct slice rest = buffer_slice(names), text;
	if (!library_names_read(&rest, &text))
		return false;
	buffer_add(name, text);
	memmove(names->ptr, rest.ptr, rest.len);
	names->len = rest.len;
	return true;
}

void library_remove(struct libraries *libraries, struct library *library)
{
	libraries->is_unsorted |= library_clash_any(libraries);
	libraries->bytes -= library->code.len;
	bytes_free(library->name);
	bytes_free(library->code);
	*library = libraries->items[--libraries->count];
}

static void order_add(struct libraries *libraries, uint64_t token, unsigned kind, struct slice text)
{
	libraries->orders = array_reserve(libraries->orders, libraries->order_count, &libraries->order_cap, sizeof *libraries->orders);
	libraries->orders[libraries->order_count++] = (struct library_order){ token, kind, buffer_copy(text) };
}

void library_order_note(struct libraries *libraries, unsigned kind, struct slice text, char by_text[SCRIPTED_BY])
{
	struct buffer by = { 0 };
	order_add(libraries, ++libraries->next_token, kind, text);
	buffer_add_byte(&by, 'f');
	buffer_add_uint64(&by, libraries->next_token);
	slice_to_text(by_text, SCRIPTED_BY, buffer_slice(&by));
	buffer_free(&by);
}

bool library_is_adopted(const struct library_order *order)
{
	return order->kind == ORDER_ADOPT || order->kind == ORDER_ADOPT_SORTED;
}

void library_clash_answered(struct libraries *libraries, const struct library_order *order, struct slice reply)
{
	struct library *library = library_find(libraries, order->text);
	if (library == NULL)
		return;
	library->is_refused = reply_is_error(reply);
	/* Whichever was loaded first would stay, another one in each datacenter. */
	libraries->is_unsorted |= library->is_refused && order->kind == ORDER_ADOPT;
	if (library->is_refused)
		slice_to_text(libraries->refusal, sizeof libraries->refusal, (struct slice){ reply.ptr + 1, reply.len - 3 });
}
