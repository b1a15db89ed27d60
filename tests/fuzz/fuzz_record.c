/* Any bytes as a conflict record: decoding must not read out of bounds, and what it accepts, written again, is the same record. */
#include "proxy/core/wire/record.h"

#include <assert.h>

static void walk(const struct record *record)
{
	struct slice stretches = record->stretches;
	struct record_stretch stretch;
	struct record_dot position;
	while (record_stretch_next(&stretches, &stretch))
		assert(stretch.first_seq > 0);
	for (unsigned i = 0; i < record->side_count; i++) {
		struct slice context = record->sides[i].context;
		while (record_position_next(&context, &position))
			assert(position.dc.len > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct record_scratch scratch = { 0 }, scratch_again = { 0 };
	struct record record, again;
	if (record_decode((struct slice){ (const char *)bytes, len }, &scratch, &record)) {
		struct buffer first = { 0 }, second = { 0 };
		walk(&record);
		record_encode(&first, &record);
		bool is_read = record_decode(buffer_slice(&first), &scratch_again, &again);
		assert(is_read && again.side_count == record.side_count);
		record_encode(&second, &again);
		assert(slice_equal(buffer_slice(&first), buffer_slice(&second)));
		buffer_free(&first);
		buffer_free(&second);
	}
	memory_free(scratch.sides);
	memory_free(scratch_again.sides);
	return 0;
}
