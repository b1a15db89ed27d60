/* Envelope, reading: bytes from a log into a batch, in place (see envelope.h). The bytes are not trusted: whatever is
 * outside docs/homeport.proto or contradicts itself stops here, so the rest of the core may rely on every batch. */
#include "envelope.h"

#include "envelope_fields.h"
#include "envelope_writes.h"

#include <assert.h>

struct envelope_scratch {
	struct position *context;    /* owned */
	unsigned context_cap;
	struct slice *path;          /* owned */
	unsigned path_cap;
	struct reading *readings;    /* owned */
	unsigned reading_cap;
	struct known *known;         /* owned */
	unsigned known_cap;
	struct changes change;       /* for checking writes: one change at a time */
};

const char *envelope_error_text(enum envelope_error error)
{
	static const char *const texts[] = {
		[ENVELOPE_OK] = "ok",
		[ENVELOPE_TRUNCATED] = "truncated: it ends within a field",
		[ENVELOPE_MALFORMED] = "malformed: it is not a batch by docs/homeport.proto",
		[ENVELOPE_TOO_NEW] = "too new: it was written by a later version of homeportd",
	};
	assert(error <= ENVELOPE_TOO_NEW);
	return texts[error];
}

struct envelope_scratch *envelope_scratch_new(void)
{
	return memory_new(sizeof(struct envelope_scratch));
}

void envelope_scratch_free(struct envelope_scratch *scratch)
{
	if (scratch == NULL)
		return;
	memory_free(scratch->context);
	memory_free(scratch->path);
	memory_free(scratch->readings);
	memory_free(scratch->known);
	changes_free(&scratch->change);
	memory_free(scratch);
}

/* ---- the batch around them ---- */

static bool uint32_read(const struct wire_field *field, uint32_t *number)
{
	*number = (uint32_t)field->value;
	return field->value <= UINT32_MAX;
}

static bool context_add(struct envelope_scratch *scratch, struct slice bytes, struct batch *batch)
{
	scratch->context = array_reserve(scratch->context, batch->context_count, &scratch->context_cap, sizeof *scratch->context);
	return envelope_position_read(bytes, &scratch->context[batch->context_count++]);
}

static bool reading_read(struct slice bytes, struct reading *reading)
{
	*reading = (struct reading){ .clock = 0 };
	while (bytes.len > 0) {
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > READING_FIELD_MAX)
			continue;
		switch ((enum reading_tag)WIRE_TAG(field.number, field.type)) {
		case READING_DC: reading->dc = field.bytes; break;
		case READING_CLOCK: reading->clock = field.value; break;
		case READING_SENT_MS: reading->sent_ms = field.value; break;
		case READING_RECEIVED_MS: reading->received_ms = field.value; break;
		case READING_COMPARED: reading->is_compared = field.value != 0; break;
		case READING_AHEAD_MIN_MS: reading->ahead_min_ms = wire_unzigzag(field.value); break;
		case READING_AHEAD_MAX_MS: reading->ahead_max_ms = wire_unzigzag(field.value); break;
		default: return false;
		}
	}
	int64_t max = BATCH_TIME_MS_MAX;
	return reading->dc.len > 0 && reading->sent_ms <= BATCH_TIME_MS_MAX && reading->received_ms <= BATCH_TIME_MS_MAX &&
	       reading->ahead_min_ms >= -max && reading->ahead_max_ms <= max && reading->ahead_min_ms <= reading->ahead_max_ms;
}

static bool reading_add(struct envelope_scratch *scratch, struct slice bytes, struct batch *batch)
{
	scratch->readings = array_reserve(scratch->readings, batch->reading_count, &scratch->reading_cap, sizeof *scratch->readings);
	return reading_read(bytes, &scratch->readings[batch->reading_count++]);
}

static bool path_add(struct envelope_scratch *scratch, struct slice dc, struct batch *batch)
{
	scratch->path = array_reserve(scratch->path, batch->path_count, &scratch->path_cap, sizeof *scratch->path);
	scratch->path[batch->path_count++] = dc;
	return dc.len > 0;
}

static bool known_add(struct envelope_scratch *scratch, struct slice bytes, struct batch *batch)
{
	struct known known = { 0 };
	while (bytes.len > 0) {
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > KNOWN_FIELD_MAX)
			continue;
		switch ((enum known_tag)WIRE_TAG(field.number, field.type)) {
		case KNOWN_DC: known.dc = field.bytes; break;
		case KNOWN_ID: known.id = field.bytes; break;
		case KNOWN_INCARNATION: known.incarnation = field.value; break;
		default: return false;
		}
	}
	scratch->known = array_reserve(scratch->known, batch->known_count, &scratch->known_cap, sizeof *scratch->known);
	scratch->known[batch->known_count++] = known;
	return known.dc.len > 0;
}

/* RAW is the whole field; writes are kept as the stretch from the first one to the end of the last. */
static void write_note(struct slice raw, struct batch *batch)
{
	if (batch->write_count == 0)
		batch->writes.ptr = raw.ptr;
	batch->writes.len = (size_t)(raw.ptr + raw.len - batch->writes.ptr);
	batch->write_count++;
}

static bool write_add(struct envelope_scratch *scratch, struct slice bytes, struct slice raw, struct batch *batch)
{
	write_note(raw, batch);
	unsigned count;
	bool is_valid = envelope_write_check(bytes, &scratch->change, &count);
	if (count > batch->changes_max)
		batch->changes_max = count;
	return is_valid;
}

