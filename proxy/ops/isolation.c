/* Isolation (see isolation.h). */
#include "isolation.h"

#include "base/text.h"

#define VERB_COUNT 3

static const char *const verbs[VERB_COUNT] = { [ISOLATION_BEGIN] = "begin", [ISOLATION_KEEP] = "keep", [ISOLATION_HEAL] = "heal" };

/* An order that came twice, as its answer was lost, is one. */
static const char *begin(struct isolation_status *isolation, const struct isolation_order *order, uint64_t longest_ms, uint64_t now_ms)
{
	if (longest_ms == 0)
		return "HOMEPORT ISOLATION this datacenter may not be cut off: limits.isolation is 0s there";
	if (isolation->id != 0)
		return "HOMEPORT ISOLATION this datacenter is cut off already, by another drill: wait until that has ended";
	if (order->for_ms > longest_ms)
		return "HOMEPORT ISOLATION that is longer than limits.isolation allows there";
	if (order->keep_ms == 0 || order->keep_ms > ISOLATION_KEEP_MS_MAX)
		return "HOMEPORT ISOLATION say how long it lasts without another word: 1 to 60000 ms";
	isolation->id = order->id;
	isolation->since_ms = isolation->kept_ms = now_ms;
	isolation->until_ms = now_ms + (order->for_ms != 0 ? order->for_ms : longest_ms);
	isolation->keep_ms = order->keep_ms;
	slice_to_text(isolation->by, sizeof(isolation->by), order->by);
	return NULL;
}

const char *isolation_order(struct isolation_status *isolation, const struct isolation_order *order, uint64_t longest_ms, uint64_t now_ms)
{
	bool is_on = order->id != 0 && isolation->id == order->id;

	switch (order->verb) {
	case ISOLATION_BEGIN:
		if (!is_on)
			return begin(isolation, order, longest_ms, now_ms);
		isolation->kept_ms = now_ms;
		return NULL;
	case ISOLATION_KEEP:
		if (!is_on)
			return "HOMEPORT ISOLATION it has ended: this datacenter is not cut off by that drill";
		isolation->kept_ms = now_ms;
		return NULL;
	case ISOLATION_HEAL:
		if (is_on)
			isolation_stop(isolation, ISOLATION_HEALED);
		return NULL;
	}
	return NULL;
}

void isolation_stop(struct isolation_status *isolation, enum isolation_end end)
{
	isolation->id = 0;
	isolation->ended[end]++;
}

bool isolation_is_due(const struct isolation_status *isolation, uint64_t now_ms, enum isolation_end *end)
{
	if (isolation->id == 0)
		return false;
	*end = now_ms >= isolation->until_ms ? ISOLATION_OVER : ISOLATION_LAPSED;
	return now_ms >= isolation->until_ms || now_ms - isolation->kept_ms >= isolation->keep_ms;
}

const char *isolation_end_text(enum isolation_end end)
{
	static const char *const texts[ISOLATION_END_COUNT] = {
		[ISOLATION_HEALED] = "healed", [ISOLATION_LAPSED] = "lapsed", [ISOLATION_OVER] = "over", [ISOLATION_LOST] = "lost",
	};

	return texts[end];
}

const char *isolation_verb_text(enum isolation_verb verb)
{
	return verbs[verb];
}

bool isolation_verb_read(struct slice word, enum isolation_verb *verb)
{
	for (unsigned i = 0; i < VERB_COUNT; i++) {
		if (!slice_equal(word, slice_of(verbs[i])))
			continue;
		*verb = (enum isolation_verb)i;
		return true;
	}
	return false;
}
