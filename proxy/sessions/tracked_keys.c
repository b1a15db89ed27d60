/* Tracked keys (see tracked_keys.h). A link stands for one reader of one key. */
#include "tracked_keys.h"

#include <string.h>

#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

struct tracked_key {
	struct table_node node;      /* first */
	struct tracked_keys *keys;
	struct slice name;           /* stands behind */
	struct tracked_link *links;
	struct tracked_key *older, *newer;
};

struct tracked_link {
	struct table_node node;      /* first */
	struct tracked_key *key;
	struct tracked_reader *reader;
	struct tracked_link *key_next, *key_before;
	struct tracked_link *reader_next, *reader_before;
};

static struct tracked_key *key_find(const struct tracked_keys *keys, struct slice name, uint64_t hash)
{
	for (struct table_node *node = table_first(&keys->keys, hash); node != NULL; node = table_same(node))
		if (slice_equal(((struct tracked_key *)node)->name, name))
			return (struct tracked_key *)node;
	return NULL;
}

static struct tracked_key *key_add(struct tracked_keys *keys, struct slice name, uint64_t hash)
{
	struct tracked_key *key = memory_new(sizeof(*key) + name.len);
	char *bytes = (char *)(key + 1);
	if (name.len > 0)
		memcpy(bytes, name.ptr, name.len);
	*key = (struct tracked_key){ .keys = keys, .name = { bytes, name.len }, .older = keys->newest };
	*(keys->newest == NULL ? &keys->oldest : &keys->newest->newer) = key;
	keys->newest = key;
	table_add(&keys->keys, &key->node, hash);
	return key;
}

static void key_free(struct tracked_key *key)
{
	struct tracked_keys *keys = key->keys;
	*(key->older == NULL ? &keys->oldest : &key->older->newer) = key->newer;
	*(key->newer == NULL ? &keys->newest : &key->newer->older) = key->older;
	table_remove(&keys->keys, &key->node);
	memory_free(key);
}

static struct tracked_link *link_find(const struct tracked_keys *keys, const struct tracked_key *key, const struct tracked_reader *reader, uint64_t hash)
{
	for (struct table_node *node = table_first(&keys->links, hash); node != NULL; node = table_same(node)) {
		struct tracked_link *link = (struct tracked_link *)node;
		if (link->key == key && link->reader == reader)
			return link;
	}
	return NULL;
}

static void link_free(struct tracked_link *link)
{
	struct tracked_key *key = link->key;
	*(link->key_before == NULL ? &key->links : &link->key_before->key_next) = link->key_next;
	if (link->key_next != NULL)
		link->key_next->key_before = link->key_before;
	*(link->reader_before == NULL ? &link->reader->links : &link->reader_before->reader_next) = link->reader_next;
	if (link->reader_next != NULL)
		link->reader_next->reader_before = link->reader_before;
	table_remove(&key->keys->links, &link->node);
	memory_free(link);
}

void tracked_keys_add(struct tracked_keys *keys, struct tracked_reader *reader, struct slice name)
{
	uint64_t hash = slice_hash(name), link_hash = hash ^ (reader->id * SPREAD);
	struct tracked_key *key = key_find(keys, name, hash);
	if (key == NULL)
		key = key_add(keys, name, hash);
	else if (link_find(keys, key, reader, link_hash) != NULL)
		return;
	struct tracked_link *link = memory_new(sizeof(*link));
	*link = (struct tracked_link){ .key = key, .reader = reader, .key_next = key->links, .reader_next = reader->links };
	if (key->links != NULL)
		key->links->key_before = link;
	if (reader->links != NULL)
		reader->links->reader_before = link;
	key->links = reader->links = link;
	table_add(&keys->links, &link->node, link_hash);
}

void tracked_keys_take(struct tracked_keys *keys, struct slice name, void (*tell)(void *context, struct tracked_reader *reader, struct slice key), void *context)
{
	struct tracked_key *key = key_find(keys, name, slice_hash(name));
	if (key == NULL)
		return;
	while (key->links != NULL) {
		if (tell != NULL)
			tell(context, key->links->reader, key->name);
		link_free(key->links);
	}
	key_free(key);
}

struct slice tracked_keys_oldest(const struct tracked_keys *keys)
{
	return keys->oldest != NULL ? keys->oldest->name : SLICE("");
}

void tracked_keys_forget(struct tracked_reader *reader)
{
	while (reader->links != NULL) {
		struct tracked_key *key = reader->links->key;
		link_free(reader->links);
		if (key->links == NULL)
			key_free(key);
	}
}

void tracked_keys_free(struct tracked_keys *keys)
{
	while (keys->oldest != NULL)
		tracked_keys_take(keys, keys->oldest->name, NULL, NULL);
	table_free(&keys->keys);
	table_free(&keys->links);
	*keys = (struct tracked_keys){ 0 };
}
