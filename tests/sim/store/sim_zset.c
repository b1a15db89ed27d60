/* Sorted-set commands of the simulated store. */
#include "sim_command.h"

#include <math.h>
#include <stdlib.h>

struct zadd_options {
	bool is_nx, is_xx, is_gt, is_lt, is_ch, is_incr;
	unsigned first_pair;
};

static void zadd_options_read(const struct sim_call *call, struct zadd_options *options)
{
	for (options->first_pair = 2; options->first_pair < call->argc; options->first_pair++) {
		struct slice word = call->argv[options->first_pair];

		if (argument_is(word, "nx"))
			options->is_nx = true;
		else if (argument_is(word, "xx"))
			options->is_xx = true;
		else if (argument_is(word, "gt"))
			options->is_gt = true;
		else if (argument_is(word, "lt"))
			options->is_lt = true;
		else if (argument_is(word, "ch"))
			options->is_ch = true;
		else if (argument_is(word, "incr"))
			options->is_incr = true;
		else
			return;
	}
}

static bool score_read(struct sim_call *call, struct slice text, double *score)
{
	long double number;

	if (text_to_long_double(text, &number)) {
		*score = (double)number;
		return true;
	}
	reply_error(call, "ERR value is not a valid float");
	return false;
}

/* Whether the options let MEMBER take SCORE. */
static bool zadd_applies(const struct zadd_options *options, const struct sim_element *member, double score)
{
	if (member == NULL)
		return !options->is_xx;
	if (options->is_nx)
		return false;
	return (!options->is_gt || score > member->score) && (!options->is_lt || score < member->score);
}

static void zadd_pairs(struct sim_call *call, const struct zadd_options *options, struct sim_key *key)
{
	int64_t added = 0, changed = 0;

	for (unsigned i = options->first_pair; i + 1 < call->argc; i += 2) {
		uint32_t name = store_intern(call, call->argv[i + 1]);
		struct sim_element *member = key_element(key, name);
		double score = 0;
		long double number;

		if (text_to_long_double(call->argv[i], &number))
			score = (double)number;
		if (!zadd_applies(options, member, score))
			continue;
		added += member == NULL;
		changed += member != NULL && member->score != score;
		key_element_add(key, name)->score = score;
	}
	store_remove_if_empty(call->store, key);
	reply_integer(call, options->is_ch ? added + changed : added);
}

static void member_increment(struct sim_call *call, struct slice amount, struct slice name, const struct zadd_options *options)
{
	bool is_wrong;
	double increment, score;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	struct sim_element *member = key == NULL ? NULL : key_element(key, store_intern(call, name));

	if (is_wrong || !score_read(call, amount, &increment))
		return;
	score = member == NULL ? increment : member->score + increment;
	if (isnan(score)) {
		reply_error(call, "ERR resulting score is not a number (NaN)");
		return;
	}
	if (!zadd_applies(options, member, score)) {
		reply_nil(call);
		return;
	}
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_ZSET);
	key_element_add(key, store_intern(call, name))->score = score;
	reply_double(call, score);
}

void command_zadd(struct sim_call *call)
{
	struct zadd_options options = { .first_pair = 0 };
	struct sim_key *key;
	bool is_wrong;
	double score;

	zadd_options_read(call, &options);
	if (call->argc == options.first_pair || (call->argc - options.first_pair) % 2 != 0) {
		reply_error(call, "ERR syntax error");
		return;
	}
	if (options.is_incr) {
		member_increment(call, call->argv[options.first_pair], call->argv[options.first_pair + 1], &options);
		return;
	}
	for (unsigned i = options.first_pair; i < call->argc; i += 2)
		if (!score_read(call, call->argv[i], &score))
			return;
	key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_ZSET);
	zadd_pairs(call, &options, key);
}

void command_zincrby(struct sim_call *call)
{
	struct zadd_options options = { .first_pair = 2 };

	member_increment(call, call->argv[2], call->argv[3], &options);
}

void command_zrem(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	int64_t removed = 0;

	if (is_wrong)
		return;
	for (unsigned i = 2; key != NULL && i < call->argc; i++) {
		struct sim_element *member = key_element(key, store_intern(call, call->argv[i]));

		if (member == NULL)
			continue;
		key_element_remove(key, member);
		removed++;
	}
	if (key != NULL)
		store_remove_if_empty(call->store, key);
	reply_integer(call, removed);
}

