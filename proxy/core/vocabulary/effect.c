#include "effect.h"

struct effect *effects_add(struct effects *effects, enum effect_type type)
{
	effects->items = array_reserve(effects->items, effects->count, &effects->cap, sizeof *effects->items);
	struct effect *effect = &effects->items[effects->count++];
	*effect = (struct effect){ .type = type };
	return effect;
}

void effects_free(struct effects *effects)
{
	memory_free(effects->items);
	*effects = (struct effects){ 0 };
}
