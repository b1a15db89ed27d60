/* Record: a conflict as bytes, and back (see record.h). The bytes come from a store or a log and are not trusted: what is outside
 * docs/homeport.proto is refused, unknown fields are skipped, a newer format is refused. */
#include "record.h"

#include "wire.h"

#include <assert.h>

enum record_tag {
	RECORD_TAG_FORMAT = WIRE_TAG(1, WIRE_VARINT),
	RECORD_TAG_ID = WIRE_TAG(2, WIRE_BYTES),
	RECORD_TAG_KIND = WIRE_TAG(3, WIRE_VARINT),
	RECORD_TAG_STATUS = WIRE_TAG(4, WIRE_VARINT),
	RECORD_TAG_DB = WIRE_TAG(5, WIRE_VARINT),
	RECORD_TAG_KEY = WIRE_TAG(6, WIRE_BYTES),
	RECORD_TAG_ELEMENT = WIRE_TAG(7, WIRE_BYTES),
	RECORD_TAG_TYPE = WIRE_TAG(8, WIRE_BYTES),
	RECORD_TAG_RULE = WIRE_TAG(9, WIRE_BYTES),
	RECORD_TAG_RULES_DIGEST = WIRE_TAG(10, WIRE_FIXED64),
	RECORD_TAG_SIDE = WIRE_TAG(11, WIRE_BYTES),
	RECORD_TAG_PAIRS = WIRE_TAG(12, WIRE_VARINT),
	RECORD_TAG_WINNER = WIRE_TAG(13, WIRE_BYTES),
	RECORD_TAG_VALUE = WIRE_TAG(14, WIRE_BYTES),
	RECORD_TAG_RESOLUTION = WIRE_TAG(15, WIRE_BYTES),
	RECORD_TAG_RESOLVED_BY = WIRE_TAG(16, WIRE_BYTES),
	RECORD_TAG_OPENED_HLC = WIRE_TAG(17, WIRE_VARINT),
	RECORD_TAG_ENDED_HLC = WIRE_TAG(18, WIRE_VARINT),
	RECORD_TAG_ATTEMPTS = WIRE_TAG(19, WIRE_VARINT),
	RECORD_TAG_LAST_ERROR = WIRE_TAG(20, WIRE_BYTES),
	RECORD_TAG_FIRST_HLC = WIRE_TAG(21, WIRE_VARINT),
	RECORD_TAG_STRETCH = WIRE_TAG(22, WIRE_BYTES),
	RECORD_TAG_MERGED_INTO = WIRE_TAG(23, WIRE_BYTES),
	RECORD_FIELD_MAX = 23,
};

enum { RECORDS_RECORD = WIRE_TAG(1, WIRE_BYTES) };   /* of homeport.Conflicts */

enum dot_tag {                       /* of a Position as well */
	DOT_DC = WIRE_TAG(1, WIRE_BYTES),
	DOT_INCARNATION = WIRE_TAG(2, WIRE_VARINT),
	DOT_SEQ = WIRE_TAG(3, WIRE_VARINT),
	DOT_LAST_SEQ = WIRE_TAG(4, WIRE_VARINT),     /* of a Stretch */
	DOT_FIELD_MAX = 4,
};

