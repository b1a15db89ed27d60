#include "version.h"

#include <assert.h>
#include <string.h>

void keyspace_open(struct keyspace *keyspace, struct origins *origins, uint32_t databases, uint32_t reserved_db)
{
	keyspace->origins = origins;
	keyspace->dirty_elements_end = &keyspace->dirty_elements;
	keyspace->databases = databases;
	keyspace->reserved_db = reserved_db;
	keyspace->flushed = memory_new(databases * sizeof(bool));
}

/* ---- keys ---- */

static uint64_t key_hash(uint32_t db, struct slice name)
{
	return slice_hash(name) ^ (uint64_t)db * UINT64_C(0x9e3779b97f4a7c15);
}

static struct key *key_of(struct table_node *node) { return (struct key *)(void *)node; }
static struct element *element_of(struct table_node *node) { return (struct element *)(void *)node; }

static struct key *key_lookup(const struct keyspace *keyspace, uint64_t hash, uint32_t db, struct slice name)
{
	struct table_node *node = table_first(&keyspace->keys, hash);
	for (; node != NULL; node = table_same(node))
		if (key_of(node)->db == db && slice_equal(key_of(node)->name, name))
			return key_of(node);
	return NULL;
}

struct key *keyspace_find(const struct keyspace *keyspace, uint32_t db, struct slice name)
{
	return key_lookup(keyspace, key_hash(db, name), db, name);
}

struct key *keyspace_key(struct keyspace *keyspace, uint32_t db, struct slice name)
{
	uint64_t hash = key_hash(db, name);
	struct key *key = key_lookup(keyspace, hash, db, name);
	if (key != NULL)
		return key;
	key = memory_new(sizeof *key);
	key->db = db;
	key->name = buffer_copy(name);
	key->rule = keyspace->rule_for(keyspace->rule_context, name);
	table_add(&keyspace->keys, &key->node, hash);
	keyspace->bytes += sizeof *key + name.len;
	return key;
}

void keyspace_release_key(struct keyspace *keyspace, struct key *key)
{
	if (key->elements != NULL || key->under_way > 0 || key->is_dirty || key->is_thinned)
		return;
	table_remove(&keyspace->keys, &key->node);
	keyspace->bytes -= sizeof *key + key->name.len;
	memory_free((void *)(uintptr_t)key->name.ptr);
	memory_free(key);
}

/* ---- elements ---- */

static uint64_t element_hash(const struct key *key, enum kind kind, struct slice name)
{
	return slice_hash(name) * 31 + ((uintptr_t)key >> 4) + (unsigned)kind;
}

/* A clear that came before this element was known concerns it as well. */
static void element_inherit(struct keyspace *keyspace, struct element *element)
{
	struct key *key = element->key;
	if (element->kind == KIND_KEY)
		return;
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		const struct flush *flush = &keyspace->flushes[i];
		if (flush->db == DB_ALL || flush->db == key->db)
			element_compete(keyspace, element, &(struct version){ .stamp = flush->stamp });
	}
	const struct element *clears = key->fixed[KIND_KEY];
	for (unsigned i = 0; clears != NULL && i < clears->version_count; i++)
		element_compete(keyspace, element, &clears->versions[i]);
	const struct element *string = key->fixed[KIND_STRING];
	if (string == NULL || element->kind == KIND_STRING || element->kind == KIND_TTL)
		return;
	for (unsigned i = 0; i < string->version_count; i++)
		if (string->versions[i].is_set)
			element_compete(keyspace, element, &(struct version){ .stamp = string->versions[i].stamp });
}

static bool kind_is_fixed(enum kind kind)
{
	return kind == KIND_STRING || kind == KIND_TTL || kind == KIND_KEY;
}

struct element *keyspace_element(struct keyspace *keyspace, struct key *key, enum kind kind, struct slice name)
{
	uint64_t hash = 0;
	if (kind_is_fixed(kind)) {
		if (key->fixed[kind] != NULL)
			return key->fixed[kind];
		name.len = 0;
	} else {
		hash = element_hash(key, kind, name);
		for (struct table_node *node = table_first(&keyspace->elements, hash); node != NULL; node = table_same(node)) {
			struct element *element = element_of(node);
			if (element->key == key && element->kind == kind && slice_equal(element->name, name))
				return element;
		}
	}
	struct element *element = memory_new(sizeof *element);
	element->key = key;
	element->kind = kind;
	if (kind_is_fixed(kind)) {
		key->fixed[kind] = element;
	} else {
		element->name = buffer_copy(name);
		table_add(&keyspace->elements, &element->node, hash);
	}
	element->next = key->elements;
	element->prev_link = &key->elements;
	if (element->next != NULL)
		element->next->prev_link = &element->next;
	key->elements = element;
	keyspace->bytes += sizeof *element + name.len;
	element_inherit(keyspace, element);
	return element;
}

