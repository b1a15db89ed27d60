#include "spills.h"

void spill_free(struct spill *spill)
{
	memory_free((void *)(uintptr_t)spill->key.ptr);
	memory_free((void *)(uintptr_t)spill->element.ptr);
}

void spills_add(struct spills *spills, const struct spill *spill)
{
	if (spills->count == spills->cap) {
		spills->cap = spills->cap ? spills->cap * 2 : 8;
		spills->items = memory_resize(spills->items, spills->cap * sizeof(struct spill));
	}
	spills->items[spills->count++] = *spill;
}

void spills_free(struct spills *spills)
{
	for (unsigned i = 0; i < spills->count; i++)
		spill_free(&spills->items[i]);
	memory_free(spills->items);
	*spills = (struct spills){ 0 };
}
