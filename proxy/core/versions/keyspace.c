#include "note.h"
#include "policy.h"
#include "sequence.h"
#include "version.h"

#include <assert.h>
#include <string.h>

#define WARM_KEYS 32                 /* how many are prefetched together */

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

/* If the key has latent writes, they are applied now, which makes its record. */
static struct key *key_recall(struct keyspace *keyspace, uint64_t hash, uint32_t db, struct slice name)
{
	struct key *key = key_lookup(keyspace, hash, db, name);
	if (key == NULL && latents_take(&keyspace->latents, hash, db, name))
		key = key_lookup(keyspace, hash, db, name);
	return key;
}

struct key *keyspace_recall(struct keyspace *keyspace, uint32_t db, struct slice name)
{
	return key_recall(keyspace, key_hash(db, name), db, name);
}

bool keyspace_is_in_flight(const struct keyspace *keyspace, uint32_t db, struct slice name)
{
	uint64_t hash = key_hash(db, name);
	const struct key *key = key_lookup(keyspace, hash, db, name);
	const struct latent *latent = key == NULL ? latents_newest(&keyspace->latents, hash) : NULL;
	return key != NULL ? key->in_flight > 0 : latent != NULL && latent->state == LATENT_UNDER_WAY;
}

static struct key *key_get(struct keyspace *keyspace, uint64_t hash, uint32_t db, struct slice name)
{
	struct key *key = key_recall(keyspace, hash, db, name);
	if (key != NULL)
		return key;
	key = memory_new(sizeof *key + name.len);
	key->db = db;
	key->name = (struct slice){ memcpy(key + 1, name.ptr, name.len), name.len };
	key->policy = keyspace->policy_for(keyspace->policy_context, name);
	table_add(&keyspace->keys, &key->node, hash);
	keyspace->bytes += sizeof *key + name.len;
	return key;
}

struct key *keyspace_key(struct keyspace *keyspace, uint32_t db, struct slice name)
{
	return key_get(keyspace, key_hash(db, name), db, name);
}

/* The key has no record. Is all that is known of it stable, or latent and covered by this write? */
static bool can_be_latent(struct keyspace *keyspace, uint64_t hash, const struct key_name *name, const struct latent_batch *batch)
{
	if (keyspace->policy_for(keyspace->policy_context, name->name)->may_have_dots)
		return false;
	/* A local write covers all that is applied. */
	const struct latent *newest = batch->group == NULL ? latents_newest(&keyspace->latents, hash) : NULL;
	if (newest == NULL)
		return latents_have_room(&keyspace->latents, hash);
	struct stamp stamp = batch->stamp, other = newest->batch->stamp;
	stamp.seq += name->index;
	other.seq += newest->index;
	return newest->state == LATENT_LIVE && stamp_covers(&stamp, &other) && latents_have_room(&keyspace->latents, hash);
}

static bool make_latent(struct keyspace *keyspace, uint64_t hash, const struct key_name *name, struct latent_batch *batch)
{
	if (batch == NULL || !name->is_plain || !can_be_latent(keyspace, hash, name, batch))
		return false;
	enum latent_state state = batch->group != NULL ? LATENT_UNDER_WAY : LATENT_LIVE;
	latents_add(&keyspace->latents, hash, &(struct latent){ .at = name->at, .index = name->index, .state = state, .batch = batch });
	return true;
}

