#include "ctl_print.h"

#include "base/text.h"
#include "ctl_order.h"

#include <string.h>
#include <time.h>

#define GAP 2

int ctl_complain(const char *format, ...)
{
	va_list args;

	fputs("homeportctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_UNKNOWN;
}

void ctl_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
}

long long ctl_count_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

const char *ctl_text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

void ctl_add_value(struct buffer *out, const json_t *object, const char *name)
{
	struct buffer marker = { 0 };

	buffer_add_format(&marker, "%s_encoding", name);
	buffer_add_byte(&marker, '\0');
	if (json_object_get(object, marker.ptr) != NULL)
		buffer_add_text(out, "base64:");
	buffer_add_text(out, ctl_text_of(object, name));
	buffer_free(&marker);
}

void ctl_add_ms(struct buffer *out, long long ms)
{
	const long long second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

	if (ms < second)
		buffer_add_format(out, "%lld ms", ms);
	else if (ms < minute)
		buffer_add_format(out, "%lld.%lld s", ms / second, ms % second / 100);
	else if (ms < 2 * hour)
		buffer_add_format(out, "%lld min", ms / minute);
	else if (ms < 2 * day)
		buffer_add_format(out, "%lld h", ms / hour);
	else
		buffer_add_format(out, "%lld d", ms / day);
}

void ctl_add_bytes(struct buffer *out, long long bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double amount = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		buffer_add_format(out, "%lld B", bytes);
		return;
	}
	for (amount /= 1024; amount >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		amount /= 1024;
	buffer_add_format(out, "%.1f %s", amount, units[unit]);
}

long long ctl_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ctl_add_age(struct buffer *out, const char *time, long long now_ms)
{
	struct tm parts = { 0 };

	if (strptime(time, "%Y-%m-%dT%H:%M:%S", &parts) == NULL)
		return;
	long long age_ms = now_ms - (long long)timegm(&parts) * 1000;

	ctl_add_ms(out, age_ms < 0 ? 0 : age_ms - age_ms % 1000);
}

void ctl_table_add(struct ctl_table *table, const char *cell)
{
	table->cells = memory_resize(table->cells, (table->count + 1) * sizeof(*table->cells));
	table->cells[table->count++] = text_copy(cell);
}

void ctl_table_take(struct ctl_table *table, struct buffer *cell)
{
	buffer_add_byte(cell, '\0');
	ctl_table_add(table, cell->ptr);
	buffer_reset(cell);
}

/* Characters, not bytes: UTF-8's continuations take no room. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void ctl_table_print(struct ctl_table *table, FILE *out)
{
	size_t widths[CTL_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < table->count; i++) {
		size_t width = width_of(table->cells[i]);

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns, room = widths[column] - width_of(table->cells[i]);
		bool is_last = column + 1 == table->columns;

		fprintf(out, "%*s%s", table->is_right[column] ? (int)room : 0, "", table->cells[i]);
		if (is_last)
			fputc('\n', out);
		else
			fprintf(out, "%*s", GAP + (table->is_right[column] ? 0 : (int)room), "");
		memory_free(table->cells[i]);
	}
	memory_free(table->cells);
	table->cells = NULL;
	table->count = 0;
}