static void element_free(struct keyspace *keyspace, struct element *element)
{
	struct key *key = element->key;
	assert(!element->is_dirty);
	element_drop_versions(keyspace, element);
	for (unsigned i = 0; i < element->history_count; i++) {
		keyspace->bytes -= element->histories[i].cap * sizeof(struct mark);
		memory_free(element->histories[i].marks);
	}
	memory_free(element->histories);
	memory_free(element->versions);
	memory_free((void *)(uintptr_t)element->result.ptr);
	if (kind_is_fixed(element->kind)) {
		key->fixed[element->kind] = NULL;
	} else {
		table_remove(&keyspace->elements, &element->node);
		memory_free((void *)(uintptr_t)element->name.ptr);
	}
	*element->prev_link = element->next;
	if (element->next != NULL)
		element->next->prev_link = element->prev_link;
	keyspace->bytes -= sizeof *element + element->name.len;
	memory_free(element);
}

/* ---- marks ---- */

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

static struct history *element_history_add(struct element *element, unsigned origin)
{
	struct history *history = element_history(element, origin);
	if (history != NULL)
		return history;
	element->histories = memory_resize(element->histories, (element->history_count + 1) * sizeof *history);
	history = &element->histories[element->history_count++];
	*history = (struct history){ .origin = origin };
	return history;
}

static void history_make_room(struct keyspace *keyspace, struct history *history)
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

void keyspace_mark(struct keyspace *keyspace, struct element *element, const struct stamp *stamp, unsigned flags, long double delta)
{
	struct history *history = element_history_add(element, stamp->origin);
	history_make_room(keyspace, history);
	/* Older seqs come later only while metadata is recalled beside new local writes. */
	uint32_t at = history->len++;
	for (; at > 0 && history_mark(history, at - 1)->seq > stamp->seq; at--) {
		*history_mark(history, at) = *history_mark(history, at - 1);
		history_mark(history, at)->total += delta;
	}
	struct mark *mark = history_mark(history, at);
	mark->seq = stamp->seq & ((UINT64_C(1) << 56) - 1);
	mark->flags = flags & 0xff;
	mark->hlc = stamp->hlc;
	element->has_deltas |= (flags & MARK_DELTA) != 0;
	element->has_fractions |= (flags & MARK_FRACTION) != 0;
	mark->total = (at > 0 ? history_mark(history, at - 1)->total : history->total_before) + delta;
	ledger_add(&keyspace->origins->items[stamp->origin].ledger, stamp->seq, element);
	element->unstable++;
}

bool mark_is_stable(const struct keyspace *keyspace, unsigned origin, uint64_t seq)
{
	return seq <= keyspace->origins->items[origin].stable;
}

void keyspace_add_flush(struct keyspace *keyspace, const struct stamp *stamp, uint32_t db)
{
	if (keyspace->flush_count == keyspace->flush_cap) {
		keyspace->flush_cap = keyspace->flush_cap ? keyspace->flush_cap * 2 : 4;
		keyspace->flushes = memory_resize(keyspace->flushes, keyspace->flush_cap * sizeof(struct flush));
	}
	keyspace->flushes[keyspace->flush_count++] = (struct flush){ *stamp, db };
	context_hold(stamp->context);
}

/* ---- what the store must be told ---- */

void keyspace_set_dirty(struct keyspace *keyspace, struct element *element)
{
	if (element->is_dirty)
		return;
	element->is_dirty = true;
	element->dirty_next = NULL;
	*keyspace->dirty_elements_end = element;
	keyspace->dirty_elements_end = &element->dirty_next;
}

void keyspace_set_key_dirty(struct keyspace *keyspace, struct key *key)
{
	if (key->is_dirty)
		return;
	key->is_dirty = true;
	key->dirty_next = keyspace->dirty_keys;
	keyspace->dirty_keys = key;
}

void keyspace_set_thinned(struct keyspace *keyspace, struct key *key)
{
	if (key->is_thinned)
		return;
	key->is_thinned = true;
	key->thinned_next = keyspace->thinned_keys;
	keyspace->thinned_keys = key;
}

void keyspace_set_flush_dirty(struct keyspace *keyspace, uint32_t db)
{
	keyspace->is_flush_dirty = true;
	for (uint32_t i = 0; i < keyspace->databases; i++)
		if ((db == DB_ALL || db == i) && i != keyspace->reserved_db)
			keyspace->flushed[i] = true;
}

struct key_visit { void (*visit)(void *context, struct key *key); void *context; };

static void visit_key(void *context, struct table_node *node)
{
	const struct key_visit *visit = context;
	visit->visit(visit->context, key_of(node));
}

void keyspace_each_key(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context)
{
	table_each(&keyspace->keys, visit_key, &(struct key_visit){ visit, context });
}

/* ---- forgetting ---- */

static bool versions_are_stable(const struct keyspace *keyspace, const struct element *element)
{
	for (unsigned i = 0; i < element->version_count; i++)
		if (!mark_is_stable(keyspace, element->versions[i].stamp.origin, element->versions[i].stamp.seq))
			return false;
	return true;
}

