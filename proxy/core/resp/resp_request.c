/* RESP requests: bytes of a client in, commands out (see resp.h). The hot path of every command.
 * Between calls that wait for more bytes the parser remembers how far it got, so no byte is looked at twice.
 * Invariant: argv holds only arguments that have arrived whole; a header reserves nothing. */
#include "resp.h"

#include "resp_inline.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#define ARGV_CAP_MIN 16
#define ARGV_KEPT_MAX 4096                  /* a longer argv is given back after its command */
#define UNAUTHENTICATED_ARGUMENTS_MAX 10    /* Redis names limits as low as these "unauthenticated …" */
#define UNAUTHENTICATED_BULK_MAX 16384
#define LENGTH_UNKNOWN (-1)
#define LINE_END_LEN 2

struct resp_requests {
	struct slice *argv;          /* owned */
	uint32_t argc;
	uint32_t argv_cap;
	bool is_begun;               /* the "*N" line was read */
	int64_t arguments_left;
	int64_t bulk_len;            /* of the argument being read, or LENGTH_UNKNOWN */
	size_t at;                   /* start of what is being read: a header line or an argument */
	size_t scanned;              /* up to here no line end was found; never below AT */
	uintptr_t base;              /* where INPUT was last time: argv moves along with it */
	struct buffer words;         /* arguments of an inline command */
	char error[64];
};

static const char mbulk_too_long[] = "ERR Protocol error: too big mbulk count string";
static const char mbulk_invalid[] = "ERR Protocol error: invalid multibulk length";
static const char mbulk_unauthenticated[] = "ERR Protocol error: unauthenticated multibulk length";
static const char bulk_too_long[] = "ERR Protocol error: too big bulk count string";
static const char bulk_invalid[] = "ERR Protocol error: invalid bulk length";
static const char bulk_unauthenticated[] = "ERR Protocol error: unauthenticated bulk length";
static const char inline_too_long[] = "ERR Protocol error: too big inline request";
static const char inline_unbalanced[] = "ERR Protocol error: unbalanced quotes in request";
static const char close_silently[] = "";

static enum resp_state multibulk_next(struct resp_requests *parser, const struct resp_limits *limits,
                                      struct slice input, const char **error);
static enum resp_state inline_next(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                   const char **error);

struct resp_requests *resp_requests_new(void)
{
	struct resp_requests *parser = memory_new(sizeof(*parser));
	parser->bulk_len = LENGTH_UNKNOWN;
	return parser;
}

void resp_requests_free(struct resp_requests *parser)
{
	if (parser == NULL)
		return;
	memory_free(parser->argv);
	buffer_free(&parser->words);
	memory_free(parser);
}

static void parser_start(struct resp_requests *parser)
{
	parser->argc = 0;
	parser->at = 0;
	parser->scanned = 0;
	parser->is_begun = false;
	if (parser->argv_cap > ARGV_KEPT_MAX) {
		memory_free(parser->argv);
		parser->argv = NULL;
		parser->argv_cap = 0;
	}
	buffer_reset(&parser->words);
}

static void argv_rebase(struct resp_requests *parser, struct slice input)
{
	uintptr_t base = (uintptr_t)input.ptr;
	if (base == parser->base)
		return;
	for (uint32_t i = 0; i < parser->argc; i++)
		parser->argv[i].ptr = input.ptr + ((uintptr_t)parser->argv[i].ptr - parser->base);
	parser->base = base;
}

enum resp_state resp_request_next(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                  struct request *request, size_t *used, const char **error)
{
	if (input.len == 0)
		return RESP_MORE;
	if (parser->scanned == 0)
		parser_start(parser);
	argv_rebase(parser, input);
	assert(parser->at <= input.len);

	bool is_inline = input.ptr[0] != '*';
	enum resp_state state = is_inline ? inline_next(parser, limits, input, error)
	                                  : multibulk_next(parser, limits, input, error);
	if (state != RESP_READY)
		return state;
	*used = parser->at;
	request->raw = is_inline ? (struct slice){ input.ptr, 0 } : (struct slice){ input.ptr, parser->at };
	request->argv = parser->argv;
	request->argc = parser->argc;
	parser->scanned = 0;         /* the next call starts a command; ARGV stays until then */
	return RESP_READY;
}

static struct slice *argv_add(struct resp_requests *parser)
{
	if (parser->argc == parser->argv_cap) {
		parser->argv_cap = parser->argv_cap == 0 ? ARGV_CAP_MIN : parser->argv_cap * 2;
		parser->argv = memory_resize(parser->argv, parser->argv_cap * sizeof(*parser->argv));
	}
	return &parser->argv[parser->argc++];
}

/* Finds END in what arrived since the last look; SCANNED is then there, or at the end. How long a line may be is judged by that, so it
 * does not depend on how the bytes arrive. */
static bool line_find(struct resp_requests *parser, struct slice input, char end, size_t *found)
{
	for (size_t i = parser->scanned; i < input.len; i++) {
		if (input.ptr[i] == end) {
			*found = i;
			parser->scanned = i;
			return true;
		}
	}
	parser->scanned = input.len;
	return false;
}

/* Reads a header line, "*N" or "$N": RESP_READY with the line, its first byte included, and AT behind it.
 * Like Redis, takes any byte for the '\n'. */
