/* The auditor's vectors and facts: growing arrays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_parts.h"

uint64_t vector_at(const struct vector *vector, unsigned origin)
{
	return origin < vector->count ? vector->seqs[origin] : 0;
}

static void vector_reach(struct vector *vector, unsigned count)
{
	if (count <= vector->count)
		return;
	vector->seqs = realloc(vector->seqs, count * sizeof(*vector->seqs));
	if (vector->seqs == NULL)
		abort();
	memset(vector->seqs + vector->count, 0, (count - vector->count) * sizeof(*vector->seqs));
	vector->count = count;
}

void vector_raise(struct vector *vector, unsigned origin, uint64_t seq)
{
	vector_reach(vector, origin + 1);
	if (vector->seqs[origin] < seq)
		vector->seqs[origin] = seq;
}

void vector_set(struct vector *vector, unsigned origin, uint64_t seq)
{
	vector_raise(vector, origin, seq);
	if (origin < vector->count)
		vector->seqs[origin] = seq;
}

void vector_join(struct vector *vector, const struct vector *other)
{
	for (unsigned i = 0; i < other->count; i++)
		vector_raise(vector, i, other->seqs[i]);
}

bool vector_reaches(const struct vector *vector, const struct vector *other)
{
	for (unsigned i = 0; i < other->count; i++)
		if (vector_at(vector, i) < vector_at(other, i))
			return false;
	return true;
}

void vector_copy(struct vector *to, const struct vector *from)
{
	to->count = 0;
	vector_reach(to, from->count);
	if (from->count > 0)
		memcpy(to->seqs, from->seqs, from->count * sizeof(*to->seqs));
}

void vector_free(struct vector *vector)
{
	free(vector->seqs);
	*vector = (struct vector){ .count = 0 };
}

struct fact *facts_add(struct facts *facts, enum fact_kind kind, uint32_t db, uint32_t key)
{
	facts->items = array_grow(facts->items, facts->count, &facts->cap, sizeof(*facts->items));
	facts->items[facts->count] = (struct fact){ .kind = kind, .db = db, .key = key };
	return &facts->items[facts->count++];
}

void facts_free(struct facts *facts)
{
	free(facts->items);
	*facts = (struct facts){ .count = 0 };
}

void pairs_add(struct pairs *pairs, unsigned origin, uint64_t seq, unsigned other_origin, uint64_t other_seq)
{
	bool is_first = origin < other_origin || (origin == other_origin && seq < other_seq);

	pairs->items = array_grow(pairs->items, pairs->count, &pairs->cap, sizeof(*pairs->items));
	pairs->items[pairs->count++] = is_first ? (struct pair){ origin, other_origin, seq, other_seq }
	                                        : (struct pair){ other_origin, origin, other_seq, seq };
}

/* ---- comparing facts ---- */

static int fact_order(const void *left, const void *right)
{
	const struct fact *a = left, *b = right;
	const int64_t as[] = { a->kind, a->type, a->db, a->key, a->element, a->value, a->deadline_ms, a->part, a->place, (int64_t)a->length };
	const int64_t bs[] = { b->kind, b->type, b->db, b->key, b->element, b->value, b->deadline_ms, b->part, b->place, (int64_t)b->length };

	for (unsigned i = 0; i < sizeof(as) / sizeof(as[0]); i++)
		if (as[i] != bs[i])
			return as[i] < bs[i] ? -1 : 1;
	if (a->score != b->score)
		return a->score < b->score ? -1 : 1;
	return a->amount < b->amount ? -1 : a->amount > b->amount;
}

/* Facts are compared sorted and without repetitions. HSET k f 1 f 2 may count as one fact or as two, if both sides agree. */
static void facts_normalize(const struct facts *facts, struct facts *normal)
{
	for (unsigned i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->items[i];
		bool is_superseded = false;

		for (unsigned j = i + 1; j < facts->count && fact->kind != FACT_DELTA && fact->kind != FACT_PLACE && fact->kind != FACT_TRIM && fact->kind != FACT_REACH; j++) {
			const struct fact *later = &facts->items[j];

			is_superseded = is_superseded || (later->kind == fact->kind && later->type == fact->type && later->db == fact->db &&
			                                  later->key == fact->key && later->element == fact->element);
		}
		if (!is_superseded)
			*facts_add(normal, fact->kind, fact->db, fact->key) = *fact;
	}
	if (normal->count > 1)
		qsort(normal->items, normal->count, sizeof(*normal->items), fact_order);
}

bool facts_equal(const struct facts *a, const struct facts *b)
{
	struct facts mine = { .count = 0 }, theirs = { .count = 0 };
	bool is_equal;

	facts_normalize(a, &mine);
	facts_normalize(b, &theirs);
	is_equal = mine.count == theirs.count;
	for (unsigned i = 0; is_equal && i < mine.count; i++)
		is_equal = fact_order(&mine.items[i], &theirs.items[i]) == 0;
	facts_free(&mine);
	facts_free(&theirs);
	return is_equal;
}

const char *audit_facts_text(const struct auditor *auditor, const struct facts *facts)
{
	static const char *const kinds[] = { "set", "remove", "add", "deadline", "clear", "flush", "place", "trim", "reach" };
	static const char *const types[] = { "string", "hash", "set", "zset", "list", "stream" };
	static char rooms[2][2000];
	static unsigned turn;
	char *room = rooms[turn++ % 2];
	size_t at = 0;

	room[0] = '\0';
	for (unsigned i = 0; i < facts->count && at + 300 < sizeof(rooms[0]); i++) {
		const struct fact *fact = &facts->items[i];

		at += (size_t)snprintf(room + at, sizeof(rooms[0]) - at, "%s%s %s %.60s", i > 0 ? "; " : "", kinds[fact->kind], types[fact->type],
		                       pool_text(auditor->options.pool, fact->key).ptr);
		at += (size_t)snprintf(room + at, sizeof(rooms[0]) - at, " %.40s = %.60s %g %Lg at %lld of %llu until %lld", pool_text(auditor->options.pool, fact->element).ptr,
		                       pool_text(auditor->options.pool, fact->value).ptr, fact->score, fact->amount,
		                       (long long)fact->place, (unsigned long long)fact->length, (long long)fact->deadline_ms);
	}
	return room;
}
