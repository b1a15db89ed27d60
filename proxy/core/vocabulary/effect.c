#include "effect.h"

struct effect *effects_add(struct effects *effects, enum effect_type type)
{
	if (effects->count == effects->cap) {
		effects->cap = effects->cap ? effects->cap * 2 : 16;
		effects->items = memory_resize(effects->items, effects->cap * sizeof(struct effect));
	}
	struct effect *effect = &effects->items[effects->count++];
	*effect = (struct effect){ .type = type };
	return effect;
}

void effects_free(struct effects *effects)
{
	memory_free(effects->items);
	*effects = (struct effects){ 0 };
}
