/* Watch: a hash of watched keys (see watch.h). */
#include "watch.h"

#include "proxy/core/commands/change.h"

#include <assert.h>

#define BUCKETS 4096u

struct watch {
	struct watch *next_in_bucket;
	struct watch *next_in_list;
	struct watch_list *list;
	uint32_t db;
	struct slice key;            /* owned */
};

struct watches {
	struct watch *buckets[BUCKETS];
	unsigned count;
	struct resp_requests *parser;
};

struct touch {
	struct watches *watches;
	uint32_t db;                 /* DB_ALL: every database */
};

static const struct resp_limits any_length = { UINT32_MAX, UINT64_MAX / 4, UINT32_MAX };

struct watches *watches_new(void)
{
	struct watches *watches = memory_new(sizeof(*watches));
	watches->parser = resp_requests_new();
	return watches;
}

void watches_free(struct watches *watches)
{
	if (watches == NULL)
		return;
	assert(watches->count == 0);
	resp_requests_free(watches->parser);
	memory_free(watches);
}

bool watches_are_any(const struct watches *watches)
{
	return watches->count > 0;
}

static struct watch **bucket_of(struct watches *watches, uint32_t db, struct slice key)
{
	return &watches->buckets[(slice_hash(key) + db) % BUCKETS];
}

static bool watch_is(const struct watch *watch, uint32_t db, struct slice key)
{
	return watch->db == db && slice_equal(watch->key, key);
}

void watches_add(struct watches *watches, struct watch_list *list, uint32_t db, struct slice key)
{
	for (const struct watch *known = list->first; known != NULL; known = known->next_in_list) {
		if (watch_is(known, db, key))
			return;
	}
	struct watch **bucket = bucket_of(watches, db, key);
	struct watch *watch = memory_new(sizeof(*watch));
	*watch = (struct watch){
		.next_in_bucket = *bucket,
		.next_in_list = list->first,
		.list = list,
		.db = db,
		.key = buffer_copy(key),
	};
	*bucket = watch;
	list->first = watch;
	watches->count++;
}

static void watch_unlink(struct watches *watches, struct watch *watch)
{
	struct watch **link = bucket_of(watches, watch->db, watch->key);
	while (*link != watch)
		link = &(*link)->next_in_bucket;
	*link = watch->next_in_bucket;
	watches->count--;
}

void watches_drop(struct watches *watches, struct watch_list *list)
{
	while (list->first != NULL) {
		struct watch *watch = list->first;
		list->first = watch->next_in_list;
		watch_unlink(watches, watch);
		memory_free((void *)watch->key.ptr);
		memory_free(watch);
	}
	list->is_touched = false;
}

static void touch_key(void *context, struct slice key)
{
	const struct touch *touch = context;
	for (struct watch *watch = *bucket_of(touch->watches, touch->db, key); watch != NULL; watch = watch->next_in_bucket) {
		if (watch_is(watch, touch->db, key))
			watch->list->is_touched = true;
	}
}

/* FLUSHDB and FLUSHALL name no key. */
static void touch_database(const struct touch *touch)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct watch *watch = touch->watches->buckets[i]; watch != NULL; watch = watch->next_in_bucket) {
			if (touch->db == DB_ALL || watch->db == touch->db)
				watch->list->is_touched = true;
		}
	}
}

static void touch_request(struct touch *touch, const struct command *row, const struct request *request)
{
	if (slice_equal_nocase(request->argv[0], SLICE("FLUSHALL"))) {
		touch_database(&(struct touch){ touch->watches, DB_ALL });
	} else if (slice_equal_nocase(request->argv[0], SLICE("FLUSHDB"))) {
		touch_database(touch);
	} else {
		command_keys(row, request, touch_key, touch);
	}
}

void watches_touch(struct watches *watches, uint32_t db, struct slice key)
{
	touch_key(&(struct touch){ watches, db }, key);
}

void watches_touch_request(struct watches *watches, uint32_t db, const struct command *row, const struct request *request)
{
	if (row->class == COMMAND_WRITE)
		touch_request(&(struct touch){ watches, db }, row, request);
}

void watches_touch_group(struct watches *watches, const struct effect *group)
{
	struct touch touch = { watches, 0 };
	struct buffer room = { 0 };
	struct slice rest = effect_group_bytes(group, &room);
	struct request request;
	size_t used;
	const char *error;
	while (resp_request_next(watches->parser, &any_length, rest, &request, &used, &error) == RESP_READY) {
		rest = (struct slice){ rest.ptr + used, rest.len - used };
		const struct command *row = command_find(request.argc, request.argv);
		int64_t db;
		if (row == NULL)
			continue;
		if (slice_equal_nocase(request.argv[0], SLICE("SELECT")) && slice_to_int64(request.argv[1], &db))
			touch.db = (uint32_t)db;
		else if (row->class == COMMAND_WRITE)
			touch_request(&touch, row, &request);
	}
	assert(rest.len == 0);
	buffer_free(&room);
}