static bool field_read(const struct wire_field *field, struct slice raw, struct envelope_scratch *scratch,
                       struct batch *batch)
{
	switch ((enum batch_tag)WIRE_TAG(field->number, field->type)) {
	case BATCH_FORMAT: return true;
	case BATCH_DC: batch->dc = field->bytes; return true;
	case BATCH_INCARNATION: batch->incarnation = field->value; return true;
	case BATCH_SHARD: return uint32_read(field, &batch->shard);
	case BATCH_FIRST_SEQ: batch->first_seq = field->value; return true;
	case BATCH_HLC: batch->hlc = field->value; return true;
	case BATCH_CONTEXT: return context_add(scratch, field->bytes, batch);
	case BATCH_RULES_DIGEST: batch->rules_digest = field->value; return true;
	case BATCH_PATH: return path_add(scratch, field->bytes, batch);
	case BATCH_HELLO: batch->hello = field->value; return true;
	case BATCH_PART: return uint32_read(field, &batch->part);
	case BATCH_PART_COUNT: return uint32_read(field, &batch->part_count);
	case BATCH_PART_BYTES: batch->part_bytes = field->bytes; return true;
	case BATCH_WALL_MS: batch->wall_ms = field->value; return field->value <= BATCH_TIME_MS_MAX;
	case BATCH_CLOCK: batch->clock = field->value; return true;
	case BATCH_ENTRIES_FROM_MS: batch->entries_from_ms = field->value; return true;
	case BATCH_STEADY_MS: batch->steady_ms = field->value; return field->value <= BATCH_TIME_MS_MAX;
	case BATCH_READING: return reading_add(scratch, field->bytes, batch);
	case BATCH_ID: batch->id = field->bytes; return true;
	case BATCH_CANDIDATE: batch->candidate = field->bytes; return true;
	case BATCH_KNOWN: return known_add(scratch, field->bytes, batch);
	case BATCH_HOMES_DIGEST: batch->homes_digest = field->value; return true;
	case BATCH_ASKS: batch->asks = field->value != 0; return true;
	case BATCH_STOPPED: batch->is_stopped = field->value != 0; return true;
	case BATCH_LIFTED: batch->is_lifted = field->value != 0; return true;
	case BATCH_WRITE: return write_add(scratch, field->bytes, raw, batch);
	default: return false;       /* a known field of another type */
	}
}

static bool batch_is_valid(const struct batch *batch)
{
	bool is_part = batch->part_count > 1;
	if (batch->dc.len == 0 || batch->first_seq == 0)
		return false;
	if (is_part ? batch->part >= batch->part_count || batch->part_bytes.len == 0 || batch->write_count > 0
	            : batch->part > 0 || batch->part_bytes.len > 0)
		return false;
	return batch->first_seq <= UINT64_MAX - batch->write_count && batch->hlc <= UINT64_MAX - batch->write_count;
}

/* The format comes first, so a newer one is known before any of its other fields can puzzle us. */
static enum envelope_error format_check(struct slice bytes)
{
	struct wire_field field;
	if (bytes.len == 0)
		return ENVELOPE_TRUNCATED;
	enum wire_status status = wire_field_next(&bytes, &field);
	if (status == WIRE_TRUNCATED)
		return ENVELOPE_TRUNCATED;
	if (status != WIRE_OK || field.number != BATCH_FORMAT >> 3 || field.type != WIRE_VARINT || field.value == 0)
		return ENVELOPE_MALFORMED;
	return field.value > ENVELOPE_FORMAT ? ENVELOPE_TOO_NEW : ENVELOPE_OK;
}

/* CHECKED: the writes up to there were judged before. */
static enum envelope_error batch_read(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch, bool is_header_only,
                                      const struct envelope_progress *checked)
{
	const char *checked_end = checked == NULL ? bytes.ptr : bytes.ptr + checked->checked;
	*batch = (struct batch){ .writes = { bytes.ptr, 0 }, .changes_max = checked == NULL ? 0 : checked->changes_max };
	enum envelope_error error = format_check(bytes);
	if (error != ENVELOPE_OK)
		return error;
	while (bytes.len > 0) {
		const char *start = bytes.ptr;
		struct wire_field field;
		enum wire_status status = wire_field_next(&bytes, &field);
		if (status != WIRE_OK)
			return status == WIRE_TRUNCATED ? ENVELOPE_TRUNCATED : ENVELOPE_MALFORMED;
		struct slice raw = { start, (size_t)(bytes.ptr - start) };
		if (is_header_only && field.number == BATCH_WRITE >> 3)
			break;
		if (WIRE_TAG(field.number, field.type) == BATCH_WRITE && bytes.ptr <= checked_end)
			write_note(raw, batch);
		else if (field.number <= BATCH_FIELD_MAX && !field_read(&field, raw, scratch, batch))
			return ENVELOPE_MALFORMED;
	}
	batch->context = scratch->context;
	batch->path = scratch->path;
	batch->readings = scratch->readings;
	batch->known = scratch->known;
	return batch_is_valid(batch) ? ENVELOPE_OK : ENVELOPE_MALFORMED;
}

enum envelope_error envelope_decode(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch)
{
	return batch_read(bytes, scratch, batch, false, NULL);
}

enum envelope_error envelope_decode_checked(struct slice bytes, struct envelope_scratch *scratch, const struct envelope_progress *checked, struct batch *batch)
{
	return batch_read(bytes, scratch, batch, false, checked);
}

void envelope_read_header(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch)
{
	enum envelope_error error = batch_read(bytes, scratch, batch, true, NULL);
	assert(error == ENVELOPE_OK);
}
