/* Plans of commands that change part of a string: they ship that part, so that a byte added to a large value costs a byte. Where the key's rule keeps
 * every value, a part would be none: then the whole value is read back and shipped (PLAN_VALUE). */
#include "plan_parts.h"

static const char *build_patch(struct plan_build *build, enum change_kind kind, int64_t place, struct slice value)
{
	struct change *change = build_intend(build, kind, build->request->argv[1]);
	change->number = place;
	change->value = value;
	build_send(build);
	return NULL;
}

/* Redis refuses what cannot be read here, and words the error. */
static bool read_place(struct slice text, uint64_t limit, uint64_t *place)
{
	int64_t number;
	if (!slice_to_int64(text, &number) || number < 0 || (uint64_t)number >= limit)
		return false;
	*place = (uint64_t)number;
	return true;
}

static const char *build_whole(struct plan_build *build)
{
	build->planned->plan = PLAN_VALUE;
	return plan_build_value(build);
}

const char *plan_build_append(struct plan_build *build)
{
	if (build->world->is_whole)
		return build_whole(build);
	return build_patch(build, CHANGE_APPEND, 0, build->request->argv[2]);
}

/* Nothing, written anywhere, changes nothing. */
const char *plan_build_setrange(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	uint64_t place;
	if (argv[3].len == 0 || !read_place(argv[2], INT64_MAX, &place))
		return build_void(build);
	if (build->world->is_whole)
		return build_whole(build);
	return build_patch(build, CHANGE_RANGE, (int64_t)place, argv[3]);
}

const char *plan_build_setbit(struct plan_build *build)
{
	const struct slice *argv = build->request->argv;
	uint64_t at;
	bool is_bit = slice_equal(argv[3], SLICE("0")) || slice_equal(argv[3], SLICE("1"));
	if (!is_bit || !read_place(argv[2], BITS_AT_MAX, &at))
		return build_void(build);
	if (build->world->is_whole)
		return build_whole(build);
	return build_patch(build, CHANGE_BITS, bits_place(at, 1), argv[3]);
}

/* ---- HyperLogLogs ---- */

static size_t bulk_len(struct slice word)
{
	size_t digits = 1;
	for (size_t rest = word.len; rest >= 10; rest /= 10)
		digits++;
	return 1 + digits + 2 + word.len + 2;
}

/* The words are shipped as they stand in the command for Redis. */
const char *plan_build_pfadd(struct plan_build *build)
{
	const struct request *request = build->request;
	size_t words_len = 0;
	if (build->world->is_whole) {
		build->planned->plan = PLAN_PFADD_WHOLE;
		return plan_build_value(build);
	}
	build_send_instead(build, request->argc, request->argv);
	for (uint32_t i = 2; i < request->argc; i++)
		words_len += bulk_len(request->argv[i]);
	struct change *change = build_intend(build, CHANGE_UNION, request->argv[1]);
	change->value = (struct slice){ build->store_commands->ptr + build->store_commands->len - words_len, words_len };
	/* Without words it makes an empty one, if there is none. */
	if (words_len == 0) {
		change->value = union_empty;
		change->number = UNION_WHOLE;
	}
	return NULL;
}

const char *plan_build_pfmerge(struct plan_build *build)
{
	if (build->world->is_whole)
		return build_whole(build);
	return plan_build_value(build);
}

/* ---- BITFIELD ---- */

/* "u8" and "#2", or "16". */
static bool read_field(struct slice type, struct slice offset, int64_t *place)
{
	int64_t width;
	uint64_t at;
	if (type.len < 2 || !slice_to_int64((struct slice){ type.ptr + 1, type.len - 1 }, &width) || width < 1 || width > 64)
		return false;
	bool is_counted = offset.len > 0 && offset.ptr[0] == '#';
	if (is_counted)
		offset = (struct slice){ offset.ptr + 1, offset.len - 1 };
	if (!read_place(offset, BITS_AT_MAX / 64, &at))
		return false;
	*place = bits_place(is_counted ? at * (uint64_t)width : at, (unsigned)width);
	return true;
}

/* The next field that is written, from argument *AT on: its type and offset follow that argument. */
static bool next_written(const struct request *request, uint32_t *at)
{
	for (; *at < request->argc; (*at)++) {
		struct slice word = request->argv[*at];
		if (*at + 3 < request->argc && (slice_equal_nocase(word, SLICE("SET")) || slice_equal_nocase(word, SLICE("INCRBY"))))
			return true;
		*at += slice_equal_nocase(word, SLICE("GET")) ? 2 : slice_equal_nocase(word, SLICE("OVERFLOW")) ? 1 : 0;
	}
	return false;
}

/* What is there afterwards is read back, so that overflows need not be worked out again. A field that overflowed, and so stayed, counts as written, too:
 * the string has grown to hold it. A BITFIELD without SET and INCRBY reads: it ships nothing. */
const char *plan_build_bitfield(struct plan_build *build)
{
	const struct request *request = build->request;
	struct slice key = request->argv[1];
	uint32_t at = 2, count = 0;
	for (; next_written(request, &at); at += 4) {
		int64_t place;
		/* Redis refuses it. */
		if (!read_field(request->argv[at + 1], request->argv[at + 2], &place))
			break;
		struct change *change = build_intend(build, CHANGE_BITS, key);
		change->number = place;
		change->value = SLICE("0");
		count++;
	}
	if (count == 0)
		return build_void(build);
	if (build->world->is_whole) {
		build->changes->count -= count;
		return build_whole(build);
	}
	build_send(build);
	build->planned->replies++;
	resp_add_array(build->store_commands, 2 + 3 * (size_t)count);
	resp_add_bulk(build->store_commands, SLICE("BITFIELD"));
	resp_add_bulk(build->store_commands, key);
	at = 2;
	for (uint32_t i = 0; i < count && next_written(request, &at); i++, at += 4) {
		resp_add_bulk(build->store_commands, SLICE("GET"));
		resp_add_bulk(build->store_commands, request->argv[at + 1]);
		resp_add_bulk(build->store_commands, request->argv[at + 2]);
	}
	return NULL;
}
