/* RESP writing: requests for the store and replies for clients (see resp.h). */
#include "resp.h"

#include <string.h>

#define HEADER_LEN_MAX 24            /* a type byte, a decimal of 64 bits, CR LF */

/* One growth for the whole header: commands to the store are mostly headers. */
static void add_header(struct buffer *out, char type, uint64_t number)
{
	char header[HEADER_LEN_MAX];
	size_t start = sizeof(header);
	header[--start] = '\n';
	header[--start] = '\r';
	do {
		header[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	header[--start] = type;
	buffer_add(out, (struct slice){ header + start, sizeof(header) - start });
}

void resp_add_array(struct buffer *out, uint64_t count)
{
	add_header(out, '*', count);
}

void resp_add_bulk(struct buffer *out, struct slice text)
{
	add_header(out, '$', text.len);
	char *room = buffer_grow(out, text.len + 2);
	if (text.len > 0)
		memcpy(room, text.ptr, text.len);
	memcpy(room + text.len, "\r\n", 2);
}

void resp_add_bulk_len(struct buffer *out, size_t len)
{
	add_header(out, '$', len);
}

void resp_add_bulk_int(struct buffer *out, int64_t number)
{
	char digits[HEADER_LEN_MAX];
	size_t start = sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		digits[--start] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	if (number < 0)
		digits[--start] = '-';
	resp_add_bulk(out, (struct slice){ digits + start, sizeof(digits) - start });
}

void resp_add_status(struct buffer *out, const char *text)
{
	buffer_add_byte(out, '+');
	buffer_add_text(out, text);
	buffer_add(out, SLICE("\r\n"));
}

void resp_add_error(struct buffer *out, const char *text)
{
	buffer_add_byte(out, '-');
	for (; *text != '\0'; text++)
		buffer_add_byte(out, *text == '\r' || *text == '\n' ? ' ' : *text);
	buffer_add(out, SLICE("\r\n"));
}

void resp_add_integer(struct buffer *out, int64_t number)
{
	buffer_add_byte(out, ':');
	buffer_add_int64(out, number);
	buffer_add(out, SLICE("\r\n"));
}

void resp_add_command(struct buffer *out, unsigned argc, const struct slice *argv)
{
	resp_add_array(out, argc);
	for (unsigned i = 0; i < argc; i++)
		resp_add_bulk(out, argv[i]);
}
