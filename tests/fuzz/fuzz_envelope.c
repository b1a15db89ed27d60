/* Any bytes as a batch: an error, or a batch that can be walked, and that says the same when it is written again. */
#include "proxy/core/wire/envelope.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void write_again(const struct batch *batch, struct buffer *out)
{
	struct changes changes = { 0 };
	struct slice writes = batch->writes, raw;
	enum plan pending;
	unsigned count = 0;
	envelope_begin(out, batch);
	for (; envelope_write_next(&writes, &pending, &changes, &raw); count++)
		envelope_add_write(out, pending, &changes);
	assert(count == batch->write_count);
	changes_free(&changes);
}

/* What was written by ourselves is in the one form that there is. */
static void check_stable(const struct buffer *first, struct envelope_scratch *scratch)
{
	struct batch batch;
	struct buffer second = { 0 };
	enum envelope_error error = envelope_decode(buffer_slice(first), scratch, &batch);
	assert(error == ENVELOPE_OK);
	write_again(&batch, &second);
	assert(slice_equal(buffer_slice(first), buffer_slice(&second)));
	buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct envelope_scratch *scratch = envelope_scratch_new();
	struct batch batch;
	if (envelope_decode((struct slice){ (const char *)bytes, len }, scratch, &batch) == ENVELOPE_OK) {
		struct buffer out = { 0 };
		write_again(&batch, &out);
		check_stable(&out, scratch);
		buffer_free(&out);
	}
	envelope_scratch_free(scratch);
	return 0;
}
