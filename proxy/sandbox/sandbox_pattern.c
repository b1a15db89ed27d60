/* Sandbox pattern: a backtracking matcher (see sandbox_pattern.h). */
#include "sandbox_pattern.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 200

static const char *match_from(struct pattern_search *search, const char *at, const char *item);

static const char *text_end(const struct pattern_search *search)
{
	return search->text.ptr + search->text.len;
}

static const char *pattern_end(const struct pattern_search *search)
{
	return search->pattern.ptr + search->pattern.len;
}

/* Counts COUNT steps. False: the search ends here, as steps are used up or the pattern is malformed. */
static bool step(struct pattern_search *search, size_t count)
{
	*search->steps_left -= (int64_t)count;
	return search->error == NULL && *search->steps_left >= 0;
}

static const char *fail(struct pattern_search *search, const char *error)
{
	if (search->error == NULL)
		search->error = error;
	return NULL;
}

/* ---- one character ---- */

static bool class_has(unsigned char class, unsigned char byte)
{
	bool is_in;
	switch (tolower(class)) {
	case 'a': is_in = isalpha(byte); break;
	case 'c': is_in = iscntrl(byte); break;
	case 'd': is_in = isdigit(byte); break;
	case 'g': is_in = isgraph(byte); break;
	case 'l': is_in = islower(byte); break;
	case 'p': is_in = ispunct(byte); break;
	case 's': is_in = isspace(byte); break;
	case 'u': is_in = isupper(byte); break;
	case 'w': is_in = isalnum(byte); break;
	case 'x': is_in = isxdigit(byte); break;
	case 'z': is_in = byte == 0; break;
	default: return class == byte;
	}
	return is_in != (isupper(class) != 0);
}

/* The end of the item that begins at ITEM: a character, %x or [set]. NULL: the pattern is malformed. */
static const char *item_end(struct pattern_search *search, const char *item)
{
	const char *end = pattern_end(search);
	char first = *item++;
	if (first == '%')
		return item < end ? item + 1 : fail(search, "malformed pattern (ends with '%')");
	if (first != '[')
		return item;
	if (item < end && *item == '^')
		item++;
	/* A "]" that comes first is a member. */
	for (bool is_first = true; item < end && (is_first || *item != ']'); is_first = false)
		item += *item == '%' ? 2 : 1;
	return item < end ? item + 1 : fail(search, "malformed pattern (missing ']')");
}

/* SET is "[…]", complete, with its brackets. */
static bool set_has(struct slice set, unsigned char byte)
{
	const char *member = set.ptr + 1, *end = set.ptr + set.len - 1;
	bool is_negated = *member == '^';
	if (is_negated)
		member++;
	for (; member < end; member++) {
		if (*member == '%') {
			if (class_has((unsigned char)*++member, byte))
				return !is_negated;
		} else if (member + 2 < end && member[1] == '-') {
			if (byte >= (unsigned char)member[0] && byte <= (unsigned char)member[2])
				return !is_negated;
			member += 2;
		} else if ((unsigned char)*member == byte) {
			return !is_negated;
		}
	}
	return is_negated;
}

/* Does ITEM match the byte at AT? */
static bool item_has(struct pattern_search *search, struct slice item, const char *at)
{
	if (at >= text_end(search) || !step(search, 1 + (item.ptr[0] == '[' ? item.len : 0)))
		return false;
	unsigned char byte = (unsigned char)*at;
	switch (item.ptr[0]) {
	case '.': return true;
	case '%': return class_has((unsigned char)item.ptr[1], byte);
	case '[': return set_has(item, byte);
	default: return (unsigned char)item.ptr[0] == byte;
	}
}

/* ---- repetitions ---- */

/* Matches the item as often as possible, at least LEAST times. */
static const char *match_most(struct pattern_search *search, const char *at, struct slice item, size_t least)
{
	const char *rest = item.ptr + item.len + 1;
	size_t count = 0;
	while (item_has(search, item, at + count))
		count++;
	for (;; count--) {
		if (count < least || !step(search, 1))
			return NULL;
		const char *end = match_from(search, at + count, rest);
		if (end != NULL || count == 0)
			return end;
	}
}

static const char *match_fewest(struct pattern_search *search, const char *at, struct slice item)
{
	for (;; at++) {
		const char *end = match_from(search, at, item.ptr + item.len + 1);
		if (end != NULL || !item_has(search, item, at))
			return end;
	}
}

/* ---- captures ---- */

static const char *capture_open(struct pattern_search *search, const char *at, const char *item)
{
	bool is_position = item + 1 < pattern_end(search) && item[1] == ')';
	if (search->capture_count == PATTERN_CAPTURES_MAX)
		return fail(search, "too many captures");
	search->captures[search->capture_count++] =
		(struct pattern_capture){ .ptr = at, .is_open = !is_position, .is_position = is_position };
	const char *end = match_from(search, at, item + (is_position ? 2 : 1));
	if (end == NULL)
		search->capture_count--;
	return end;
}

