/* Replies and numbers as Redis words and formats them, in both protocols. */
#include "sim_command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void reply_header(struct sim_call *call, char sign, uint64_t count)
{
	buffer_add_byte(call->out, sign);
	buffer_add_uint64(call->out, count);
	buffer_add_text(call->out, "\r\n");
}

void reply_integer(struct sim_call *call, int64_t number)
{
	buffer_add_byte(call->out, ':');
	buffer_add_int64(call->out, number);
	buffer_add_text(call->out, "\r\n");
}

void reply_bulk(struct sim_call *call, struct slice text)
{
	reply_header(call, '$', text.len);
	buffer_add(call->out, text);
	buffer_add_text(call->out, "\r\n");
}

void reply_nil(struct sim_call *call)
{
	buffer_add_text(call->out, call->protocol == 3 ? "_\r\n" : "$-1\r\n");
}

void reply_ok(struct sim_call *call)
{
	buffer_add_text(call->out, "+OK\r\n");
}

void reply_error(struct sim_call *call, const char *line)
{
	buffer_add_byte(call->out, '-');
	buffer_add_text(call->out, line);
	buffer_add_text(call->out, "\r\n");
}

void reply_double(struct sim_call *call, double number)
{
	char room[64];
	struct slice text = format_double(number, room, sizeof(room));

	if (call->protocol != 3) {
		reply_bulk(call, text);
		return;
	}
	buffer_add_byte(call->out, ',');
	buffer_add(call->out, text);
	buffer_add_text(call->out, "\r\n");
}

void reply_array(struct sim_call *call, uint64_t count)
{
	reply_header(call, '*', count);
}

void reply_set(struct sim_call *call, uint64_t count)
{
	reply_header(call, call->protocol == 3 ? '~' : '*', count);
}

void reply_map(struct sim_call *call, uint64_t pairs)
{
	if (call->protocol == 3)
		reply_header(call, '%', pairs);
	else
		reply_header(call, '*', pairs * 2);
}

bool argument_is(struct slice argument, const char *word)
{
	return strlen(word) == argument.len && strncasecmp(argument.ptr, word, argument.len) == 0;
}

bool text_to_int64(struct slice text, int64_t *number)
{
	char room[24], again[24];
	int printed;

	if (text.len == 0 || text.len >= sizeof(room))
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	*number = strtoll(room, NULL, 10);
	/* Refuse a number that Redis itself would print in another way ("+1", "01"). */
	printed = snprintf(again, sizeof(again), "%lld", (long long)*number);
	return (size_t)printed == text.len && memcmp(room, again, text.len) == 0;
}

bool text_to_long_double(struct slice text, long double *number)
{
	char room[128], *end;

	if (text.len == 0 || text.len >= sizeof(room))
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	*number = strtold(room, &end);
	return end == room + text.len && room[0] != ' ' && !isnan(*number);
}

struct slice format_long_double(long double number, char *room, size_t size)
{
	int len = snprintf(room, size, "%.17Lf", number);

	while (len > 0 && room[len - 1] == '0')
		len--;
	if (len > 0 && room[len - 1] == '.')
		len--;
	if (len == 2 && memcmp(room, "-0", 2) == 0)
		return (struct slice){ "0", 1 };
	return (struct slice){ room, (size_t)len };
}

struct slice format_double(double number, char *room, size_t size)
{
	int len;

	if (number > -4503599627370496.0 && number < 4503599627370496.0 && floor(number) == number && !(number == 0 && signbit(number)))
		len = snprintf(room, size, "%lld", (long long)number);
	else
		len = snprintf(room, size, "%.17g", number);
	return (struct slice){ room, (size_t)len };
}