static void reply_score(struct sim_call *call, struct sim_key *key, struct slice name)
{
	const struct sim_element *member = key == NULL ? NULL : key_element(key, store_intern(call, name));

	if (member == NULL)
		reply_nil(call);
	else
		reply_double(call, member->score);
}

void command_zscore(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);

	if (!is_wrong)
		reply_score(call, key, call->argv[2]);
}

void command_zmscore(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);

	if (is_wrong)
		return;
	reply_array(call, call->argc - 2);
	for (unsigned i = 2; i < call->argc; i++)
		reply_score(call, key, call->argv[i]);
}

/* Puts the elements in the order of their scores, then names. */
static void key_sort(struct sim_call *call, struct sim_key *key)
{
	for (unsigned i = 1; i < key->count; i++) {
		struct sim_element moved = key->elements[i];
		unsigned at = i;

		for (; at > 0; at--) {
			const struct sim_element *before = &key->elements[at - 1];

			if (before->score < moved.score)
				break;
			if (before->score == moved.score && slice_compare(store_text(call, before->name), store_text(call, moved.name)) < 0)
				break;
			key->elements[at] = *before;
		}
		key->elements[at] = moved;
	}
}

/* Clips [first, last] as Redis does; *count is how many are inside. */
static bool range_read(struct sim_call *call, const struct sim_key *key, int64_t *first, int64_t *count)
{
	int64_t last, size = key == NULL ? 0 : (int64_t)key->count;

	if (!text_to_int64(call->argv[2], first) || !text_to_int64(call->argv[3], &last)) {
		reply_error(call, "ERR value is not an integer or out of range");
		return false;
	}
	*first += *first < 0 ? size : 0;
	last += last < 0 ? size : 0;
	*first = *first < 0 ? 0 : *first;
	last = last >= size ? size - 1 : last;
	*count = *first > last ? 0 : last - *first + 1;
	return true;
}

static void reply_members(struct sim_call *call, const struct sim_key *key, int64_t first, int64_t count, bool has_scores)
{
	bool is_nested = call->protocol == 3 && has_scores;

	reply_array(call, (uint64_t)(has_scores && !is_nested ? count * 2 : count));
	for (int64_t i = first; i < first + count; i++) {
		if (is_nested)
			reply_array(call, 2);
		reply_bulk(call, store_text(call, key->elements[i].name));
		if (has_scores)
			reply_double(call, key->elements[i].score);
	}
}

void command_zrange(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	int64_t first, count;

	if (is_wrong || !range_read(call, key, &first, &count))
		return;
	if (key != NULL)
		key_sort(call, key);
	reply_members(call, key, first, count, call->argc > 4 && argument_is(call->argv[4], "withscores"));
}

void command_zremrangebyrank(struct sim_call *call)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	int64_t first, count;

	if (is_wrong || !range_read(call, key, &first, &count))
		return;
	if (key != NULL) {
		key_sort(call, key);
		for (int64_t i = first; i + count < key->count; i++)
			key->elements[i] = key->elements[i + count];
		key->count -= (unsigned)count;
		store_remove_if_empty(call->store, key);
	}
	reply_integer(call, count);
}

static void members_pop(struct sim_call *call, bool is_max)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_ZSET, &is_wrong);
	int64_t count = 1, size = key == NULL ? 0 : key->count;

	if (is_wrong)
		return;
	if (call->argc > 2 && !text_to_int64(call->argv[2], &count)) {
		reply_error(call, "ERR value is out of range, must be positive");
		return;
	}
	count = count > size ? size : count;
	if (key == NULL) {
		reply_array(call, 0);
		return;
	}
	key_sort(call, key);
	for (int64_t i = 0; is_max && i < size / 2; i++) {
		struct sim_element swapped = key->elements[i];

		key->elements[i] = key->elements[size - 1 - i];
		key->elements[size - 1 - i] = swapped;
	}
	/* Without a count, RESP3 gives one flat pair as RESP2 does. */
	if (call->argc == 2 && call->protocol == 3) {
		reply_array(call, 2);
		reply_bulk(call, store_text(call, key->elements[0].name));
		reply_double(call, key->elements[0].score);
	} else {
		reply_members(call, key, 0, count, true);
	}
	for (int64_t i = 0; i + count < size; i++)
		key->elements[i] = key->elements[i + count];
	key->count -= (unsigned)count;
	store_remove_if_empty(call->store, key);
}

void command_zpopmin(struct sim_call *call)
{
	members_pop(call, false);
}

void command_zpopmax(struct sim_call *call)
{
	members_pop(call, true);
}
