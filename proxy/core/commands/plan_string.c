/* Plans of strings, before the reply. Whatever the store executes carries the very deadline that is shipped, so relative
 * expiries are sent as absolute ones.
 * Where a command cannot be read with certainty it is sent as it is, and the key is read afterwards. */
#include "plan_parts.h"

struct set_options {
	bool is_nx;
	bool is_xx;
	bool is_get;
	bool is_keepttl;
	int64_t deadline_ms;         /* 0: none */
};

/* A deadline in Redis's four spellings. False: Redis refuses it, too. */
static bool deadline_read(const struct plan_world *world, struct slice unit, struct slice text, int64_t *deadline_ms)
{
	bool is_seconds = slice_equal_nocase(unit, SLICE("EX")) || slice_equal_nocase(unit, SLICE("EXAT"));
	bool is_relative = slice_equal_nocase(unit, SLICE("EX")) || slice_equal_nocase(unit, SLICE("PX"));
	int64_t number;
	if (!slice_to_int64(text, &number) || number <= 0 || (is_seconds && number > INT64_MAX / 1000))
		return false;
	int64_t ms = is_seconds ? number * 1000 : number;
	int64_t base = is_relative ? (int64_t)world->now_ms : 0;
	if (ms > INT64_MAX - base)
		return false;
	*deadline_ms = base + ms;
	return true;
}

static bool is_deadline_unit(struct slice word)
{
	return slice_equal_nocase(word, SLICE("EX")) || slice_equal_nocase(word, SLICE("PX")) ||
	       slice_equal_nocase(word, SLICE("EXAT")) || slice_equal_nocase(word, SLICE("PXAT"));
}

/* False: an option that is unknown here, or a combination that Redis may refuse. */
static bool set_options_read(const struct plan_build *build, struct set_options *options)
{
	const struct request *request = build->request;
	*options = (struct set_options){ 0 };
	for (uint32_t i = 3; i < request->argc; i++) {
		struct slice word = request->argv[i];
		if (slice_equal_nocase(word, SLICE("NX")))
			options->is_nx = true;
		else if (slice_equal_nocase(word, SLICE("XX")))
			options->is_xx = true;
		else if (slice_equal_nocase(word, SLICE("GET")))
			options->is_get = true;
		else if (slice_equal_nocase(word, SLICE("KEEPTTL")))
			options->is_keepttl = true;
		else if (!is_deadline_unit(word) || options->deadline_ms != 0 || i + 1 == request->argc ||
		         !deadline_read(build->world, word, request->argv[++i], &options->deadline_ms))
			return false;
	}
	return !(options->is_nx && options->is_xx) && !(options->is_keepttl && options->deadline_ms != 0);
}

static void intend_set(struct plan_build *build, struct slice key, struct slice value, int64_t expire_at_ms)
{
	struct change *change = build_intend(build, CHANGE_SET, key);
	change->value = value;
	change->expire_at_ms = expire_at_ms;
}

/* The store decides what the command means; whether the value is there afterwards says what it decided. */
static const char *build_set_seen(struct plan_build *build, struct slice key, struct slice value)
{
	build->planned->plan = PLAN_SET_SEEN;
	intend_set(build, key, value, 0);
	build_send(build);
	build_read(build, 2, (const struct slice[]){ SLICE("PEXPIRETIME"), key });
	build_read(build, 2, (const struct slice[]){ SLICE("GET"), key });
	return NULL;
}

static void send_set_until(struct plan_build *build, struct slice key, struct slice value, const struct set_options *options)
{
	char digits[24];
	struct buffer text = { digits, 0, sizeof(digits) };
	buffer_add_int64(&text, options->deadline_ms);
	struct slice argv[7] = { SLICE("SET"), key, value, SLICE("PXAT"), buffer_slice(&text) };
	unsigned argc = 5;
	if (options->is_nx)
		argv[argc++] = SLICE("NX");
	if (options->is_xx)
		argv[argc++] = SLICE("XX");
	if (options->is_get)
		argv[argc++] = SLICE("GET");
	build_send_instead(build, argc, argv);
}

static enum plan set_plan(const struct set_options *options)
{
	if (options->is_nx && options->is_get)
		return PLAN_SET_IF_NIL;
	if (options->is_nx || options->is_xx)
		return PLAN_SET_IF;
	return options->is_get ? PLAN_REPLACE : PLAN_SET;
}