enum side_tag {
	SIDE_DOT = WIRE_TAG(1, WIRE_BYTES),
	SIDE_HLC = WIRE_TAG(2, WIRE_VARINT),
	SIDE_CONTEXT = WIRE_TAG(3, WIRE_BYTES),
	SIDE_COMMAND = WIRE_TAG(4, WIRE_BYTES),
	SIDE_CLIENT = WIRE_TAG(5, WIRE_BYTES),
	SIDE_VALUE = WIRE_TAG(6, WIRE_BYTES),
	SIDE_VALUE_LEN = WIRE_TAG(7, WIRE_VARINT),
	SIDE_VALUE_HASH = WIRE_TAG(8, WIRE_FIXED64),
	SIDE_REMOVAL = WIRE_TAG(9, WIRE_VARINT),
	SIDE_LIVE = WIRE_TAG(10, WIRE_VARINT),
	SIDE_DEAD = WIRE_TAG(11, WIRE_VARINT),
	SIDE_EXPLICIT = WIRE_TAG(12, WIRE_VARINT),
	SIDE_INCREMENT = WIRE_TAG(13, WIRE_VARINT),
	SIDE_COVERED = WIRE_TAG(14, WIRE_VARINT),
	SIDE_CLEARING = WIRE_TAG(15, WIRE_VARINT),
	SIDE_COVER = WIRE_TAG(16, WIRE_BYTES),
	SIDE_KILL = WIRE_TAG(17, WIRE_BYTES),
	SIDE_AGAIN = WIRE_TAG(18, WIRE_VARINT),
	SIDE_FIELD_MAX = 18,
};

const char *record_kind_text(enum record_kind kind)
{
	static const char *const texts[RECORD_KIND_COUNT] = {
		[RECORD_WRITE_WRITE] = "write-write", [RECORD_WRITE_DELETE] = "write-delete", [RECORD_TYPE_CLASH] = "type-clash",
		[RECORD_EXPIRY_WRITE] = "expiry-write", [RECORD_DOUBLE_POP] = "double-pop", [RECORD_HANDLER_FAILED] = "handler-failed",
		[RECORD_STRANDED] = "stranded",
	};
	return kind < RECORD_KIND_COUNT ? texts[kind] : NULL;
}

const char *record_status_text(enum record_status status)
{
	static const char *const texts[RECORD_STATUS_COUNT] = {
		[RECORD_AUTO] = "auto", [RECORD_OPEN] = "open", [RECORD_RESOLVED] = "resolved", [RECORD_SUPERSEDED] = "superseded",
		[RECORD_IGNORED] = "ignored",
	};
	return status < RECORD_STATUS_COUNT ? texts[status] : NULL;
}