static enum resp_state header_next(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                   struct slice *line)
{
	size_t end;
	bool is_found = line_find(parser, input, '\r', &end);
	if (parser->scanned - parser->at > limits->inline_len_max)
		return RESP_ERROR;
	if (!is_found || end + LINE_END_LEN > input.len)
		return RESP_MORE;
	*line = (struct slice){ input.ptr + parser->at, end - parser->at };
	parser->at = end + LINE_END_LEN;
	parser->scanned = parser->at;
	return RESP_READY;
}

/* What follows a header's first byte; a line may lack even that one. */
static bool header_number(struct slice line, int64_t *number)
{
	return line.len > 0 && slice_to_int64((struct slice){ line.ptr + 1, line.len - 1 }, number);
}

static enum resp_state multibulk_begin(struct resp_requests *parser, const struct resp_limits *limits,
                                       struct slice input, const char **error)
{
	struct slice line;
	enum resp_state state = header_next(parser, limits, input, &line);
	if (state == RESP_ERROR)
		*error = mbulk_too_long;
	if (state != RESP_READY)
		return state;
	int64_t count;
	if (!header_number(line, &count) || count > INT_MAX) {
		*error = mbulk_invalid;
		return RESP_ERROR;
	}
	if (count > (int64_t)limits->arguments_max) {
		*error = limits->arguments_max <= UNAUTHENTICATED_ARGUMENTS_MAX ? mbulk_unauthenticated : mbulk_invalid;
		return RESP_ERROR;
	}
	parser->arguments_left = count;
	parser->bulk_len = LENGTH_UNKNOWN;
	parser->is_begun = true;
	return RESP_READY;
}

static const char *error_expected_bulk(struct resp_requests *parser, char got)
{
	static const char text[] = "ERR Protocol error: expected '$', got '?'";
	memcpy(parser->error, text, sizeof(text));
	parser->error[sizeof(text) - 3] = got == '\r' || got == '\n' ? ' ' : got;
	return parser->error;
}

static enum resp_state bulk_begin(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                  const char **error)
{
	struct slice line;
	enum resp_state state = header_next(parser, limits, input, &line);
	if (state == RESP_ERROR)
		*error = bulk_too_long;
	if (state != RESP_READY)
		return state;
	/* An empty line still has its '\r' to blame. */
	if (line.ptr[0] != '$') {
		*error = error_expected_bulk(parser, line.ptr[0]);
		return RESP_ERROR;
	}
	int64_t len;
	if (!header_number(line, &len) || len < 0) {
		*error = bulk_invalid;
		return RESP_ERROR;
	}
	if ((uint64_t)len > limits->bulk_len_max) {
		*error = limits->bulk_len_max <= UNAUTHENTICATED_BULK_MAX ? bulk_unauthenticated : bulk_invalid;
		return RESP_ERROR;
	}
	parser->bulk_len = len;
	return RESP_READY;
}

static enum resp_state multibulk_next(struct resp_requests *parser, const struct resp_limits *limits,
                                      struct slice input, const char **error)
{
	if (!parser->is_begun) {
		enum resp_state state = multibulk_begin(parser, limits, input, error);
		if (state != RESP_READY)
			return state;
	}
	while (parser->arguments_left > 0) {
		if (parser->bulk_len == LENGTH_UNKNOWN) {
			enum resp_state state = bulk_begin(parser, limits, input, error);
			if (state != RESP_READY)
				return state;
		}
		size_t len = (size_t)parser->bulk_len;
		if (input.len - parser->at < len + LINE_END_LEN)
			return RESP_MORE;
		*argv_add(parser) = (struct slice){ input.ptr + parser->at, len };
		parser->at += len + LINE_END_LEN;
		parser->scanned = parser->at;
		parser->bulk_len = LENGTH_UNKNOWN;
		parser->arguments_left--;
	}
	return RESP_READY;
}

/* Words are collected as lengths first: the buffer they are unquoted into may move while it grows. */
static bool inline_split(struct resp_requests *parser, struct slice line)
{
	for (;;) {
		size_t start = parser->words.len;
		enum inline_word word = inline_word_next(&line, &parser->words);
		if (word == INLINE_UNBALANCED)
			return false;
		if (word == INLINE_END)
			break;
		*argv_add(parser) = (struct slice){ NULL, parser->words.len - start };
	}
	const char *ptr = buffer_slice(&parser->words).ptr;
	for (uint32_t i = 0; i < parser->argc; i++) {
		parser->argv[i].ptr = ptr;
		ptr += parser->argv[i].len;
	}
	return true;
}

/* A web page that makes a browser talk to us must not get anywhere: Redis closes on these two without a word. */
static bool is_http(const struct resp_requests *parser)
{
	return parser->argc > 0 && (slice_equal_nocase(parser->argv[0], SLICE("post")) ||
	                            slice_equal_nocase(parser->argv[0], SLICE("host:")));
}

static enum resp_state inline_next(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                   const char **error)
{
	size_t end;
	bool is_found = line_find(parser, input, '\n', &end);
	if (parser->scanned > limits->inline_len_max) {
		*error = inline_too_long;
		return RESP_ERROR;
	}
	if (!is_found)
		return RESP_MORE;
	size_t len = end > 0 && input.ptr[end - 1] == '\r' ? end - 1 : end;
	if (!inline_split(parser, (struct slice){ input.ptr, len })) {
		*error = inline_unbalanced;
		return RESP_ERROR;
	}
	if (is_http(parser)) {
		*error = close_silently;
		return RESP_ERROR;
	}
	parser->at = end + 1;
	return RESP_READY;
}