bool plan_is_plain_set(const struct command *command, const struct request *request)
{
	return command->plan == PLAN_SET && request->argc == 3;
}

void plan_plain_set(const struct request *request, const struct plan_world *world, struct changes *changes, struct planned *planned)
{
	struct plan_build build = { .request = request, .world = world, .changes = changes, .planned = planned };
	*planned = (struct planned){ .plan = PLAN_SET, .replies = 1 };
	intend_set(&build, request->argv[1], request->argv[2], 0);
}

const char *plan_build_set(struct plan_build *build)
{
	struct slice key = build->request->argv[1], value = build->request->argv[2];
	struct set_options options;
	if ((build->world->is_scripted && build->request->argc > 3) || !set_options_read(build, &options))
		return build_set_seen(build, key, value);
	build->planned->plan = set_plan(&options);
	intend_set(build, key, value, options.is_keepttl ? EXPIRE_KEEP : options.deadline_ms);
	if (options.deadline_ms != 0)
		send_set_until(build, key, value, &options);
	else
		build_send(build);
	return NULL;
}

static const char *build_set_for(struct plan_build *build, struct slice unit)
{
	const struct slice *argv = build->request->argv;
	struct set_options options = { 0 };
	if (!deadline_read(build->world, unit, argv[2], &options.deadline_ms))
		return build_void(build);
	if (build->world->is_scripted)
		return build_set_seen(build, argv[1], argv[3]);
	intend_set(build, argv[1], argv[3], options.deadline_ms);
	send_set_until(build, argv[1], argv[3], &options);
	return NULL;
}

const char *plan_build_setex(struct plan_build *build)
{
	return build_set_for(build, SLICE("EX"));
}

const char *plan_build_psetex(struct plan_build *build)
{
	return build_set_for(build, SLICE("PX"));
}

const char *plan_build_getset(struct plan_build *build)
{
	intend_set(build, build->request->argv[1], build->request->argv[2], 0);
	build_send(build);
	return NULL;
}

const char *plan_build_setnx(struct plan_build *build)
{
	return plan_build_getset(build);
}

const char *plan_build_mset(struct plan_build *build)
{
	const struct request *request = build->request;
	if (request->argc % 2 == 0)
		return build_void(build);
	for (uint32_t i = 1; i < request->argc; i += 2)
		intend_set(build, request->argv[i], request->argv[i + 1], 0);
	build_send(build);
	return NULL;
}

/* INCR and DECR have no third argument. */
static const char *build_increment(struct plan_build *build, bool is_negative)
{
	const struct request *request = build->request;
	int64_t number = 1;
	if (request->argc > 2 && !slice_to_int64(request->argv[2], &number))
		return build_void(build);
	if (is_negative && number == INT64_MIN)
		return build_void(build);
	build_intend(build, CHANGE_INCREMENT, request->argv[1])->number = is_negative ? -number : number;
	build_send(build);
	return NULL;
}

const char *plan_build_increment(struct plan_build *build)
{
	return build_increment(build, false);
}

const char *plan_build_decrement(struct plan_build *build)
{
	return build_increment(build, true);
}

const char *plan_build_increment_float(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	long double number;
	if (!slice_to_long_double(argv[2], &number))
		return build_void(build);
	build_intend(build, CHANGE_INCREMENT_FLOAT, argv[1])->value = argv[2];
	build_send(build);
	return NULL;
}

static const char *build_value(struct plan_build *build, struct slice key, int64_t expire_at_ms)
{
	intend_set(build, key, SLICE(""), expire_at_ms);
	build_send(build);
	build_read(build, 2, (const struct slice[]){ SLICE("GET"), key });
	return NULL;
}

const char *plan_build_value(struct plan_build *build)
{
	return build_value(build, build->request->argv[1], EXPIRE_KEEP);
}

const char *plan_build_bitop(struct plan_build *build)
{
	return build_value(build, build->request->argv[2], 0);
}

/* ENCODING and DECODE only read; the others may write the value anew. */
const char *plan_build_pfdebug(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	if (slice_equal_nocase(argv[1], SLICE("ENCODING")) || slice_equal_nocase(argv[1], SLICE("DECODE")))
		return build_void(build);
	return build_value(build, argv[2], EXPIRE_KEEP);
}
