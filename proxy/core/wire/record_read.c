/* Record, read. The bytes come from a store or a log and are not trusted: what contradicts docs/homeport.proto is refused, and so is a newer format;
 * unknown fields are skipped. */
#include "record.h"

#include "record_fields.h"

bool records_next(struct slice *records, struct slice *record)
{
	while (records->len > 0) {
		struct slice left = *records;
		struct wire_field field;
		if (wire_field_next(&left, &field) != WIRE_OK || (field.number == RECORDS_RECORD >> 3 && field.type != WIRE_BYTES))
			return false;
		*records = left;
		*record = field.bytes;
		if (field.number == RECORDS_RECORD >> 3)
			return true;
	}
	return false;
}

static bool flag_read(const struct wire_field *field, bool *flag)
{
	*flag = field->value == 1;
	return field->value <= 1;
}

/* Grows RUN to the end of this field: repeated messages are kept as they stand, one behind the other. */
static bool run_extend(struct slice *run, struct slice raw)
{
	if (run->len == 0)
		run->ptr = raw.ptr;
	bool is_next = run->ptr + run->len == raw.ptr;
	run->len += raw.len;
	return is_next;
}

/* Dots, positions and stretches. */
static bool fields_read(struct slice bytes, struct record_stretch *stretch, bool *is_floor)
{
	*is_floor = false;
	*stretch = (struct record_stretch){ .dc = { bytes.ptr, 0 } };
	while (bytes.len > 0) {
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		if (field.number > DOT_FIELD_MAX)
			continue;
		switch ((enum dot_tag)WIRE_TAG(field.number, field.type)) {
		case DOT_DC: stretch->dc = field.bytes; break;
		case DOT_INCARNATION: stretch->incarnation = field.value; break;
		case DOT_SEQ: stretch->first_seq = field.value; break;
		case DOT_LAST_SEQ: stretch->last_seq = field.value; break;
		case DOT_FLOOR: *is_floor = field.value != 0; break;
		default: return false;       /* a known field of another type */
		}
	}
	return stretch->dc.len > 0;
}

static bool stretch_read(struct slice bytes, struct record_stretch *stretch)
{
	bool is_floor;
	return fields_read(bytes, stretch, &is_floor) && stretch->first_seq > 0 && !is_floor;
}

static bool dot_read(struct slice bytes, struct record_dot *dot)
{
	struct record_stretch stretch;
	bool is_floor, is_read = fields_read(bytes, &stretch, &is_floor);
	*dot = (struct record_dot){ stretch.dc, stretch.incarnation, stretch.first_seq, false };
	return is_read && stretch.last_seq == 0 && stretch.first_seq > 0 && !is_floor;
}

/* A floor has no seq; nor has what was not seen although it is below one. */
static bool position_read(struct slice bytes, struct record_dot *position)
{
	struct record_stretch stretch;
	bool is_floor, is_read = fields_read(bytes, &stretch, &is_floor);
	*position = (struct record_dot){ stretch.dc, stretch.incarnation, stretch.first_seq, is_floor };
	return is_read && stretch.last_seq == 0;
}

static bool side_field_read(const struct wire_field *field, struct slice raw, struct record_side *side)
{
	struct record_dot position;
	switch ((enum side_tag)WIRE_TAG(field->number, field->type)) {
	case SIDE_DOT: return dot_read(field->bytes, &side->dot);
	case SIDE_HLC: side->hlc = field->value; return true;
	case SIDE_CONTEXT: return run_extend(&side->context, raw) && position_read(field->bytes, &position);
	case SIDE_COMMAND: side->command = field->bytes; return true;
	case SIDE_CLIENT: side->client = field->bytes; return true;
	case SIDE_VALUE: side->value = field->bytes; return true;
	case SIDE_VALUE_LEN: side->value_len = field->value; return true;
	case SIDE_VALUE_HASH: side->value_hash = field->value; return true;
	case SIDE_REMOVAL: return flag_read(field, &side->is_removal);
	case SIDE_LIVE: return flag_read(field, &side->is_live);
	case SIDE_DEAD: return flag_read(field, &side->is_dead);
	case SIDE_EXPLICIT: return flag_read(field, &side->is_explicit);
	case SIDE_INCREMENT: return flag_read(field, &side->is_increment);
	case SIDE_COVERED: return flag_read(field, &side->is_covered);
	case SIDE_CLEARING: return flag_read(field, &side->is_clearing);
	case SIDE_AGAIN: return flag_read(field, &side->is_again);
	case SIDE_TAKE_OVER: return flag_read(field, &side->is_take_over);
	case SIDE_COVER:
	case SIDE_KILL: return run_extend(&side->covers, raw) && dot_read(field->bytes, &position);
	default: return false;
	}
}

static bool side_read(struct slice bytes, struct record_side *side)
{
	*side = (struct record_side){ .command = { bytes.ptr, 0 }, .client = { bytes.ptr, 0 }, .value = { bytes.ptr, 0 },
		.context = { bytes.ptr, 0 }, .covers = { bytes.ptr, 0 } };
	while (bytes.len > 0) {
		const char *start = bytes.ptr;
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		struct slice raw = { start, (size_t)(bytes.ptr - start) };
		if (field.number <= SIDE_FIELD_MAX && !side_field_read(&field, raw, side))
			return false;
	}
	return side->dot.seq > 0 && side->value.len <= side->value_len && (!side->is_removal || side->value_len == 0);
}

static bool side_add(struct record_scratch *scratch, struct slice bytes, struct record *record)
{
	scratch->sides = array_reserve(scratch->sides, record->side_count, &scratch->cap, sizeof *scratch->sides);
	return side_read(bytes, &scratch->sides[record->side_count++]);
}

