#include "glob.h"

/* Matches one character class at *pattern (after '['); moves past it. */
static bool class_match(struct slice *pattern, char c)
{
	bool is_negated = false, is_match = false;
	if (pattern->len > 0 && *pattern->ptr == '^') {
		is_negated = true;
		pattern->ptr++, pattern->len--;
	}
	while (pattern->len > 0 && *pattern->ptr != ']') {
		char low = *pattern->ptr, high = low;
		if (low == '\\' && pattern->len >= 2) {
			pattern->ptr++, pattern->len--;
			low = high = *pattern->ptr;
		} else if (pattern->len >= 3 && pattern->ptr[1] == '-') {
			high = pattern->ptr[2];
			pattern->ptr += 2, pattern->len -= 2;
		}
		if (low > high) {
			char swap = low;
			low = high, high = swap;
		}
		is_match |= c >= low && c <= high;
		pattern->ptr++, pattern->len--;
	}
	if (pattern->len > 0)
		pattern->ptr++, pattern->len--;
	return is_match != is_negated;
}

bool glob_match(struct slice pattern, struct slice text)
{
	/* Where to go on after a mismatch: behind the last star, one character further in the text. */
	struct slice star = { NULL, 0 }, star_text = { NULL, 0 };
	for (;;) {
		bool is_ok = false;
		if (pattern.len > 0 && *pattern.ptr == '*') {
			pattern.ptr++, pattern.len--;
			star = pattern;
			star_text = text;
			continue;
		}
		if (pattern.len == 0 && text.len == 0)
			return true;
		if (pattern.len > 0 && text.len > 0) {
			char c = *pattern.ptr;
			pattern.ptr++, pattern.len--;
			if (c == '[') {
				is_ok = class_match(&pattern, *text.ptr);
			} else {
				if (c == '\\' && pattern.len > 0) {
					c = *pattern.ptr;
					pattern.ptr++, pattern.len--;
					is_ok = c == *text.ptr;
				} else {
					is_ok = c == '?' || c == *text.ptr;
				}
			}
			text.ptr++, text.len--;
		}
		if (is_ok)
			continue;
		if (star.ptr == NULL || star_text.len == 0)
			return false;
		star_text.ptr++, star_text.len--;
		pattern = star;
		text = star_text;
	}
}
