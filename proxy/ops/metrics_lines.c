/* Metrics lines: names, labels and values as Prometheus reads them (see metrics_lines.h). */
#include "metrics_lines.h"

#include <stdio.h>

void metrics_add_escaped(struct buffer *out, const char *text, bool is_label)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buffer_add_text(out, "\\n");
			continue;
		}
		if (*text == '\\' || (is_label && *text == '"'))
			buffer_add_byte(out, '\\');
		buffer_add_byte(out, *text);
	}
}

void sample_add(struct samples *samples, const char *suffix, const struct label *labels, unsigned label_count, const char *value)
{
	struct buffer *out = samples->out;
	char separator = '{';

	buffer_add_text(out, samples->name);
	buffer_add_text(out, suffix);
	for (unsigned i = 0; i < label_count && labels[i].name != NULL; i++) {
		buffer_add_byte(out, separator);
		separator = ',';
		buffer_add_text(out, labels[i].name);
		buffer_add_text(out, "=\"");
		metrics_add_escaped(out, labels[i].value, true);
		buffer_add_byte(out, '"');
	}
	if (separator == ',')
		buffer_add_byte(out, '}');
	buffer_add_byte(out, ' ');
	buffer_add_text(out, value);
	buffer_add_byte(out, '\n');
}

void sample_add_count(struct samples *samples, struct label label, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	sample_add(samples, "", &label, 1, text);
}

void sample_add_seconds(struct samples *samples, struct label label, int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", (double)ms / 1000);
	sample_add(samples, "", &label, 1, text);
}

void sample_add_infinity(struct samples *samples, struct label label)
{
	sample_add(samples, "", &label, 1, "+Inf");
}