uint64_t record_hash(uint64_t start, struct slice bytes)
{
	uint64_t hash = start;
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* ---- writing: into room for the most that it can be, measured once. Fields above 15 have a tag of two bytes ---- */

#define FIELD_ROOM 12                /* a tag, and a number or the length of what follows */

static inline char *put_raw(char *at, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

static inline size_t dot_len(const struct record_dot *dot)
{
	return wire_text_len(dot->dc) + wire_uint_len(dot->incarnation) + wire_uint_len(dot->seq);
}

static inline size_t dot_room(const struct record_dot *dot)
{
	return 4 * FIELD_ROOM + dot->dc.len;
}

static inline char *put_dot_fields(char *at, const struct record_dot *dot)
{
	at = wire_put_text(at, DOT_DC, dot->dc);
	at = wire_put_uint(at, DOT_INCARNATION, dot->incarnation);
	return wire_put_uint(at, DOT_SEQ, dot->seq);
}

static inline char *put_dot(char *at, unsigned tag, const struct record_dot *dot)
{
	at = wire_put_varint(wire_put_varint(at, tag), dot_len(dot));
	return put_dot_fields(at, dot);
}

/* What is behind AT was not needed. */
static inline void end_at(struct buffer *out, const char *at)
{
	out->len = (size_t)(at - out->ptr);
}

static void add_dot(struct buffer *out, unsigned tag, const struct record_dot *dot)
{
	end_at(out, put_dot(buffer_grow(out, dot_room(dot)), tag, dot));
}

void record_add_position(struct buffer *out, const struct record_dot *position)
{
	add_dot(out, SIDE_CONTEXT, position);
}

void record_add_cover(struct buffer *out, const struct record_dot *by, bool is_kill)
{
	add_dot(out, is_kill ? SIDE_KILL : SIDE_COVER, by);
}

void record_add_stretch(struct buffer *out, const struct record_stretch *stretch)
{
	struct record_dot first = { stretch->dc, stretch->incarnation, stretch->first_seq };
	char *at = buffer_grow(out, dot_room(&first) + FIELD_ROOM);
	at = wire_put_varint(at, RECORD_TAG_STRETCH);
	at = wire_put_varint(at, dot_len(&first) + wire_uint_len(stretch->last_seq));
	at = put_dot_fields(at, &first);
	end_at(out, wire_put_uint(at, DOT_LAST_SEQ, stretch->last_seq));
}

static size_t side_len(const struct record_side *side)
{
	size_t dot = dot_len(&side->dot);
	return 1 + wire_varint_len(dot) + dot + wire_uint_len(side->hlc) + side->context.len + wire_text_len(side->command) +
	       wire_text_len(side->client) + wire_text_len(side->value) + wire_uint_len(side->value_len) +
	       wire_fixed64_len(side->value_hash) + wire_uint_len(side->is_removal) + wire_uint_len(side->is_live) +
	       wire_uint_len(side->is_dead) + wire_uint_len(side->is_explicit) +
	       wire_uint_len(side->is_increment) + wire_uint_len(side->is_covered) +
	       wire_uint_len(side->is_clearing) + side->covers.len + (side->is_again ? 3 : 0);
}

static size_t side_room(const struct record_side *side)
{
	return (1 + SIDE_FIELD_MAX) * FIELD_ROOM + dot_room(&side->dot) + side->context.len + side->command.len + side->client.len + side->value.len +
	       side->covers.len;
}

static char *put_side(char *at, const struct record_side *side)
{
	size_t len = side_len(side);
	at = wire_put_varint(wire_put_varint(at, RECORD_TAG_SIDE), len);
	const char *start = at;
	at = put_dot(at, SIDE_DOT, &side->dot);
	at = wire_put_uint(at, SIDE_HLC, side->hlc);
	at = put_raw(at, side->context);
	at = wire_put_text(at, SIDE_COMMAND, side->command);
	at = wire_put_text(at, SIDE_CLIENT, side->client);
	at = wire_put_text(at, SIDE_VALUE, side->value);
	at = wire_put_uint(at, SIDE_VALUE_LEN, side->value_len);
	at = wire_put_fixed64(at, SIDE_VALUE_HASH, side->value_hash);
	at = wire_put_uint(at, SIDE_REMOVAL, side->is_removal);
	at = wire_put_uint(at, SIDE_LIVE, side->is_live);
	at = wire_put_uint(at, SIDE_DEAD, side->is_dead);
	at = wire_put_uint(at, SIDE_EXPLICIT, side->is_explicit);
	at = wire_put_uint(at, SIDE_INCREMENT, side->is_increment);
	at = wire_put_uint(at, SIDE_COVERED, side->is_covered);
	at = wire_put_uint(at, SIDE_CLEARING, side->is_clearing);
	at = put_raw(at, side->covers);
	at = wire_put_uint(at, SIDE_AGAIN, side->is_again);
	assert(at == start + len);
	return at;
}

enum record_kind record_told_kind(const struct record *record)
{
	bool has_failed = record->status == RECORD_OPEN && record->last_error.len > 0;
	return has_failed ? RECORD_HANDLER_FAILED : record->kind;
}

static size_t record_room(const struct record *record)
{
	size_t room = RECORD_FIELD_MAX * FIELD_ROOM + record->id.len + record->key.len + record->element.len + record->type.len + record->rule.len +
	              dot_room(&record->winner) + record->value.len + dot_room(&record->resolution) + record->resolved_by.len +
	              record->last_error.len + record->stretches.len + record->merged_into.len;
	for (unsigned i = 0; i < record->side_count; i++)
		room += side_room(&record->sides[i]);
	return room;
}

void record_encode(struct buffer *out, const struct record *record)
{
	assert(record->id.len > 0 && record->id.len <= RECORD_ID_MAX);
	assert(record_kind_text(record->kind) != NULL && record_status_text(record->status) != NULL);
	char *at = buffer_grow(out, record_room(record));
	at = wire_put_uint(at, RECORD_TAG_FORMAT, RECORD_FORMAT);
	at = wire_put_text(at, RECORD_TAG_ID, record->id);
	at = wire_put_uint(at, RECORD_TAG_KIND, (uint64_t)record->kind);
	at = wire_put_uint(at, RECORD_TAG_STATUS, (uint64_t)record->status);
	at = wire_put_uint(at, RECORD_TAG_DB, record->db);
	at = wire_put_text(at, RECORD_TAG_KEY, record->key);
	at = wire_put_text(at, RECORD_TAG_ELEMENT, record->element);
	at = wire_put_text(at, RECORD_TAG_TYPE, record->type);
	at = wire_put_text(at, RECORD_TAG_RULE, record->rule);
	at = wire_put_fixed64(at, RECORD_TAG_RULES_DIGEST, record->rules_digest);
	for (unsigned i = 0; i < record->side_count; i++)
		at = put_side(at, &record->sides[i]);
	at = wire_put_uint(at, RECORD_TAG_PAIRS, record->pairs);
	if (record->winner.seq != 0)
		at = put_dot(at, RECORD_TAG_WINNER, &record->winner);
	at = wire_put_text(at, RECORD_TAG_VALUE, record->value);
	if (record->resolution.seq != 0)
		at = put_dot(at, RECORD_TAG_RESOLUTION, &record->resolution);
	at = wire_put_text(at, RECORD_TAG_RESOLVED_BY, record->resolved_by);
	at = wire_put_uint(at, RECORD_TAG_OPENED_HLC, record->opened_hlc);
	at = wire_put_uint(at, RECORD_TAG_ENDED_HLC, record->ended_hlc);
	at = wire_put_uint(at, RECORD_TAG_ATTEMPTS, record->attempts);
	at = wire_put_text(at, RECORD_TAG_LAST_ERROR, record->last_error);
	at = wire_put_uint(at, RECORD_TAG_FIRST_HLC, record->first_hlc);
	at = put_raw(at, record->stretches);
	at = wire_put_text(at, RECORD_TAG_MERGED_INTO, record->merged_into);
	assert(at <= out->ptr + out->len);
	end_at(out, at);
}

void records_add(struct buffer *out, struct slice record)
{
	end_at(out, wire_put_bytes(buffer_grow(out, FIELD_ROOM + record.len), RECORDS_RECORD, record));
}

/* ---- reading ---- */

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
static bool stretch_read(struct slice bytes, struct record_stretch *stretch)
{
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
		default: return false;       /* a known field of another type */
		}
	}
	return stretch->dc.len > 0 && stretch->first_seq > 0;
}

