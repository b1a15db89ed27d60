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

struct slice effect_group_bytes(const struct effect *effect, struct buffer *room)
{
	if (effect->group.piece_count == 1)
		return effect->group.pieces[0];
	for (unsigned i = 0; i < effect->group.piece_count; i++)
		buffer_add(room, effect->group.pieces[i]);
	return buffer_slice(room);
}
