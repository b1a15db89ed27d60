/* Envelope writes: the writes of a batch, checked as they come and walked later (see envelope.h). */
#include "envelope_writes.h"

#include "envelope_change.h"
#include "envelope_fields.h"

#include <assert.h>

#define WALK_CHANGES 256             /* at a time: there may be very many */

bool envelope_position_read(struct slice bytes, struct position *position)
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
		return envelope_position_read(field->bytes, &position);
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

/* ---- checking ---- */

/* What was seen of a write so far. */
struct write_check { unsigned changes; bool has_context, is_explicit; };

/* RAW is the whole field. CHANGE is used for one change after the other, since a write may have very many. */
static bool field_check(const struct wire_field *field, struct slice raw, struct write_check *check, struct changes *change)
{
	if (field->number > WRITE_FIELD_MAX)
		return true;
	changes_reset(change);
	switch ((enum write_tag)WIRE_TAG(field->number, field->type)) {
	case WRITE_PENDING:
		return field->value == PLAN_NONE || plan_is_known(field->value);
	case WRITE_CHANGE:
		check->changes++;
		return change_read(field->bytes, changes_add(change, CHANGE_SET, 0, field->bytes)) && change_is_valid(&change->items[0]);
	default:
		if (!fact_read(field, raw, &change->facts))
			return false;
		check->has_context |= change->facts.context.len > 0;
		check->is_explicit |= change->facts.is_explicit;
		return true;
	}
}

static bool write_ends_well(const struct write_check *check)
{
	return !check->has_context || check->is_explicit;
}

bool envelope_write_check(struct slice bytes, struct changes *change, unsigned *count)
{
	struct write_check check = { 0 };
	bool is_valid = true;
	while (is_valid && bytes.len > 0) {
		const char *start = bytes.ptr;
		struct wire_field field;
		is_valid = wire_field_next(&bytes, &field) == WIRE_OK &&
		           field_check(&field, (struct slice){ start, (size_t)(bytes.ptr - start) }, &check, change);
	}
	*count = check.changes;
	return is_valid && write_ends_well(&check);
}

/* The next field of the write that PROGRESS is in, as far as it has come. */
static bool check_in_write(struct slice bytes, struct envelope_progress *progress, struct changes *change)
{
	size_t end = progress->write_end < bytes.len ? progress->write_end : bytes.len;
	struct slice rest = { bytes.ptr + progress->at, end - progress->at };
	struct write_check check = { progress->changes, progress->has_context, progress->is_explicit };
	struct wire_field field;
	if (rest.len > 0) {
		if (wire_field_next(&rest, &field) != WIRE_OK)
			return false;
		struct slice raw = { bytes.ptr + progress->at, (size_t)(rest.ptr - bytes.ptr) - progress->at };
		if (!field_check(&field, raw, &check, change))
			return false;
		progress->at += raw.len;
	}
	progress->changes = check.changes;
	progress->has_context = check.has_context;
	progress->is_explicit = check.is_explicit;
	if (progress->at < progress->write_end)
		return rest.len > 0;
	if (!write_ends_well(&check))
		return false;
	progress->changes_max = check.changes > progress->changes_max ? check.changes : progress->changes_max;
	progress->checked = progress->at;
	progress->write_end = 0;
	return true;
}

/* The next field around the writes. Of a write only its beginning is taken. */
static bool check_around(struct slice bytes, struct envelope_progress *progress)
{
	struct slice rest = { bytes.ptr + progress->at, bytes.len - progress->at };
	struct wire_field field;
	uint64_t number, len;
	if (rest.len == 0)
		return false;
	if (wire_bytes_begin(&rest, &number, &len) == WIRE_OK && number == BATCH_WRITE >> 3) {
		progress->at = (size_t)(rest.ptr - bytes.ptr);
		if (len > SIZE_MAX - progress->at)
			return false;
		progress->write_end = progress->at + (size_t)len;
		progress->changes = 0;
		progress->has_context = progress->is_explicit = false;
		return true;
	}
	rest = (struct slice){ bytes.ptr + progress->at, bytes.len - progress->at };
	if (wire_field_next(&rest, &field) != WIRE_OK)
		return false;
	progress->at = (size_t)(rest.ptr - bytes.ptr);
	return true;
}

void envelope_check_some(struct slice bytes, struct envelope_progress *progress)
{
	struct changes change = { 0 };
	while (progress->write_end > 0 ? check_in_write(bytes, progress, &change) : check_around(bytes, progress))
		;
	changes_free(&change);
}

/* ---- walking ---- */

bool envelope_context_next(struct slice *context, struct position *position)
{
	struct wire_field field;
	while (context->len > 0 && wire_field_next(context, &field) == WIRE_OK)
		if (field.number == WRITE_CONTEXT >> 3 && field.type == WIRE_BYTES && envelope_position_read(field.bytes, position))
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

bool envelope_walk_next(struct envelope_walk *walk, struct changes *out)
{
	struct write_facts facts;
	changes_reset(out);
	while (out->count == 0 && (walk->changes.len > 0 || envelope_write_open(&walk->writes, &facts, &walk->changes)))
		(void)envelope_changes_some(&walk->changes, WALK_CHANGES, out);
	return out->count > 0;
}