static bool dot_read(struct slice bytes, struct record_dot *dot)
{
	struct record_stretch stretch;
	bool is_read = stretch_read(bytes, &stretch);
	*dot = (struct record_dot){ stretch.dc, stretch.incarnation, stretch.first_seq };
	return is_read && stretch.last_seq == 0;
}

static bool side_field_read(const struct wire_field *field, struct slice raw, struct record_side *side)
{
	struct record_dot position;
	switch ((enum side_tag)WIRE_TAG(field->number, field->type)) {
	case SIDE_DOT: return dot_read(field->bytes, &side->dot);
	case SIDE_HLC: side->hlc = field->value; return true;
	case SIDE_CONTEXT: return run_extend(&side->context, raw) && dot_read(field->bytes, &position);
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
	if (record->side_count == scratch->cap) {
		scratch->cap = scratch->cap == 0 ? 8 : scratch->cap * 2;
		scratch->sides = memory_resize(scratch->sides, scratch->cap * sizeof *scratch->sides);
	}
	return side_read(bytes, &scratch->sides[record->side_count++]);
}

static bool number32_read(const struct wire_field *field, uint32_t *number)
{
	*number = (uint32_t)field->value;
	return field->value <= UINT32_MAX;
}

/* What says how much, how and when. */
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
		if (WIRE_TAG(field.number, field.type) == SIDE_CONTEXT && dot_read(field.bytes, position))
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
