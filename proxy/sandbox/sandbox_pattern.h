/* Sandbox pattern: Lua's patterns (reference manual §6.4.1), matched with a budget: Lua's own matcher cannot be interrupted, and a pattern of a few
 * bytes can keep it busy for years. */
#ifndef PROXY_SANDBOX_PATTERN_H
#define PROXY_SANDBOX_PATTERN_H

#include "base/bytes.h"

#define PATTERN_CAPTURES_MAX 32

struct pattern_capture {
	const char *ptr;
	size_t len;
	bool is_open;                /* its end has not come yet */
	bool is_position;            /* "()": where, not what */
};

struct pattern_search {
	struct slice text, pattern;
	int64_t *steps_left;         /* counted down; below 0: nothing was found out */
	const char *error;           /* the pattern is malformed; NULL: it is not, as far as it was read */
	struct pattern_capture captures[PATTERN_CAPTURES_MAX];
	unsigned capture_count;
	unsigned depth;              /* private */
};

/* Where the pattern matches first, not before byte FROM of the text; *end is behind the match. A "^" at its beginning ties it to FROM. False:
 * nowhere, or error is set, or the steps were too few. */
MUST_CHECK bool pattern_find(struct pattern_search *search, size_t from, size_t *begin, size_t *end);

#endif
