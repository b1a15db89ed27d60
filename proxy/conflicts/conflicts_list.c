/* Conflicts list (see conflicts_list.h): the whole hash is read, and the newest records of it are kept in order. Then the stream is read until
 * there are enough records. A cursor says after which record the next page begins: "o<stamp>-<id>" in the hash, "e<entry>/<number>" in the stream. */
#include "conflicts_list.h"

#include "conflicts_jobs.h"
#include "conflicts_reader.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES_MAX (1u << 20)      /* of encoded records: the loop does nothing else while a page is written out */

struct place {                       /* of a record of the hash */
	uint64_t hlc;
	struct slice id;
};

struct kept {
	struct place place;          /* of a record of the hash; its id points into BYTES */
	struct slice bytes;          /* owned */
	struct slice entry;          /* owned; of a record of the stream: its place there */
};

struct list {
	struct conflicts_job job;
	struct conflicts_query query;
	struct conflicts_lister lister;
	struct conflicts_reader *reader;     /* owned; under way */
	struct place after;                  /* the page begins after this place in the hash; id.ptr NULL: at its newest record */
	struct slice before;                 /* the page begins at this place of the stream, reading backwards; empty: at its end */
	struct kept *kept;                   /* owned; room for one more than was asked for, which tells that there are more */
	unsigned kept_count, open_count;     /* the first OPEN_COUNT of KEPT are from the hash */
	size_t bytes;
	bool has_more;
};

static void list_begin(struct list *list);
static bool list_take_open(void *context, const struct record *record, struct slice bytes, struct slice entry);
static bool list_take_ended(void *context, const struct record *record, struct slice bytes, struct slice entry);
static void list_read_stream(struct list *list);
static void list_on_hash_read(void *context, const char *error);
static void list_on_stream_read(void *context, const char *error);
static void list_end(struct list *list, const char *error);

static void list_free(struct list *list)
{
	conflicts_reader_stop(list->reader);
	conflicts_query_free(&list->query);
	for (unsigned i = 0; i < list->kept_count; i++) {
		memory_free((void *)list->kept[i].bytes.ptr);
		memory_free((void *)list->kept[i].entry.ptr);
	}
	memory_free(list->kept);
	memory_free(list);
}

static void list_drop(struct conflicts_job *job)
{
	list_end((struct list *)job, CONFLICTS_STOPPING);
}

void conflicts_list(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_lister *lister)
{
	struct list *list = memory_new(sizeof(*list));
	list->query = *query;
	*query = (struct conflicts_query){ 0 };
	list->lister = *lister;
	if (!conflicts_enter(conflicts, &list->job, list_drop)) {
		list_free(list);
		lister->listed(lister->context, NULL, CONFLICTS_BUSY);
		return;
	}
	if (list->query.count == 0)
		list->query.count = CONFLICTS_COUNT_DEFAULT;
	list->kept = memory_new((list->query.count + 1) * sizeof(*list->kept));
	list_begin(list);
}

/* ---- cursors ---- */

/* False: it is no cursor, and the list begins with the first record. */
static bool list_read_cursor(struct list *list)
{
	struct slice cursor = buffer_slice(&list->query.cursor);
	if (cursor.len < 2)
		return false;
	struct slice rest = { cursor.ptr + 1, cursor.len - 1 };
	if (cursor.ptr[0] == 'e') {
		list->before = rest;
		return true;
	}
	const char *dash = cursor.ptr[0] == 'o' ? memchr(rest.ptr, '-', rest.len) : NULL;
	if (dash == NULL)
		return false;
	list->after.hlc = strtoull(rest.ptr, NULL, 10);
	list->after.id = (struct slice){ dash + 1, rest.len - (size_t)(dash + 1 - rest.ptr) };
	return true;
}

static void add_cursor(struct buffer *out, const struct kept *kept)
{
	buffer_reset(out);
	if (kept->entry.ptr != NULL) {
		buffer_add_byte(out, 'e');
		buffer_add(out, kept->entry);
		return;
	}
	buffer_add_byte(out, 'o');
	buffer_add_uint64(out, kept->place.hlc);
	buffer_add_byte(out, '-');
	buffer_add(out, kept->place.id);
}

/* ---- reading ---- */

static void list_begin(struct list *list)
{
	struct conflicts_reading reading = { list, list_take_open, list_on_hash_read };
	if (list->query.id.len > 0)
		list->reader = conflicts_reader_find(list->job.conflicts->turn, buffer_slice(&list->query.id), &reading);
	else if (list_read_cursor(list) && list->before.len > 0)
		list_read_stream(list);
	else
		list->reader = conflicts_reader_open(list->job.conflicts->turn, &reading);
}

