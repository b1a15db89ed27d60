/* Logging: log lines, and how often one may repeat (see logging.h). */
#include "logging.h"

#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BURST_MAX 10                 /* lines of one message in BURST_MS */
#define BURST_MS 10000
#define MESSAGES_WATCHED 64

/* How often a message was printed lately. Messages are constants, so a message is known by its address. Two that share a slot push each other
 * out; at worst both are printed more often. */
struct repeat {
	const char *message;
	uint64_t since_ms;
	unsigned printed;
	unsigned left_out;
};

static struct repeat repeats[MESSAGES_WATCHED];
static enum settings_level level_min = SETTINGS_LEVEL_INFO;

static bool repeat_admit(const char *message, uint64_t now_ms, unsigned *left_out);
static void add_time(struct buffer *line, const struct timespec *now);
static void add_value(struct buffer *line, const char *value);
static bool is_plain(const char *value);

void log_set_level(enum settings_level level)
{
	level_min = level;
}

void log_line(enum settings_level level, const char *message, ...)
{
	static struct buffer line;   /* kept between lines */
	struct timespec now;
	unsigned left_out;
	const char *name;
	va_list pairs;

	if (level < level_min)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (!repeat_admit(message, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, &left_out))
		return;
	buffer_reset(&line);
	add_time(&line, &now);
	buffer_add_text(&line, " level=");
	buffer_add_text(&line, value_level_text(level));
	buffer_add_text(&line, " msg=");
	add_value(&line, message);
	va_start(pairs, message);
	while ((name = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);

		if (value == NULL)
			continue;
		buffer_add_byte(&line, ' ');
		buffer_add_text(&line, name);
		buffer_add_byte(&line, '=');
		add_value(&line, value);
	}
	va_end(pairs);
	if (left_out > 0) {
		buffer_add_text(&line, " left_out=");
		buffer_add_uint64(&line, left_out);
	}
	buffer_add_byte(&line, '\n');
	/* One write a line, so that lines of processes that share stderr stay whole. */
	fwrite(line.ptr, 1, line.len, stderr);
}

const char *log_number(int64_t number)
{
	static char texts[8][24];
	static unsigned next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(texts[0]), "%lld", (long long)number);
	return text;
}

static bool repeat_admit(const char *message, uint64_t now_ms, unsigned *left_out)
{
	struct repeat *repeat = &repeats[slice_hash(slice_of(message)) % MESSAGES_WATCHED];

	*left_out = 0;
	if (repeat->message != message || now_ms - repeat->since_ms >= BURST_MS) {
		*left_out = repeat->message == message ? repeat->left_out : 0;
		*repeat = (struct repeat){ .message = message, .since_ms = now_ms };
	}
	if (repeat->printed < BURST_MAX) {
		repeat->printed++;
		return true;
	}
	repeat->left_out++;
	return false;
}

static void add_time(struct buffer *line, const struct timespec *now)
{
	char text[48];
	struct tm utc;

	gmtime_r(&now->tv_sec, &utc);
	size_t len = strftime(text, sizeof(text), "ts=%Y-%m-%dT%H:%M:%S", &utc);

	snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(now->tv_nsec / 1000000) % 1000);
	buffer_add_text(line, text);
}

/* Bare where that is unambiguous, else quoted. Bytes that could forge a line or disturb a terminal become spaces. */
static void add_value(struct buffer *line, const char *value)
{
	if (is_plain(value)) {
		buffer_add_text(line, value);
		return;
	}
	buffer_add_byte(line, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buffer_add_byte(line, '\\');
		buffer_add_byte(line, (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value);
	}
	buffer_add_byte(line, '"');
}

static bool is_plain(const char *value)
{
	if (*value == '\0')
		return false;
	for (; *value != '\0'; value++)
		if ((unsigned char)*value <= ' ' || *value == '"' || *value == '=' || *value == '\\' || *value == 0x7f)
			return false;
	return true;
}
