/* Plans of sorted sets, geographic ones included, before the reply. Scores that the store computes or chooses are read there;
 * where an option may leave a score as it was, it is read before as well, so that only real changes are shipped. */
#include "plan_parts.h"

#define GEOADD_TUPLE 3               /* longitude, latitude, member */
#define ZADD_TUPLE 2                 /* score, member */

/* ---- ZADD, GEOADD ---- */

struct add_options {
	bool is_conditional;         /* NX, XX, GT or LT */
	bool is_increment;
	uint32_t first;              /* where the tuples start */
};

static struct add_options add_options_read(const struct request *request)
{
	struct add_options options = { .first = 2 };
	for (; options.first < request->argc; options.first++) {
		struct slice word = request->argv[options.first];
		if (slice_equal_nocase(word, SLICE("NX")) || slice_equal_nocase(word, SLICE("XX")) ||
		    slice_equal_nocase(word, SLICE("GT")) || slice_equal_nocase(word, SLICE("LT")))
			options.is_conditional = true;
		else if (slice_equal_nocase(word, SLICE("INCR")))
			options.is_increment = true;
		else if (!slice_equal_nocase(word, SLICE("CH")))
			break;
	}
	return options;
}

/* ZMSCORE KEY and the member that ends each tuple. */
static void read_scores(struct plan_build *build, uint32_t first, uint32_t tuple)
{
	const struct request *request = build->request;
	build->planned->replies++;
	resp_add_array(build->store_commands, 2 + (request->argc - first) / tuple);
	resp_add_bulk(build->store_commands, SLICE("ZMSCORE"));
	resp_add_bulk(build->store_commands, request->argv[1]);
	for (uint32_t i = first + tuple - 1; i < request->argc; i += tuple)
		resp_add_bulk(build->store_commands, request->argv[i]);
}

static const char *build_scores_changed(struct plan_build *build, uint32_t first, uint32_t tuple)
{
	build->planned->plan = PLAN_SCORES_CHANGED;
	read_scores(build, first, tuple);
	build_send(build);
	read_scores(build, first, tuple);
	return NULL;
}

static const char *build_score_increment(struct plan_build *build, struct slice score, struct slice member)
{
	double number;
	if (!slice_to_double(score, &number))
		return build_void(build);
	build->planned->plan = PLAN_SCORE_INCREMENT;
	struct change *change = build_intend(build, CHANGE_SCORE_INCREMENT, build->request->argv[1]);
	change->element = member;
	change->score = number;
	build_send(build);
	return NULL;
}

const char *plan_build_zadd(struct plan_build *build)
{
	const struct request *request = build->request;
	struct add_options options = add_options_read(request);
	uint32_t left = request->argc - options.first;
	if (left == 0 || left % ZADD_TUPLE != 0 || (options.is_increment && left != ZADD_TUPLE))
		return build_void(build);
	const struct slice *tuples = request->argv + options.first;
	if (options.is_increment)
		return build_score_increment(build, tuples[0], tuples[1]);
	for (uint32_t i = 0; i < left; i += ZADD_TUPLE) {
		double score;
		if (!slice_to_double(tuples[i], &score)) {
			build->changes->count -= i / ZADD_TUPLE;
			return build_void(build);
		}
		struct change *change = build_intend(build, CHANGE_SCORE_SET, request->argv[1]);
		change->element = tuples[i + 1];
		change->score = score;
	}
	if (options.is_conditional)
		return build_scores_changed(build, options.first, ZADD_TUPLE);
	build_send(build);
	return NULL;
}

const char *plan_build_score_increment(struct plan_build *build)
{
	return build_score_increment(build, build->request->argv[2], build->request->argv[3]);
}

const char *plan_build_geoadd(struct plan_build *build)
{
	const struct request *request = build->request;
	struct add_options options = add_options_read(request);
	uint32_t left = request->argc - options.first;
	if (left == 0 || left % GEOADD_TUPLE != 0)
		return build_void(build);
	for (uint32_t i = options.first + GEOADD_TUPLE - 1; i < request->argc; i += GEOADD_TUPLE)
		build_intend(build, CHANGE_SCORE_SET, request->argv[1])->element = request->argv[i];
	if (options.is_conditional)
		return build_scores_changed(build, options.first, GEOADD_TUPLE);
	build->planned->plan = PLAN_SCORES_SEEN;
	build_send(build);
	read_scores(build, options.first, GEOADD_TUPLE);
	return NULL;
}

/* ---- removals ---- */

/* The range is listed just before it is removed; BY is empty for ranks. */
static const char *build_remove_range(struct plan_build *build, struct slice by)
{
	const struct slice *argv = build->request->argv;
	build_intend(build, CHANGE_SCORE_REMOVE, argv[1]);
	build_read(build, by.len == 0 ? 4 : 5, (const struct slice[]){ SLICE("ZRANGE"), argv[1], argv[2], argv[3], by });
	build_send(build);
	return NULL;
}

const char *plan_build_scores_remove_rank(struct plan_build *build)
{
	return build_remove_range(build, SLICE(""));
}

const char *plan_build_scores_remove_score(struct plan_build *build)
{
	return build_remove_range(build, SLICE("BYSCORE"));
}

const char *plan_build_scores_remove_lex(struct plan_build *build)
{
	return build_remove_range(build, SLICE("BYLEX"));
}

/* Only the reply says which members were popped, so the intent names just the key. */
const char *plan_build_scores_pop(struct plan_build *build)
{
	build_intend(build, CHANGE_SCORE_REMOVE, build->request->argv[1]);
	build_send(build);
	return NULL;
}

/* ZMPOP and BZMPOP pop from the first of their keys that has members: the intent names them all. Their number is argument AT. */
static const char *build_pop_first(struct plan_build *build, uint32_t at)
{
	const struct request *request = build->request;
	int64_t count;
	if (!slice_to_int64(request->argv[at], &count) || count < 1 || count > (int64_t)request->argc - 2 - at)
		return build_void(build);
	for (uint32_t i = 0; i < (uint32_t)count; i++)
		build_intend(build, CHANGE_SCORE_REMOVE, request->argv[at + 1 + i]);
	build_send(build);
	return NULL;
}

const char *plan_build_scores_pop_first(struct plan_build *build)
{
	return build_pop_first(build, 1);
}

const char *plan_build_scores_wait_first(struct plan_build *build)
{
	return build_pop_first(build, 2);
}

/* BZPOPMIN and BZPOPMAX, keys and a time-out: likewise. */
const char *plan_build_scores_wait(struct plan_build *build)
{
	const struct request *request = build->request;
	for (uint32_t i = 1; i + 1 < request->argc; i++)
		build_intend(build, CHANGE_SCORE_REMOVE, request->argv[i]);
	build_send(build);
	return NULL;
}

/* ---- destinations ---- */

static const char *build_store(struct plan_build *build, struct slice key)
{
	build->planned->plan = PLAN_SCORES_STORE;
	build_intend(build, CHANGE_CLEAR, key);
	build_send(build);
	build_read(build, 5, (const struct slice[]){ SLICE("ZRANGE"), key, SLICE("0"), SLICE("-1"), SLICE("WITHSCORES") });
	return NULL;
}

const char *plan_build_scores_store(struct plan_build *build)
{
	return build_store(build, build->request->argv[1]);
}

const char *plan_build_georadius(struct plan_build *build)
{
	struct slice key;
	return command_store_key(build->request, &key) ? build_store(build, key) : build_void(build);
}