/* Newest first; ids are unique. */
static int place_compare(const struct place *a, const struct place *b)
{
	if (a->hlc != b->hlc)
		return a->hlc > b->hlc ? -1 : 1;
	return slice_compare(b->id, a->id);
}

static void list_drop_last(struct list *list)
{
	struct kept *last = &list->kept[--list->kept_count];
	list->bytes -= last->bytes.len;
	memory_free((void *)last->bytes.ptr);
	memory_free((void *)last->entry.ptr);
	list->has_more = true;
}

/* Drops the oldest while there are too many records or bytes. One record stays, however large it is. */
static void list_trim(struct list *list)
{
	while (list->kept_count > list->query.count || (list->kept_count > 1 && list->bytes > PAGE_BYTES_MAX))
		list_drop_last(list);
}

static bool list_take_open(void *context, const struct record *record, struct slice bytes, struct slice entry)
{
	struct list *list = context;
	struct place place = { record->opened_hlc, record->id };
	(void)entry;
	if (!conflicts_query_matches(&list->query, record, conflicts_now_ms(list->job.conflicts)))
		return true;
	if (list->after.id.ptr != NULL && place_compare(&place, &list->after) <= 0)
		return true;
	unsigned at = list->kept_count;
	while (at > 0 && place_compare(&place, &list->kept[at - 1].place) < 0)
		at--;
	if (at > 0 && place_compare(&place, &list->kept[at - 1].place) == 0)
		return true;
	memmove(&list->kept[at + 1], &list->kept[at], (list->kept_count - at) * sizeof(*list->kept));
	struct slice copy = buffer_copy(bytes);
	place.id.ptr = copy.ptr + (record->id.ptr - bytes.ptr);
	list->kept[at] = (struct kept){ .place = place, .bytes = copy };
	list->kept_count++;
	list->bytes += copy.len;
	list_trim(list);
	return true;
}

/* The stream need not be read for open conflicts, which are in the hash alone, nor if the hash gave enough. */
static bool list_needs_stream(const struct list *list)
{
	bool is_found = list->query.id.len > 0 && list->kept_count > 0;
	return !list->has_more && !is_found && list->query.status != RECORD_OPEN;
}

static void list_on_hash_read(void *context, const char *error)
{
	struct list *list = context;
	list->reader = NULL;
	list->open_count = list->kept_count;
	if (error == NULL && list_needs_stream(list))
		list_read_stream(list);
	else
		list_end(list, error);
}

static void list_read_stream(struct list *list)
{
	struct conflicts_reading reading = { list, list_take_ended, list_on_stream_read };
	list->reader = conflicts_reader_ended(list->job.conflicts->turn, list->before, &reading);
}

/* Was this record found in the hash? It may have moved to the stream after that. */
static bool list_has(const struct list *list, const struct record *record)
{
	for (unsigned i = 0; i < list->open_count; i++) {
		if (slice_equal(list->kept[i].place.id, record->id))
			return true;
	}
	return false;
}

static bool list_take_ended(void *context, const struct record *record, struct slice bytes, struct slice entry)
{
	struct list *list = context;
	if (!conflicts_query_matches(&list->query, record, conflicts_now_ms(list->job.conflicts)) || list_has(list, record))
		return true;
	list->kept[list->kept_count++] = (struct kept){ .bytes = buffer_copy(bytes), .entry = buffer_copy(entry) };
	list->bytes += bytes.len;
	list_trim(list);
	return !list->has_more && list->query.id.len == 0;
}

static void list_on_stream_read(void *context, const char *error)
{
	struct list *list = context;
	list->reader = NULL;
	list_end(list, error);
}

/* ---- the end ---- */

static void list_end(struct list *list, const char *error)
{
	struct conflicts_page page = { .count = list->kept_count, .has_more = list->has_more };
	page.items = memory_new(page.count * sizeof(*page.items));
	for (unsigned i = 0; i < page.count; i++) {
		struct buffer cursor = { 0 };
		add_cursor(&cursor, &list->kept[i]);
		page.items[i] = (struct conflicts_found){ list->kept[i].bytes, buffer_slice(&cursor) };
	}
	conflicts_leave(&list->job);
	list->lister.listed(list->lister.context, error == NULL ? &page : NULL, error);
	for (unsigned i = 0; i < page.count; i++)
		memory_free((void *)page.items[i].cursor.ptr);
	memory_free(page.items);
	list_free(list);
}