void keyspace_keys(struct keyspace *keyspace, const struct key_name *names, unsigned count, struct latent_batch *batch, struct key **keys)
{
	uint64_t hashes[WARM_KEYS];
	for (unsigned first = 0; first < count; first += WARM_KEYS) {
		unsigned end = count - first < WARM_KEYS ? count : first + WARM_KEYS;
		for (unsigned i = first; i < end; i++) {
			hashes[i - first] = key_hash(names[i].db, names[i].name);
			table_warm(&keyspace->keys, hashes[i - first]);
			latents_warm(&keyspace->latents, hashes[i - first]);
		}
		for (unsigned i = first; i < end; i++) {
			memory_warm(table_head(&keyspace->keys, hashes[i - first]), sizeof(struct key));
			latents_warm_newest(&keyspace->latents, hashes[i - first]);
		}
		for (unsigned i = first; i < end; i++) {
			keys[i] = key_lookup(keyspace, hashes[i - first], names[i].db, names[i].name);
			if (keys[i] == NULL && !make_latent(keyspace, hashes[i - first], &names[i], batch))
				keys[i] = key_get(keyspace, hashes[i - first], names[i].db, names[i].name);
		}
	}
}

void keyspace_release_key(struct keyspace *keyspace, struct key *key)
{
	if (key->elements != NULL || key->under_way > 0 || key->is_dirty || key->is_thinned)
		return;
	table_remove(&keyspace->keys, &key->node);
	keyspace->bytes -= sizeof *key + key->name.len;
	memory_free(key);
}

/* ---- elements ---- */

static uint64_t element_hash(const struct key *key, enum kind kind, struct slice name)
{
	return slice_hash(name) * 31 + ((uintptr_t)key >> 4) + (unsigned)kind;
}

/* A stable clear is already in what the store holds. Only while metadata is recalled may writes that it decided about still be to come. */
static void inherit(struct keyspace *keyspace, struct element *element, const struct version *version)
{
	if (!keyspace->is_whole || !mark_is_stable(keyspace, version->stamp.origin, version->stamp.seq))
		element_compete(keyspace, element, version);
}

/* Trims of its stream that came before this entry was known. */
static void inherit_trims(struct keyspace *keyspace, struct element *entry, const struct element *stream)
{
	for (unsigned i = 0; i < stream->history_count; i++) {
		const struct history *history = &stream->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			const struct note *note = history_mark(history, j)->note;
			struct stamp stamp = history_stamp(history, j);
			stamp.context = note->context;
			if (note_trims(note, entry))
				inherit(keyspace, entry, &(struct version){ .stamp = stamp });
		}
	}
}

/* Clears and flushes that came before this element was known concern it as well. */
static void element_inherit(struct keyspace *keyspace, struct element *element)
{
	struct key *key = element->key;
	if (element->kind == KIND_KEY || element_is_of_stream(element))
		return;
	if (element->kind == KIND_STREAM && key->fixed[KIND_STREAM] != NULL)
		inherit_trims(keyspace, element, key->fixed[KIND_STREAM]);
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		const struct flush *flush = &keyspace->flushes[i];
		if (flush_concerns(flush->db, key->db))
			inherit(keyspace, element, &(struct version){ .stamp = flush->stamp });
	}
	const struct element *clears = key->fixed[KIND_KEY];
	for (unsigned i = 0; clears != NULL && i < clears->version_count; i++)
		inherit(keyspace, element, &clears->versions[i]);
	const struct element *string = key->fixed[KIND_STRING];
	if (string == NULL || element->kind == KIND_STRING || element->kind == KIND_TTL)
		return;
	for (unsigned i = 0; i < string->version_count; i++)
		if (string->versions[i].is_set)
			inherit(keyspace, element, &(struct version){ .stamp = string->versions[i].stamp, .is_outdone = true });
}

