/* Handler: merges texts as sets of words joined by "+". It depends on what it is shown alone, so every datacenter would get the same. */
#include "sim_handler.h"

#include <stdlib.h>
#include <string.h>


#define WORDS_MAX 256
#define FAILURE_PERCENT 25

static int word_order(const void *left, const void *right)
{
	const struct slice *a = left, *b = right;
	int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

static unsigned words_add(struct slice *words, unsigned count, struct slice text)
{
	while (text.len > 0 && count < WORDS_MAX) {
		const char *plus = memchr(text.ptr, '+', text.len);
		size_t len = plus == NULL ? text.len : (size_t)(plus - text.ptr);

		words[count++] = (struct slice){ text.ptr, len };
		text = (struct slice){ text.ptr + len + (plus != NULL), text.len - len - (plus != NULL) };
	}
	return count;
}

static void merge(const struct effect *effect, struct buffer *merged)
{
	struct slice words[WORDS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < effect->handle.count; i++)
		if (effect->handle.versions[i].is_present)
			count = words_add(words, count, effect->handle.versions[i].value);
	qsort(words, count, sizeof(words[0]), word_order);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0 && word_order(&words[i - 1], &words[i]) == 0)
			continue;
		buffer_add_text(merged, merged->len > 0 ? "+" : "");
		buffer_add(merged, words[i]);
	}
}

void sim_handler_asked(struct world *world, struct dc *dc, const struct effect *effect)
{
	struct handlings *handlings = &world->handlings;
	/* Near the end it always succeeds: then nothing may stay unmerged. */
	bool is_done = world->is_ending || !dice_chance(&world->dice, FAILURE_PERCENT);
	struct buffer merged = { .len = 0 };

	merge(effect, &merged);
	trace_line(world->trace, dc->index, "handler %llu is asked for %.*s %.*s: %u versions", (unsigned long long)effect->handle.id,
	           (int)effect->handle.key.len, effect->handle.key.ptr, (int)effect->handle.element.len, effect->handle.element.ptr, effect->handle.count);
	handlings->items = array_grow(handlings->items, handlings->count, &handlings->cap, sizeof(*handlings->items));
	handlings->items[handlings->count] = (struct handling){ .id = effect->handle.id, .is_done = is_done, .value = pool_intern(world->pool, buffer_slice(&merged)) };
	buffer_free(&merged);
	world_plan_next(world, &(struct happening){ .type = HAPPENING_HANDLED, .dc = dc->index, .generation = dc->life, .a = handlings->count++ },
	                500 + dice_below(&world->dice, dice_chance(&world->dice, 20) ? 2000000 : 20000));
}
