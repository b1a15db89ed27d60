/* Inline commands: splitting a line into words by Redis's quoting rules (see resp_inline.h): "…" knows \xHH, \n, \r,
 * \t, \b, \a and escapes any other byte to itself; '…' knows only \'; a closing quote must end the word. */
#include "resp_inline.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void line_advance(struct slice *line, size_t count)
{
	line->ptr += count;
	line->len -= count;
}

static char escape_meaning(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case 'b': return '\b';
	case 'a': return '\a';
	default: return c;
	}
}

/* LINE starts after the opening quote. */
static bool word_add_double_quoted(struct slice *line, struct buffer *words)
{
	while (line->len > 0) {
		const char *at = line->ptr;
		if (at[0] == '"') {
			line_advance(line, 1);
			return line->len == 0 || is_space(line->ptr[0]);
		}
		if (at[0] == '\\' && line->len >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0 && hex_digit(at[3]) >= 0) {
			buffer_add_byte(words, (char)(hex_digit(at[2]) * 16 + hex_digit(at[3])));
			line_advance(line, 4);
		} else if (at[0] == '\\' && line->len >= 2) {
			buffer_add_byte(words, escape_meaning(at[1]));
			line_advance(line, 2);
		} else {
			buffer_add_byte(words, at[0]);
			line_advance(line, 1);
		}
	}
	return false;
}

static bool word_add_single_quoted(struct slice *line, struct buffer *words)
{
	while (line->len > 0) {
		const char *at = line->ptr;
		if (at[0] == '\'') {
			line_advance(line, 1);
			return line->len == 0 || is_space(line->ptr[0]);
		}
		size_t escape = at[0] == '\\' && line->len >= 2 && at[1] == '\'';
		buffer_add_byte(words, at[escape]);
		line_advance(line, 1 + escape);
	}
	return false;
}

enum inline_word inline_word_next(struct slice *line, struct buffer *words)
{
	while (line->len > 0 && is_space(line->ptr[0]))
		line_advance(line, 1);
	if (line->len == 0)
		return INLINE_END;
	while (line->len > 0 && !is_space(line->ptr[0])) {
		char c = line->ptr[0];
		line_advance(line, 1);
		if (c == '"' && !word_add_double_quoted(line, words))
			return INLINE_UNBALANCED;
		if (c == '\'' && !word_add_single_quoted(line, words))
			return INLINE_UNBALANCED;
		if (c != '"' && c != '\'')
			buffer_add_byte(words, c);
	}
	return INLINE_WORD;
}
