#include "fraction.h"

#include "delta_walk.h"
#include "patch.h"
#include "proxy/core/rules/rule.h"
#include "verdict.h"

#include <assert.h>
#include <string.h>

void rounding_free(struct rounding *rounding)
{
	bytes_free(rounding->key);
	bytes_free(rounding->element);
}

/* The change as which a number of this kind is shipped when it was read back. */
static enum change_kind rounded_as(enum kind kind)
{
	switch (kind) {
	case KIND_STRING: return CHANGE_SET;
	case KIND_HASH: return CHANGE_FIELD_SET;
	case KIND_ZSET: return CHANGE_SCORE_SET;
	case KIND_SET: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT: break;
	}
	assert(!"a number");
	return CHANGE_SET;
}

void roundings_add(struct conflicts *conflicts, const struct element *element)
{
	conflicts->roundings = array_reserve(conflicts->roundings, conflicts->rounding_count, &conflicts->rounding_cap, sizeof *conflicts->roundings);
	conflicts->roundings[conflicts->rounding_count++] = (struct rounding){
		element->key->db, rounded_as(element->kind), buffer_copy(element->key->name), buffer_copy(element->name),
	};
}

static bool element_has_concurrent(const struct element *element, const struct stamp *stamp)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		if (history->origin != stamp->origin && history_upto(history, stamp_sees(stamp, history->origin)) < history->len)
			return true;
	}
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct stamp *other = &element->versions[i].stamp;
		if (other->origin != stamp->origin && other->seq > stamp_sees(stamp, other->origin))
			return true;
	}
	return false;
}

/* Of two DCs whose fractions met, the one whose name sorts first reads the sum back. Both know of the pair sooner or later. */
static bool is_ours_to_round(const struct origins *origins, unsigned a, unsigned b)
{
	unsigned x = origins->items[a].dc, y = origins->items[b].dc;
	unsigned first = strcmp(origins->dcs[x], origins->dcs[y]) <= 0 ? x : y;
	return first == 0;
}

/* Does it show in which order whole numbers are added to this value? */
static bool is_fraction(const struct element *element, double score, struct slice value)
{
	long double number = score;
	return (element->kind == KIND_ZSET || slice_to_long_double(value, &number)) && !number_is_exact(number);
}

/* What an arriving value is to the increments that are here. Values are looked at only where there are some. */
static unsigned rounding_flags(const struct element *element, const struct arrival *arriving)
{
	const struct change *change = arriving->change;
	bool is_value = change->kind == CHANGE_SET || change->kind == CHANGE_FIELD_SET || change->kind == CHANGE_SCORE_SET;
	bool counts = is_value && element->has_deltas && is_fraction(element, change->score, change->value);
	return arriving->party.flags | (counts ? MARK_FRACTION : 0);
}

static bool meets_mark(const struct keyspace *keyspace, const struct element *element, const struct stamp *stamp, unsigned flags)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		uint32_t first = history_upto(history, stamp_sees(stamp, history->origin));
		if (history->origin == stamp->origin || !is_ours_to_round(keyspace->origins, stamp->origin, history->origin))
			continue;
		for (uint32_t j = first; j < history->len; j++)
			if (delta_order_shows(flags, history_mark(history, j)->flags))
				return true;
	}
	return false;
}

/* A clear or SET that it has not seen decided the element: the increment is added to that. */
static bool meets_value(const struct keyspace *keyspace, const struct element *element, const struct stamp *stamp, unsigned flags)
{
	for (unsigned i = 0; i < element->version_count && (flags & MARK_DELTA); i++) {
		const struct version *version = &element->versions[i];
		const struct stamp *other = &version->stamp;
		if (other->origin == stamp->origin || other->seq <= stamp_sees(stamp, other->origin) || !is_ours_to_round(keyspace->origins, stamp->origin, other->origin))
			continue;
		bool counts = version->is_present && is_fraction(element, version->score, version->value);
		if (delta_order_shows(flags, MARK_PRESENT | (counts ? MARK_FRACTION : 0)))
			return true;
	}
	return false;
}

bool fraction_is_ours_to_round(const struct keyspace *keyspace, const struct element *element, const struct arrival *arriving)
{
	const struct stamp *stamp = arriving->party.stamp;
	unsigned flags = rounding_flags(element, arriving);
	bool has_any = element->has_fractions || element->has_patches || (flags & (MARK_FRACTION | MARK_PATCH));
	return (has_any && meets_mark(keyspace, element, stamp, flags)) || meets_value(keyspace, element, stamp, flags);
}

/* Has STAMP seen the greatest write of each other type? One that it has not seen may have killed part of what it added to. */
static bool has_seen_types(const struct element *element, const struct stamp *stamp)
{
	for (unsigned type = 0; type < KIND_TYPES; type++) {
		const struct stamp *top = &element->key->tops[type];
		if (type != element->kind && top->hlc != 0 && top->seq > stamp_sees(stamp, top->origin))
			return false;
	}
	return true;
}

/* A delta reaches the store as an addition; a fraction that has seen everything brings its result along. */
void delta_note(struct keyspace *keyspace, const struct arrival *arriving)
{
	struct element *element = arriving->element;
	const struct stamp *stamp = arriving->party.stamp;
	const struct version *decider = element->key->policy->rule->decide(keyspace, element);
	if (decider != NULL && stamp->seq <= stamp_follows(&decider->stamp, stamp->origin))
		return;
	/* A patch may have made a number of what was none: then Redis says whether it is one. */
	if (decider != NULL && !element->has_patches && !version_is_number(element, decider))
		return;
	int64_t whole;
	keyspace_set_dirty(keyspace, element);
	if (element->has_patches && delta_comes_late(keyspace->origins, arriving, decider)) {
		element->is_redecided = true;
		return;
	}
	const struct slice result = arriving->change->result;
	if (result.len > 0 && !element_has_concurrent(element, stamp) && has_seen_types(element, stamp)) {
		bytes_free(element->result);
		element->result = buffer_copy(result);
		element->is_redecided = false;
		element->has_pending = false;
		element->pending = 0;
		todo_clear(keyspace, element);
		return;
	}
	bool is_float = arriving->change->kind == CHANGE_INCREMENT_FLOAT || arriving->change->kind == CHANGE_FIELD_INCREMENT_FLOAT ||
	                element->has_fractions || (decider != NULL && decider->is_present && !slice_to_int64(decider->value, &whole));
	if (element->todo_count > 0) {
		todo_add_sum(element, arriving->delta, is_float);
		return;
	}
	element->has_pending = true;
	element->is_pending_float |= is_float;
	element->pending += arriving->delta;
}
