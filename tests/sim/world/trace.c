/* Trace: lines to standard output. */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proxy/core/wire/envelope.h"
#include "world.h"

#define SHOWN_MAX 4000

void trace_line(const struct trace *trace, unsigned dc, const char *format, ...)
{
	va_list arguments;

	if (!trace->is_on)
		return;
	printf("%9.3f ms  %s  ", (double)trace->now_us / 1000, dc < WORLD_DCS_MAX ? world_dc_names[dc] : "-");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static size_t shown_add(char *shown, size_t at, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len && at + 8 < SHOWN_MAX; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];

		if (byte >= ' ' && byte < 127)
			shown[at++] = (char)byte;
		else
			at += (size_t)snprintf(shown + at, SHOWN_MAX - at, "\\x%02x", byte);
	}
	shown[at] = '\0';
	return at;
}

const char *trace_bytes(struct slice bytes)
{
	static char shown[SHOWN_MAX];

	shown_add(shown, 0, bytes);
	return shown;
}

const char *trace_command(unsigned argc, const struct slice *argv)
{
	static char shown[SHOWN_MAX];
	size_t at = 0;

	for (unsigned i = 0; i < argc && at + 16 < SHOWN_MAX; i++) {
		struct slice argument = argv[i];

		if (argument.len > 120)
			argument.len = 120;
		if (i > 0)
			shown[at++] = ' ';
		at = shown_add(shown, at, argument);
	}
	return shown;
}

static size_t shown_context(char *shown, size_t at, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->context_count && at + 100 < SHOWN_MAX; i++) {
		const struct position *position = &batch->context[i];

		at += (size_t)snprintf(shown + at, SHOWN_MAX - at, " %.*s/%" PRIu64 ":%" PRIu64, (int)position->dc.len, position->dc.ptr, position->incarnation,
		                       position->seq);
	}
	return at;
}

const char *trace_message(struct slice bytes)
{
	static char shown[SHOWN_MAX];
	struct envelope_scratch *scratch = envelope_scratch_new();
	struct batch batch;
	size_t at = 0;

	shown[0] = '\0';
	if (envelope_decode(bytes, scratch, &batch) == ENVELOPE_OK) {
		at = (size_t)snprintf(shown, SHOWN_MAX, "%.*s/%" PRIu64 " from %" PRIu64 ", %u writes, part %u of %u%s, saw", (int)batch.dc.len, batch.dc.ptr,
		                      batch.incarnation, batch.first_seq, batch.write_count, batch.part, batch.part_count, batch.hello != 0 ? ", hello" : "");
		shown_context(shown, at, &batch);
	}
	envelope_scratch_free(scratch);
	return shown;
}
