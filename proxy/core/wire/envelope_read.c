/* Envelope, reading: bytes from a log into a batch, in place (see envelope.h). The bytes are not trusted: whatever is
 * outside docs/homeport.proto or contradicts itself stops here, so the rest of the core may rely on every batch. */
#include "envelope.h"

#include "envelope_change.h"
#include "envelope_fields.h"

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
	struct changes changes;      /* for checking writes */
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
	changes_free(&scratch->changes);
	memory_free(scratch);
}

/* ---- writes ---- */

static bool position_read(struct slice bytes, struct position *position);

/* RAW is the whole field: contexts are kept as the stretch from the first one to the end of the last. */
static bool fact_read(const struct wire_field *field, struct slice raw, struct write_facts *facts)
{
	struct position position;
	switch ((enum write_tag)WIRE_TAG(field->number, field->type)) {
	case WRITE_COMMAND: facts->command = field->bytes; return true;
	case WRITE_CLIENT: facts->client = field->bytes; return true;
	case WRITE_BY: facts->by = field->bytes; return true;
	case WRITE_EXPLICIT: facts->is_explicit = field->value == 1; return field->value <= 1;
	case WRITE_CHOICE: facts->choice = (enum write_choice)field->value; return field->value <= WRITE_IGNORES;
	case WRITE_CONTEXT:
		if (facts->context.len == 0)
			facts->context.ptr = raw.ptr;
		facts->context.len = (size_t)(raw.ptr + raw.len - facts->context.ptr);
		return position_read(field->bytes, &position);
	default: return false;       /* a known field of another type */
	}
}

static bool write_read(struct slice bytes, enum plan *pending, struct changes *changes)
{
	*pending = PLAN_NONE;
	changes_reset(changes);
	while (bytes.len > 0) {
		const char *start = bytes.ptr;
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > WRITE_FIELD_MAX)
			continue;
		switch ((enum write_tag)WIRE_TAG(field.number, field.type)) {
		case WRITE_PENDING:
			if (field.value != PLAN_NONE && !plan_is_known(field.value))
				return false;
			*pending = (enum plan)field.value;
			break;
		case WRITE_CHANGE:
			if (!change_read(field.bytes, changes_add(changes, CHANGE_SET, 0, field.bytes)))
				return false;
			break;
		default:
			if (!fact_read(&field, (struct slice){ start, (size_t)(bytes.ptr - start) }, &changes->facts))
				return false;
		}
	}
	return true;
}

static bool write_is_valid(struct slice bytes, struct changes *changes)
{
	enum plan pending;
	if (!write_read(bytes, &pending, changes))
		return false;
	if (changes->facts.context.len > 0 && !changes->facts.is_explicit)
		return false;
	for (unsigned i = 0; i < changes->count; i++)
		if (!change_is_valid(&changes->items[i]))
			return false;
	return true;
}

bool envelope_context_next(struct slice *context, struct position *position)
{
	struct wire_field field;
	while (context->len > 0 && wire_field_next(context, &field) == WIRE_OK)
		if (field.number == WRITE_CONTEXT >> 3 && field.type == WIRE_BYTES && position_read(field.bytes, position))
			return true;
	return false;
}

bool envelope_write_next(struct slice *writes, enum plan *pending, struct changes *changes, struct slice *raw)
{
	while (writes->len > 0) {
		const char *start = writes->ptr;
		struct wire_field field;
		enum wire_status status = wire_field_next(writes, &field);
		assert(status == WIRE_OK);
		if (field.number != BATCH_WRITE >> 3)
			continue;            /* an unknown field between writes */
		bool is_read = write_read(field.bytes, pending, changes);
		assert(is_read);
		*raw = (struct slice){ start, (size_t)(writes->ptr - start) };
		return true;
	}
	return false;
}