static bool number32_read(const struct wire_field *field, uint32_t *number)
{
	*number = (uint32_t)field->value;
	return field->value <= UINT32_MAX;
}

/* The fields that are numbers: kind, status, counts and times. */
static bool number_field_read(const struct wire_field *field, struct record *record)
{
	switch ((enum record_tag)WIRE_TAG(field->number, field->type)) {
	case RECORD_TAG_KIND:
		record->kind = (enum record_kind)field->value;
		return field->value < RECORD_KIND_COUNT && record_kind_text(record->kind) != NULL;
	case RECORD_TAG_STATUS:
		record->status = (enum record_status)field->value;
		return field->value < RECORD_STATUS_COUNT && record_status_text(record->status) != NULL;
	case RECORD_TAG_FORMAT: return true;
	case RECORD_TAG_DB: return number32_read(field, &record->db);
	case RECORD_TAG_RULES_DIGEST: record->rules_digest = field->value; return true;
	case RECORD_TAG_PAIRS: record->pairs = field->value; return true;
	case RECORD_TAG_OPENED_HLC: record->opened_hlc = field->value; return true;
	case RECORD_TAG_ENDED_HLC: record->ended_hlc = field->value; return true;
	case RECORD_TAG_FIRST_HLC: record->first_hlc = field->value; return true;
	case RECORD_TAG_ATTEMPTS: return number32_read(field, &record->attempts);
	default: return false;
	}
}

static bool field_read(const struct wire_field *field, struct slice raw, struct record_scratch *scratch, struct record *record)
{
	struct record_stretch stretch;
	switch ((enum record_tag)WIRE_TAG(field->number, field->type)) {
	case RECORD_TAG_ID: record->id = field->bytes; return true;
	case RECORD_TAG_KEY: record->key = field->bytes; return true;
	case RECORD_TAG_ELEMENT: record->element = field->bytes; return true;
	case RECORD_TAG_TYPE: record->type = field->bytes; return true;
	case RECORD_TAG_RULE: record->rule = field->bytes; return true;
	case RECORD_TAG_SIDE: return side_add(scratch, field->bytes, record);
	case RECORD_TAG_WINNER: return dot_read(field->bytes, &record->winner);
	case RECORD_TAG_VALUE: record->value = field->bytes; return true;
	case RECORD_TAG_RESOLUTION: return dot_read(field->bytes, &record->resolution);
	case RECORD_TAG_RESOLVED_BY: record->resolved_by = field->bytes; return true;
	case RECORD_TAG_MERGED_INTO: record->merged_into = field->bytes; return true;
	case RECORD_TAG_LAST_ERROR: record->last_error = field->bytes; return true;
	case RECORD_TAG_STRETCH: return run_extend(&record->stretches, raw) && stretch_read(field->bytes, &stretch);
	default: return number_field_read(field, record);
	}
}

static bool id_is_valid(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if ((unsigned char)id.ptr[i] <= ' ' || (unsigned char)id.ptr[i] >= 0x7f)
			return false;
	return id.len > 0 && id.len <= RECORD_ID_MAX;
}

/* The format comes first, so a newer one is known before any of its other fields can puzzle us. */
static bool format_is_known(struct slice bytes)
{
	struct wire_field field;
	return bytes.len > 0 && wire_field_next(&bytes, &field) == WIRE_OK && field.number == RECORD_TAG_FORMAT >> 3 &&
	       field.type == WIRE_VARINT && field.value >= 1 && field.value <= RECORD_FORMAT;
}

bool record_decode(struct slice bytes, struct record_scratch *scratch, struct record *record)
{
	struct slice nothing = { bytes.ptr, 0 };
	*record = (struct record){ .id = nothing, .key = nothing, .element = nothing, .type = nothing, .rule = nothing, .stretches = nothing,
		                   .value = nothing, .resolved_by = nothing, .last_error = nothing, .merged_into = nothing };
	if (!format_is_known(bytes))
		return false;
	while (bytes.len > 0) {
		const char *start = bytes.ptr;
		struct wire_field field;
		if (wire_field_next(&bytes, &field) != WIRE_OK)
			return false;
		struct slice raw = { start, (size_t)(bytes.ptr - start) };
		if (field.number <= RECORD_FIELD_MAX && !field_read(&field, raw, scratch, record))
			return false;
	}
	record->sides = scratch->sides;
	return id_is_valid(record->id) && record->kind != 0 && record->status != 0;
}

bool record_position_next(struct slice *context, struct record_dot *position)
{
	struct wire_field field;
	while (context->len > 0 && wire_field_next(context, &field) == WIRE_OK)
		if (WIRE_TAG(field.number, field.type) == SIDE_CONTEXT && position_read(field.bytes, position))
			return true;
	return false;
}

bool record_cover_next(struct slice *covers, struct record_dot *by, bool *is_kill)
{
	struct wire_field field;
	while (covers->len > 0 && wire_field_next(covers, &field) == WIRE_OK) {
		*is_kill = WIRE_TAG(field.number, field.type) == SIDE_KILL;
		if ((*is_kill || WIRE_TAG(field.number, field.type) == SIDE_COVER) && dot_read(field.bytes, by))
			return true;
	}
	return false;
}

bool record_stretch_next(struct slice *stretches, struct record_stretch *stretch)
{
	struct wire_field field;
	while (stretches->len > 0 && wire_field_next(stretches, &field) == WIRE_OK)
		if (WIRE_TAG(field.number, field.type) == RECORD_TAG_STRETCH && stretch_read(field.bytes, stretch))
			return true;
	return false;
}
