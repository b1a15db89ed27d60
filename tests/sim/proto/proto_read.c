/* The part of protobuf that the schema uses: varints, fixed eight bytes, and bytes with their length before them. */
#include "proto_read.h"

#include <string.h>

enum { TYPE_VARINT = 0, TYPE_FIXED64 = 1, TYPE_BYTES = 2 };

struct field {
	uint64_t number;
	unsigned type;
	uint64_t value;
	struct slice bytes;
};

static bool take_varint(struct slice *bytes, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; bytes->len > 0 && shift < 64; shift += 7) {
		unsigned char byte = (unsigned char)*bytes->ptr++;

		bytes->len--;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool take_bytes(struct slice *bytes, uint64_t len, struct slice *taken)
{
	if (len > bytes->len)
		return false;
	*taken = (struct slice){ bytes->ptr, (size_t)len };
	*bytes = (struct slice){ bytes->ptr + len, bytes->len - (size_t)len };
	return true;
}

static bool take_field(struct slice *bytes, struct field *field)
{
	uint64_t tag;

	*field = (struct field){ .number = 0 };
	if (!take_varint(bytes, &tag))
		return false;
	field->number = tag >> 3;
	field->type = tag & 7;
	switch (field->type) {
	case TYPE_VARINT:
		return take_varint(bytes, &field->value);
	case TYPE_FIXED64:
		if (!take_bytes(bytes, sizeof(field->value), &field->bytes))
			return false;
		memcpy(&field->value, field->bytes.ptr, sizeof(field->value));       /* little-endian, as are the machines that tests run on */
		return true;
	case TYPE_BYTES:
		return take_varint(bytes, &field->value) && take_bytes(bytes, field->value, &field->bytes);
	default:
		return false;
	}
}

static unsigned type_of(enum proto_as as)
{
	switch (as) {
	case PROTO_UINT64:
	case PROTO_UINT32:
	case PROTO_SINT64:
	case PROTO_BOOL:
		return TYPE_VARINT;
	case PROTO_FIXED64:
		return TYPE_FIXED64;
	case PROTO_TEXT:
	case PROTO_MESSAGE:
		return TYPE_BYTES;
	}
	return TYPE_BYTES;
}

static bool field_put(const struct field *field, const struct proto_row *row, void *message)
{
	char *place = (char *)message + row->offset;
	uint32_t number = (uint32_t)field->value;
	int64_t signed_number = (int64_t)(field->value >> 1) ^ -(int64_t)(field->value & 1);

	if (field->type != type_of(row->as))
		return false;
	switch (row->as) {
	case PROTO_UINT64:
	case PROTO_FIXED64:
		memcpy(place, &field->value, sizeof(field->value));
		return true;
	case PROTO_UINT32:
		memcpy(place, &number, sizeof(number));
		return number == field->value;
	case PROTO_SINT64:
		memcpy(place, &signed_number, sizeof(signed_number));
		return true;
	case PROTO_BOOL:
		*(bool *)place = field->value != 0;
		return field->value <= 1;
	case PROTO_TEXT:
		memcpy(place, &field->bytes, sizeof(field->bytes));
		return true;
	case PROTO_MESSAGE:
		return row->take(message, field->bytes);
	}
	return false;
}

bool proto_read(struct slice bytes, const struct proto_row *rows, unsigned row_count, void *message)
{
	while (bytes.len > 0) {
		struct field field;

		if (!take_field(&bytes, &field))
			return false;
		for (unsigned i = 0; i < row_count; i++)
			if (rows[i].number == field.number && !field_put(&field, &rows[i], message))
				return false;
	}
	return true;
}

bool proto_position_read(struct slice bytes, struct proto_position *position)
{
	static const struct proto_row rows[] = {
		PROTO_ROW(1, PROTO_TEXT, struct proto_position, dc),
		PROTO_ROW(2, PROTO_UINT64, struct proto_position, incarnation),
		PROTO_ROW(3, PROTO_UINT64, struct proto_position, seq),
	};

	*position = (struct proto_position){ .seq = 0 };
	return proto_read(bytes, rows, PROTO_COUNT(rows), position) && position->dc.len > 0;
}

/* The bytes of the next field that is compared; empty at the end. */
static struct slice take_whole(struct slice *bytes, const unsigned *numbers, unsigned count)
{
	while (bytes->len > 0) {
		const char *start = bytes->ptr;
		struct field field;
		bool is_left_out = false;

		if (!take_field(bytes, &field))
			break;
		for (unsigned i = 0; i < count; i++)
			is_left_out = is_left_out || numbers[i] == field.number;
		if (!is_left_out)
			return (struct slice){ start, (size_t)(bytes->ptr - start) };
	}
	return (struct slice){ bytes->ptr, 0 };
}

bool proto_equal_but(struct slice a, struct slice b, const unsigned *numbers, unsigned count)
{
	struct slice one, other;

	do {
		one = take_whole(&a, numbers, count);
		other = take_whole(&b, numbers, count);
		if (!slice_equal(one, other))
			return false;
	} while (one.len > 0);
	return true;
}
