/* Library store: which libraries stand in the reserved database, and what the store is told of them (see libraries.h). A store refuses a library that registers
 * a function of another one. If two datacenters load such libraries before they have heard of each other, each store is emptied of functions and told of all of
 * them in the order of their names: the first keeps the function, everywhere, and the other one is refused, until one of them is deleted or replaced. */
#include "library_list.h"

#include "wrapper.h"
#include "proxy/core/resp/resp.h"

#include <string.h>

void libraries_unload(struct libraries *libraries)
{
	for (unsigned i = 0; i < libraries->order_count; i++)
		bytes_free(libraries->orders[i].text);
	libraries->order_count = 0;
	for (unsigned i = 0; i < libraries->count; i++)
		libraries->items[i].is_loaded = false;
}

bool libraries_are_field(struct slice field)
{
	return field.len >= sizeof LIBRARIES_FIELD - 1 && memcmp(field.ptr, LIBRARIES_FIELD, sizeof LIBRARIES_FIELD - 1) == 0 &&
	       memchr(field.ptr, ':', field.len) == NULL;
}

void libraries_learn(struct libraries *libraries, struct slice field, struct slice code)
{
	struct slice name = { field.ptr + sizeof LIBRARIES_FIELD - 1, field.len - (sizeof LIBRARIES_FIELD - 1) };
	struct library *library = library_find(libraries, name);
	if (code.ptr != NULL) {
		library_set(libraries, name, code, false);
	} else if (library != NULL) {
		library_names_add(&libraries->unwanted, name);
		library_remove(libraries, library);
	}
}

void libraries_clear(struct libraries *libraries)
{
	while (libraries->count > 0)
		library_remove(libraries, &libraries->items[0]);
	libraries->gone.len = libraries->unwanted.len = 0;
}

bool libraries_next_news(struct libraries *libraries, struct buffer *field, struct slice *code)
{
	field->len = 0;
	buffer_add_text(field, LIBRARIES_FIELD);
	if (library_names_take(&libraries->gone, field)) {
		*code = (struct slice){ NULL, 0 };
		return true;
	}
	for (unsigned i = 0; i < libraries->count; i++) {
		if (!libraries->items[i].is_news)
			continue;
		libraries->items[i].is_news = false;
		buffer_add(field, libraries->items[i].name);
		*code = libraries->items[i].code;
		return true;
	}
	return false;
}

/* ---- what the store is told ---- */

unsigned libraries_refused(const struct libraries *libraries, struct slice *first)
{
	unsigned count = 0;
	for (unsigned i = 0; i < libraries->count; i++)
		if (libraries->items[i].is_refused && count++ == 0)
			*first = libraries->items[i].name;
	return count;
}

/* What a client loads while this is under way would be flushed. */
static bool is_client_ordering(const struct libraries *libraries)
{
	for (unsigned i = 0; i < libraries->order_count; i++)
		if (!library_is_adopted(&libraries->orders[i]))
			return true;
	return false;
}

static bool is_before(struct slice one, struct slice other)
{
	int order = memcmp(one.ptr, other.ptr, one.len < other.len ? one.len : other.len);
	return order != 0 ? order < 0 : one.len < other.len;
}

/* The first by name that the store was not told of; NULL: it was told of all. */
static struct library *next_unloaded(struct libraries *libraries)
{
	struct library *next = NULL;
	for (unsigned i = 0; i < libraries->count; i++)
		if (!libraries->items[i].is_loaded && (next == NULL || is_before(libraries->items[i].name, next->name)))
			next = &libraries->items[i];
	return next;
}

/* From an empty store on, those that fit are the same everywhere. */
static void sort_begin(struct libraries *libraries, struct buffer *command)
{
	libraries->is_unsorted = false;
	libraries->is_sorting = true;
	for (unsigned i = 0; i < libraries->count; i++)
		libraries->items[i].is_loaded = libraries->items[i].is_refused = false;
	resp_add_command(command, 2, (struct slice[]){ SLICE("FUNCTION"), SLICE("FLUSH") });
}

bool libraries_next_order(struct libraries *libraries, struct buffer *command, char by_text[SCRIPTED_BY])
{
	struct buffer text = { 0 };
	bool is_found = library_names_take(&libraries->unwanted, &text);
	by_text[0] = '\0';
	struct library *library = is_found ? NULL : next_unloaded(libraries);
	if (is_found) {
		resp_add_command(command, 3, (struct slice[]){ SLICE("FUNCTION"), SLICE("DELETE"), buffer_slice(&text) });
	} else if (libraries->is_unsorted && !libraries->is_sorting && !is_client_ordering(libraries)) {
		sort_begin(libraries, command);
		is_found = true;
	} else if (library != NULL) {
		library->is_loaded = is_found = true;
		library_order_note(libraries, libraries->is_sorting ? ORDER_ADOPT_SORTED : ORDER_ADOPT, library->name, by_text);
		wrapper_add_library(&text, library->code);
		resp_add_command(command, 4, (struct slice[]){ SLICE("FUNCTION"), SLICE("LOAD"), SLICE("REPLACE"), buffer_slice(&text) });
	} else {
		libraries->is_sorting = false;
	}
	buffer_free(&text);
	return is_found;
}

void libraries_free(struct libraries *libraries)
{
	libraries_clear(libraries);
	libraries_unload(libraries);
	memory_free(libraries->items);
	memory_free(libraries->orders);
	buffer_free(&libraries->gone);
	buffer_free(&libraries->unwanted);
}