bool envelope_write_open(struct slice *writes, struct write_facts *facts, struct slice *changes)
{
	struct wire_field field = { 0 };
	*facts = (struct write_facts){ 0 };
	while (writes->len > 0 && field.number != BATCH_WRITE >> 3) {
		enum wire_status status = wire_field_next(writes, &field);
		assert(status == WIRE_OK);
	}
	if (field.number != BATCH_WRITE >> 3)
		return false;
	*changes = field.bytes;
	for (struct slice rest = field.bytes; rest.len > 0;) {
		const char *start = rest.ptr;
		enum wire_status status = wire_field_next(&rest, &field);
		assert(status == WIRE_OK);
		bool is_fact = field.number <= WRITE_FIELD_MAX && field.number != WRITE_CHANGE >> 3 && field.number != WRITE_PENDING >> 3;
		bool is_read = !is_fact || fact_read(&field, (struct slice){ start, (size_t)(rest.ptr - start) }, facts);
		assert(is_read);
	}
	return true;
}

bool envelope_changes_some(struct slice *changes, unsigned most, struct changes *out)
{
	struct wire_field field;
	changes_reset(out);
	while (changes->len > 0 && out->count < most) {
		enum wire_status status = wire_field_next(changes, &field);
		assert(status == WIRE_OK);
		if (field.number != WRITE_CHANGE >> 3)
			continue;
		bool is_read = change_read(field.bytes, changes_add(out, CHANGE_SET, 0, field.bytes));
		assert(is_read);
	}
	return changes->len > 0;
}

/* ---- the batch around them ---- */

static bool uint32_read(const struct wire_field *field, uint32_t *number)
{
	*number = (uint32_t)field->value;
	return field->value <= UINT32_MAX;
}

static bool position_read(struct slice bytes, struct position *position)
{
	*position = (struct position){ 0 };
	while (bytes.len > 0) {
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > POSITION_FIELD_MAX || field.number == 4)
			continue;
		switch ((enum position_tag)WIRE_TAG(field.number, field.type)) {
		case POSITION_DC: position->dc = field.bytes; break;
		case POSITION_INCARNATION: position->incarnation = field.value; break;
		case POSITION_SEQ: position->seq = field.value; break;
		case POSITION_FLOOR: position->is_floor = field.value != 0; break;
		default: return false;
		}
	}
	/* No origin ever wrote so much: what counts from the end means something else (versions/origin.h). */
	return position->dc.len > 0 && position->seq < UINT64_MAX / 2;
}

static bool context_add(struct envelope_scratch *scratch, struct slice bytes, struct batch *batch)
{
	scratch->context = array_reserve(scratch->context, batch->context_count, &scratch->context_cap, sizeof *scratch->context);
	return position_read(bytes, &scratch->context[batch->context_count++]);
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
		default: return false;
		}
	}
	scratch->known = array_reserve(scratch->known, batch->known_count, &scratch->known_cap, sizeof *scratch->known);
	scratch->known[batch->known_count++] = known;
	return known.dc.len > 0 && known.id.len > 0;
}

/* RAW is the whole field; writes are kept as the stretch from the first one to the end of the last. */
static bool write_add(struct envelope_scratch *scratch, struct slice bytes, struct slice raw, struct batch *batch)
{
	if (batch->write_count == 0)
		batch->writes.ptr = raw.ptr;
	batch->writes.len = (size_t)(raw.ptr + raw.len - batch->writes.ptr);
	batch->write_count++;
	bool is_valid = write_is_valid(bytes, &scratch->changes);
	if (scratch->changes.count > batch->changes_max)
		batch->changes_max = scratch->changes.count;
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

static enum envelope_error batch_read(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch, bool is_header_only)
{
	*batch = (struct batch){ .writes = { bytes.ptr, 0 } };
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
		if (field.number <= BATCH_FIELD_MAX && !field_read(&field, raw, scratch, batch))
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
	return batch_read(bytes, scratch, batch, false);
}

void envelope_read_header(struct slice bytes, struct envelope_scratch *scratch, struct batch *batch)
{
	enum envelope_error error = batch_read(bytes, scratch, batch, true);
	assert(error == ENVELOPE_OK);
}