struct element *keyspace_element(struct keyspace *keyspace, struct key *key, enum kind kind, struct slice name)
{
	uint64_t hash = 0;
	bool is_fixed = kind_is_fixed(kind) || (kind == KIND_STREAM && name.len == 0);
	if (is_fixed) {
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
	if (is_fixed) {
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

void keyspace_warm_elements(const struct keyspace *keyspace, const struct key *key, const struct change *changes, unsigned count)
{
	uint64_t hashes[WARM_ELEMENTS];
	enum kind kind;
	count = count < WARM_ELEMENTS ? count : WARM_ELEMENTS;
	for (unsigned i = 0; i < count; i++) {
		hashes[i] = change_kind_of(&changes[i], &kind) ? element_hash(key, kind, changes[i].element) : 0;
		table_warm(&keyspace->elements, hashes[i]);
	}
	for (unsigned i = 0; i < count; i++)
		memory_warm(table_head(&keyspace->elements, hashes[i]), 1);
}

void element_free(struct keyspace *keyspace, struct element *element)
{
	struct key *key = element->key;
	assert(!element->is_dirty && element->episodes == NULL);
	element_set_kept(keyspace, element, false);
	element_drop_versions(keyspace, element);
	for (unsigned i = 0; i < element->history_count; i++)
		history_free(keyspace, &element->histories[i]);
	if (element->histories != &element->first_history)
		memory_free(element->histories);
	if (element->versions != &element->first_version)
		memory_free(element->versions);
	bytes_free(element->result);
	if (element->sequence != NULL)
		sequence_free(keyspace, element->sequence);
	if (element_is_fixed(element)) {
		key->fixed[element->kind] = NULL;
	} else {
		table_remove(&keyspace->elements, &element->node);
		bytes_free(element->name);
	}
	*element->prev_link = element->next;
	if (element->next != NULL)
		element->next->prev_link = element->prev_link;
	keyspace->bytes -= sizeof *element + element->name.len;
	memory_free(element);
}

/* ---- flushes, take-overs ---- */

void keyspace_add_take_over(struct keyspace *keyspace, const struct stamp *stamp, struct note *note, const uint64_t user[2])
{
	keyspace->take_overs = array_reserve(keyspace->take_overs, keyspace->take_over_count, &keyspace->take_over_cap, sizeof *keyspace->take_overs);
	keyspace->take_overs[keyspace->take_over_count++] = (struct take_over){ *stamp, { user[0], user[1] }, note_hold(note) };
	context_hold(stamp->context);
}

void keyspace_add_flush(struct keyspace *keyspace, const struct stamp *stamp, uint32_t db, struct note *note)
{
	keyspace->flushes = array_reserve(keyspace->flushes, keyspace->flush_count, &keyspace->flush_cap, sizeof *keyspace->flushes);
	keyspace->flushes[keyspace->flush_count++] = (struct flush){ *stamp, db, note_hold(note) };
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

void keyspace_take_latent(struct keyspace *keyspace)
{
	latents_take_all(&keyspace->latents);
}

void keyspace_visit_taken(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context)
{
	table_each(&keyspace->keys, visit_key, &(struct key_visit){ visit, context });
}

void keyspace_visit_keys(const struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context)
{
	assert(keyspace->latents.waiting == 0);
	keyspace_visit_taken(keyspace, visit, context);
}

void keyspace_each_key(struct keyspace *keyspace, void (*visit)(void *context, struct key *key), void *context)
{
	keyspace_take_latent(keyspace);
	keyspace_visit_keys(keyspace, visit, context);
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
	latents_free(&keyspace->latents);
	keyspace_each_key(keyspace, key_free_all, keyspace);
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		context_drop(keyspace->flushes[i].stamp.context);
		note_drop(keyspace, keyspace->flushes[i].note);
	}
	for (unsigned i = 0; i < keyspace->take_over_count; i++) {
		context_drop(keyspace->take_overs[i].stamp.context);
		note_drop(keyspace, keyspace->take_overs[i].note);
	}
	spills_free(&keyspace->spills);
	memory_free(keyspace->take_overs);
	memory_free(keyspace->flushes);
	memory_free(keyspace->flushed);
	memory_free(keyspace->edits);
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
		assert(element->unstable > 0 || element->version_count > 0 || element->episodes != NULL ||
		       (element->sequence != NULL && element->sequence->count > 0));
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
	latents_check(&keyspace->latents);
	table_each(&keyspace->keys, visit_key, &(struct key_visit){ key_check, (void *)(uintptr_t)keyspace });
}