/* Stable deltas may go only when nothing that might not have seen them can decide any more. */
static void element_prune_marks(const struct keyspace *keyspace, struct element *element)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		struct history *history = &element->histories[i];
		uint32_t count = history_upto(history, keyspace->origins->items[history->origin].stable);
		if (count == 0)
			continue;
		history->total_before = history_mark(history, count - 1)->total;
		history->head += count;
		history->len -= count;
	}
}

/* A deadline all agree on is kept beside what they do not agree on yet: the key may be written anew (render.c). */
static bool is_kept_deadline(const struct element *element)
{
	return element->kind == KIND_TTL && (element->key->elements != element || element->next != NULL);
}

static void element_prune(struct keyspace *keyspace, struct element *element)
{
	bool versions_stable = versions_are_stable(keyspace, element);
	if (versions_stable && element->version_count > 0 && is_kept_deadline(element)) {
		element_prune_marks(keyspace, element);
		return;
	}
	if (element->unstable == 0 && versions_stable) {
		element_free(keyspace, element);
		return;
	}
	if (!versions_stable)
		return;
	/* The versions agree everywhere now: the store's value is the base of what is not stable yet. */
	element_drop_versions(keyspace, element);
	element_prune_marks(keyspace, element);
}

static void key_prune_last(struct keyspace *keyspace, struct key *key)
{
	struct element *ttl = key->fixed[KIND_TTL];
	if (ttl != NULL && !is_kept_deadline(ttl))
		element_prune(keyspace, ttl);
	keyspace_release_key(keyspace, key);
}

static void key_prune_all(struct keyspace *keyspace, struct key *key)
{
	for (struct element *element = key->elements, *next; element != NULL; element = next) {
		next = element->next;
		element_prune(keyspace, element);
	}
	key_prune_last(keyspace, key);
}

/* Clears of the key, and SETs, may decide its other elements, too. */
static void key_prune(struct keyspace *keyspace, struct key *key, struct element *element)
{
	if (element->kind == KIND_KEY || element->kind == KIND_STRING) {
		key_prune_all(keyspace, key);
		return;
	}
	element_prune(keyspace, element);
	key_prune_last(keyspace, key);
}

static void key_sweep(void *context, struct key *key)
{
	struct keyspace *keyspace = context;
	key_prune_all(keyspace, key);
}

void keyspace_forget(struct keyspace *keyspace)
{
	assert(keyspace->dirty_elements == NULL && keyspace->dirty_keys == NULL);
	for (unsigned i = 0; i < keyspace->origins->count; i++) {
		struct origin *origin = &keyspace->origins->items[i];
		struct element *element;
		while ((element = ledger_take(&origin->ledger, origin->stable)) != NULL) {
			element->unstable--;
			key_prune(keyspace, element->key, element);
		}
	}
	bool is_swept = false;
	for (unsigned i = 0; i < keyspace->flush_count;) {
		struct stamp *stamp = &keyspace->flushes[i].stamp;
		if (!mark_is_stable(keyspace, stamp->origin, stamp->seq)) {
			i++;
			continue;
		}
		context_drop(stamp->context);
		keyspace->flushes[i] = keyspace->flushes[--keyspace->flush_count];
		is_swept = true;
	}
	if (is_swept)
		keyspace_each_key(keyspace, key_sweep, keyspace);
}

/* ---- the end, and invariants ---- */

static void key_free_all(void *context, struct key *key)
{
	struct keyspace *keyspace = context;
	while (key->elements != NULL) {
		key->elements->is_dirty = false;
		element_free(keyspace, key->elements);
	}
	key->under_way = 0;
	key->is_dirty = key->is_thinned = false;
	keyspace_release_key(keyspace, key);
}

void keyspace_free(struct keyspace *keyspace)
{
	keyspace_each_key(keyspace, key_free_all, keyspace);
	for (unsigned i = 0; i < keyspace->flush_count; i++)
		context_drop(keyspace->flushes[i].stamp.context);
	memory_free(keyspace->flushes);
	memory_free(keyspace->flushed);
	table_free(&keyspace->keys);
	table_free(&keyspace->elements);
	*keyspace = (struct keyspace){ 0 };
}

static void key_check(void *context, struct key *key)
{
	const struct keyspace *keyspace = context;
	assert(key->elements != NULL || key->under_way > 0 || key->is_dirty || key->is_thinned);
	for (const struct element *element = key->elements; element != NULL; element = element->next) {
		assert(element->key == key);
		assert(element->unstable > 0 || element->version_count > 0);
		for (unsigned i = 0; i < element->history_count; i++) {
			const struct history *history = &element->histories[i];
			assert(history->origin < keyspace->origins->count);
			for (uint32_t j = 1; j < history->len; j++)
				assert(history_mark(history, j - 1)->seq <= history_mark(history, j)->seq);
		}
		for (unsigned i = 0; i < element->version_count; i++)
			assert(element->versions[i].stamp.context->refs > 0);
	}
}

void keyspace_check(const struct keyspace *keyspace)
{
	keyspace_each_key(keyspace, key_check, (void *)(uintptr_t)keyspace);
}
