/* Keys: sorts everything that was shipped by key, and selects what one datacenter had seen of a key. */
#include <stdlib.h>

#include "audit_outcome.h"

struct audited_key *audited_key_find(struct audited_keys *keys, uint32_t db, uint32_t key)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->items[i].key == key && keys->items[i].db == db)
			return &keys->items[i];
	keys->items = array_grow(keys->items, keys->count, &keys->cap, sizeof(*keys->items));
	keys->items[keys->count] = (struct audited_key){ .db = db, .key = key };
	return &keys->items[keys->count++];
}

static void key_touch(struct audited_key *key, const struct audited_write *write, unsigned order)
{
	key->touches = array_grow(key->touches, key->count, &key->cap, sizeof(*key->touches));
	key->touches[key->count++] = (struct touch){ .write = write, .fact = &write->shipped.items[order], .order = order };
}

static void gather_keys(struct audited_keys *keys, const struct audited_write *write)
{
	for (unsigned i = 0; i < write->shipped.count; i++) {
		const struct fact *fact = &write->shipped.items[i];

		if (fact->kind != FACT_FLUSH)
			key_touch(audited_key_find(keys, fact->db, fact->key), write, i);
	}
}

/* A flush touches every key of its database, even keys that its own DC never had. */
static void gather_flushes(struct audited_keys *keys, const struct audited_write *write)
{
	for (unsigned i = 0; i < write->shipped.count; i++) {
		const struct fact *fact = &write->shipped.items[i];

		for (unsigned k = 0; fact->kind == FACT_FLUSH && k < keys->count; k++)
			if (fact->db == ANY_DB || keys->items[k].db == fact->db)
				key_touch(&keys->items[k], write, i);
	}
}

static void each_shipped(const struct auditor *auditor, struct audited_keys *keys, void (*visit)(struct audited_keys *keys, const struct audited_write *write))
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++) {
			const struct audited_write *write = audit_find(auditor, origin, seq);

			if (write != NULL && write->is_shipped)
				visit(keys, write);
		}
	}
}

/* The lists of which elements each touch takes or puts. */
struct item_lists { struct audited_key *key; unsigned *counts, *caps; };

static void note_item(void *context, unsigned touch, uint32_t item)
{
	struct item_lists *lists = context;

	lists->key->lists[touch] = array_grow(lists->key->lists[touch], lists->counts[touch], &lists->caps[touch], sizeof(uint32_t));
	lists->key->lists[touch][lists->counts[touch]++] = item;
}

static void gather_items(const struct auditor *auditor, struct audited_key *key)
{
	struct item_lists lists = { key, memory_new((key->count + 1) * sizeof(unsigned)), memory_new((key->count + 1) * sizeof(unsigned)) };
	bool is_list = false;

	for (unsigned i = 0; i < key->count; i++)
		is_list |= key->touches[i].fact->type == SIM_LIST;
	if (is_list) {
		key->lists = memory_new(key->count * sizeof(uint32_t *));
		audit_list(&(struct audited_list){ .auditor = auditor, .touches = key->touches, .count = key->count, .found = note_item, .context = &lists });
	}
	for (unsigned i = 0; is_list && i < key->count; i++) {
		key->touches[i].items = key->lists[i];
		key->touches[i].item_count = lists.counts[i];
	}
	memory_free(lists.counts);
	memory_free(lists.caps);
}

void audited_keys_gather(const struct auditor *auditor, struct audited_keys *keys)
{
	/* A key with an empty name, which nobody writes, so that two flushes of one database have a key in common. */
	for (uint32_t db = 0; db < SIM_RESERVED_DB; db++)
		audited_key_find(keys, db, 0);
	each_shipped(auditor, keys, gather_keys);
	each_shipped(auditor, keys, gather_flushes);
	for (unsigned i = 0; i < keys->count; i++)
		gather_items(auditor, &keys->items[i]);
}

void audited_keys_free(struct audited_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++) {
		for (unsigned j = 0; keys->items[i].lists != NULL && j < keys->items[i].count; j++)
			free(keys->items[i].lists[j]);
		free(keys->items[i].lists);
		free(keys->items[i].touches);
	}
	free(keys->items);
}

const struct audited_key *audited_key_at(const struct audited_keys *keys, uint32_t db, uint32_t key)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->items[i].db == db && keys->items[i].key == key)
			return &keys->items[i];
	return NULL;
}

/* Only what was shipped can be judged. What store and sidecar lost together is known to nobody else. */
bool audit_all_shipped(const struct auditor *auditor, const struct vector *seen)
{
	for (unsigned origin = 0; origin < seen->count; origin++)
		for (uint64_t seq = 1; seq <= vector_at(seen, origin); seq++)
			if (audit_find(auditor, origin, seq) == NULL || !audit_find(auditor, origin, seq)->is_shipped)
				return false;
	return true;
}

bool touches_select(const struct audited_key *key, const struct vector *seen, const struct audit_contest *contest, struct touch *subset, unsigned *count)
{
	bool has_deltas = false;

	*count = 0;
	for (unsigned i = 0; i < key->count; i++) {
		const struct touch *touch = &key->touches[i];

		if (vector_at(seen, touch->write->origin) < touch->write->seq)
			continue;
		has_deltas |= touch->fact->kind == FACT_DELTA && touch->fact->type == contest->type && touch->fact->element == contest->element;
		subset[(*count)++] = *touch;
	}
	return !has_deltas;
}

void auditor_each_subject(struct auditor *auditor, void (*visit)(void *context, uint32_t db, uint32_t key, bool is_field, uint32_t element),
                          void *context)
{
	struct audited_keys keys = { .count = 0 };

	audited_keys_gather(auditor, &keys);
	for (unsigned i = 0; i < keys.count; i++) {
		const struct audited_key *key = &keys.items[i];

		for (unsigned j = 0; j < key->count; j++) {
			const struct fact *fact = key->touches[j].fact;
			bool is_first = fact->kind == FACT_SET && (fact->type == SIM_STRING || fact->type == SIM_HASH);

			for (unsigned k = 0; is_first && k < j; k++)
				is_first = key->touches[k].fact->kind != FACT_SET || key->touches[k].fact->type != fact->type ||
				           key->touches[k].fact->element != fact->element;
			if (is_first)
				visit(context, key->db, key->key, fact->type == SIM_HASH, fact->element);
		}
	}
	audited_keys_free(&keys);
}
