#include "spills.h"

void spill_free(struct spill *spill)
{
	bytes_free(spill->key);
	bytes_free(spill->element);
}

void spills_add(struct spills *spills, const struct spill *spill)
{
	spills->items = array_reserve(spills->items, spills->count, &spills->cap, sizeof *spills->items);
	spills->items[spills->count++] = *spill;
}

void spills_free(struct spills *spills)
{
	for (unsigned i = 0; i < spills->count; i++)
		spill_free(&spills->items[i]);
	memory_free(spills->items);
	*spills = (struct spills){ 0 };
}
