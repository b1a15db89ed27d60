/* The auditor's vectors and facts: growing arrays. */
#include <stdlib.h>
#include <string.h>

#include "audit_state.h"

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

bool audit_covers(const struct audited_write *newer, const struct audited_write *older)
{
	if (newer->is_explicit)
		return vector_at(&newer->claimed, older->origin) >= older->seq;
	return audit_follows(newer, older);
}

bool audit_follows(const struct audited_write *newer, const struct audited_write *older)
{
	if (newer->origin == older->origin)
		return newer->seq > older->seq;
	return vector_at(&newer->seen, older->origin) >= older->seq;
}

int audit_compare(const struct auditor *auditor, const struct audited_write *a, const struct audited_write *b)
{
	const struct audited_origin *mine = &auditor->origins[a->origin], *theirs = &auditor->origins[b->origin];
	int order;

	if (a->hlc != b->hlc)
		return a->hlc > b->hlc ? 1 : -1;
	order = strcmp(auditor->options.dc_names[mine->dc], auditor->options.dc_names[theirs->dc]);
	if (order != 0)
		return order;
	if (mine->incarnation != theirs->incarnation)
		return mine->incarnation > theirs->incarnation ? 1 : -1;
	return a->seq > b->seq ? 1 : a->seq < b->seq ? -1 : 0;
}