static const char *capture_close(struct pattern_search *search, const char *at, const char *item)
{
	unsigned index = search->capture_count;
	while (index > 0 && !search->captures[index - 1].is_open)
		index--;
	if (index == 0)
		return fail(search, "invalid pattern capture");
	struct pattern_capture *capture = &search->captures[index - 1];
	capture->len = (size_t)(at - capture->ptr);
	capture->is_open = false;
	const char *end = match_from(search, at, item + 1);
	if (end == NULL)
		capture->is_open = true;
	return end;
}

/* %1 … %9: the text of that capture again. Returns the end of the match; NULL: no match. */
static const char *match_again(struct pattern_search *search, const char *at, char digit)
{
	unsigned index = (unsigned)(digit - '1');
	if (digit == '0' || index >= search->capture_count || search->captures[index].is_open)
		return fail(search, "invalid capture index in the pattern");
	const struct pattern_capture *capture = &search->captures[index];
	if (capture->is_position || !step(search, 1 + capture->len / 16) || (size_t)(text_end(search) - at) < capture->len)
		return NULL;
	return memcmp(at, capture->ptr, capture->len) == 0 ? at + capture->len : NULL;
}

/* ---- %b and %f ---- */

/* %bxy: from an x to the y that balances it. */
static const char *match_balance(struct pattern_search *search, const char *at, const char *item)
{
	if (pattern_end(search) - item < 4)
		return fail(search, "malformed pattern (missing arguments to '%b')");
	size_t depth = 1;
	if (at >= text_end(search) || *at != item[2])
		return NULL;
	while (++at < text_end(search) && step(search, 1)) {
		if (*at == item[3]) {
			if (--depth == 0)
				return at + 1;
		} else if (*at == item[2]) {
			depth++;
		}
	}
	return NULL;
}

/* %f[set]: between a byte that is not in the set and one that is; beyond the text there are NULs. */
static bool is_frontier(struct pattern_search *search, const char *at, struct slice set)
{
	unsigned char before = at == search->text.ptr ? 0 : (unsigned char)at[-1];
	unsigned char after = at == text_end(search) ? 0 : (unsigned char)*at;
	return step(search, 1 + set.len) && !set_has(set, before) && set_has(set, after);
}

/* Items that match more than one character: moves *at and *item on, *at to NULL if they do not match. False: ITEM is no such item. */
static bool match_special(struct pattern_search *search, const char **at, const char **item)
{
	const char *end = pattern_end(search), *set_end;
	if (**item != '%' || *item + 1 >= end)
		return false;
	char kind = (*item)[1];
	if (kind == 'b') {
		*at = match_balance(search, *at, *item);
		*item += 4;
		return true;
	}
	if (kind == 'f') {
		*item += 2;
		set_end = *item < end && **item == '[' ? item_end(search, *item) : fail(search, "missing '[' after '%f' in pattern");
		if (set_end == NULL || !is_frontier(search, *at, (struct slice){ *item, (size_t)(set_end - *item) }))
			*at = NULL;
		*item = set_end;
		return true;
	}
	if (kind >= '0' && kind <= '9') {
		*at = match_again(search, *at, kind);
		*item += 2;
		return true;
	}
	return false;
}

/* ---- the whole ---- */

/* The end of the match of everything from ITEM on; NULL: no match. */
static const char *match_rest(struct pattern_search *search, const char *at, const char *item)
{
	const char *end = pattern_end(search);
	while (item < end) {
		if (!step(search, 1))
			return NULL;
		if (*item == '(')
			return capture_open(search, at, item);
		if (*item == ')')
			return capture_close(search, at, item);
		if (*item == '$' && item + 1 == end)
			return at == text_end(search) ? at : NULL;
		if (match_special(search, &at, &item)) {
			if (at == NULL)
				return NULL;
			continue;
		}
		const char *behind = item_end(search, item);
		if (behind == NULL)
			return NULL;
		struct slice single = { item, (size_t)(behind - item) };
		char suffix = '\0';
		if (behind < end)
			suffix = *behind;
		if (suffix == '*' || suffix == '+')
			return match_most(search, at, single, suffix == '+');
		if (suffix == '-')
			return match_fewest(search, at, single);
		bool is_there = item_has(search, single, at);
		if (suffix == '?') {
			const char *with = is_there ? match_from(search, at + 1, behind + 1) : NULL;
			if (with != NULL)
				return with;
			item = behind + 1;
			continue;
		}
		if (!is_there)
			return NULL;
		at++;
		item = behind;
	}
	return at;
}

static const char *match_from(struct pattern_search *search, const char *at, const char *item)
{
	if (search->depth == DEPTH_MAX)
		return fail(search, "pattern too complex");
	search->depth++;
	const char *end = match_rest(search, at, item);
	search->depth--;
	return end;
}

bool pattern_find(struct pattern_search *search, size_t from, size_t *begin, size_t *end)
{
	const char *item = search->pattern.ptr;
	bool is_tied = search->pattern.len > 0 && *item == '^';
	if (is_tied)
		item++;
	for (size_t at = from; at <= search->text.len; at++) {
		search->capture_count = 0;
		const char *behind = match_from(search, search->text.ptr + at, item);
		if (!step(search, 1))
			return false;
		if (behind != NULL) {
			*begin = at;
			*end = (size_t)(behind - search->text.ptr);
			return true;
		}
		if (is_tied)
			return false;
	}
	return false;
}
