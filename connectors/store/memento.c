#include "memento.h"

#include <stdlib.h>
#include <string.h>

static struct slice keep(struct memento *memento, struct slice reply);
static bool read_episodes(struct memento *memento, struct slice *cursor);
static void sort_episodes(struct memento *memento);
static bool read_entry(struct slice *cursor, struct stored_entry *entry);
static bool read_string(struct slice *cursor, struct slice *text);
static bool read_id(struct slice text, struct stored_entry *entry);

bool memento_take_positions(struct memento *memento, struct slice reply)
{
	struct slice cursor = keep(memento, reply);
	struct reply header;
	if (!reply_read(&cursor, &header) || header.type != REPLY_ARRAY || header.integer % 2 != 0)
		return false;
	memento->position_count = (unsigned)(header.integer / 2);
	memento->positions = memory_resize(memento->positions, memento->position_count * sizeof *memento->positions);
	for (unsigned i = 0; i < memento->position_count; i++) {
		struct stored_pair *pair = &memento->positions[i];
		if (!read_string(&cursor, &pair->field) || !read_string(&cursor, &pair->value))
			return false;
	}
	return true;
}

bool memento_take_outbox(struct memento *memento, struct slice reply, unsigned *count)
{
	struct slice cursor = keep(memento, reply);
	struct reply header;
	if (!reply_read(&cursor, &header) || header.type != REPLY_ARRAY)
		return false;
	*count = (unsigned)header.integer;
	unsigned total = memento->outbox_count + *count;
	memento->outbox = memory_resize(memento->outbox, total * sizeof *memento->outbox);
	while (memento->outbox_count < total)
		if (!read_entry(&cursor, &memento->outbox[memento->outbox_count++]))
			return false;
	return true;
}

bool memento_take_episodes(struct memento *memento, struct slice reply)
{
	struct slice cursor = keep(memento, reply), place;
	struct reply header;
	if (!reply_read(&cursor, &header) || header.type != REPLY_ARRAY || header.integer != 2)
		return false;
	if (!read_string(&cursor, &place) || place.len == 0 || place.len >= sizeof memento->episodes_place || !read_episodes(memento, &cursor))
		return false;
	memcpy(memento->episodes_place, place.ptr, place.len);
	memento->episodes_place[place.len] = '\0';
	if (strcmp(memento->episodes_place, "0") == 0)
		sort_episodes(memento);
	return true;
}

bool memento_take_homes(struct memento *memento, struct slice reply)
{
	struct slice place;
	struct reply header;
	if (!reply_read(&reply, &header) || header.type != REPLY_ARRAY || header.integer != 2)
		return false;
	if (!read_string(&reply, &place) || place.len == 0 || place.len >= sizeof memento->homes_place)
		return false;
	slice_to_text(memento->homes_place, sizeof memento->homes_place, place);
	if (!reply_read(&reply, &header) || header.type != REPLY_ARRAY || header.integer % 2 != 0)
		return false;
	memento->home_count = (unsigned)(header.integer / 2);
	memento->homes = memory_resize(memento->homes, (memento->home_count + 1) * sizeof *memento->homes);
	memento->has_homes = true;
	for (unsigned i = 0; i < memento->home_count; i++)
		if (!read_string(&reply, &memento->homes[i].field) || !read_string(&reply, &memento->homes[i].value))
			return false;
	return true;
}

static bool read_episodes(struct memento *memento, struct slice *cursor)
{
	struct reply header;
	if (!reply_read(cursor, &header) || header.type != REPLY_ARRAY || header.integer % 2 != 0)
		return false;
	unsigned total = memento->episode_count + (unsigned)(header.integer / 2);
	memento->episodes = memory_resize(memento->episodes, total * sizeof *memento->episodes);
	while (memento->episode_count < total) {
		struct stored_pair *pair = &memento->episodes[memento->episode_count++];
		if (!read_string(cursor, &pair->field) || !read_string(cursor, &pair->value))
			return false;
	}
	return true;
}

static int compare_fields(const void *left, const void *right)
{
	return slice_compare(((const struct stored_pair *)left)->field, ((const struct stored_pair *)right)->field);
}

/* HSCAN may return a field twice. Sorting also gives the same order after each start. */
static void sort_episodes(struct memento *memento)
{
	unsigned count = 0;
	if (memento->episode_count == 0)
		return;
	qsort(memento->episodes, memento->episode_count, sizeof *memento->episodes, compare_fields);
	for (unsigned i = 1; i < memento->episode_count; i++)
		if (!slice_equal(memento->episodes[i].field, memento->episodes[count].field))
			memento->episodes[++count] = memento->episodes[i];
	memento->episode_count = count + 1;
}

void memento_free(struct memento *memento)
{
	memory_free(memento->episodes);
	memory_free(memento->homes);
	for (unsigned i = 0; i < memento->kept_count; i++)
		memory_free((void *)memento->kept[i].ptr);
	memory_free(memento->kept);
	memory_free(memento->positions);
	memory_free(memento->outbox);
	*memento = (struct memento){ 0 };
}

static struct slice keep(struct memento *memento, struct slice reply)
{
	memento->kept = memory_resize(memento->kept, (memento->kept_count + 1) * sizeof *memento->kept);
	memento->kept[memento->kept_count] = buffer_copy(reply);
	return memento->kept[memento->kept_count++];
}

static bool read_entry(struct slice *cursor, struct stored_entry *entry)
{
	struct reply header;
	struct slice id;
	if (!reply_read(cursor, &header) || header.type != REPLY_ARRAY || header.integer != 2)
		return false;
	if (!read_string(cursor, &id) || !read_id(id, entry))
		return false;
	if (!reply_read(cursor, &header) || header.type != REPLY_ARRAY || header.integer != 2)
		return false;
	return read_string(cursor, &entry->kind) && read_string(cursor, &entry->payload);
}

static bool read_string(struct slice *cursor, struct slice *text)
{
	struct reply reply;
	if (!reply_read(cursor, &reply) || reply.type != REPLY_STRING)
		return false;
	*text = reply.text;
	return true;
}

/* "ms-seq": both are unsigned 64-bit numbers, so slice_to_int64 would refuse the upper half. */
static bool read_id(struct slice text, struct stored_entry *entry)
{
	uint64_t *part = &entry->ms;
	entry->ms = entry->seq = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '-' && part == &entry->ms)
			part = &entry->seq;
		else if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
			*part = *part * 10 + (uint64_t)(text.ptr[i] - '0');
		else
			return false;
	}
	return part == &entry->seq;
}
