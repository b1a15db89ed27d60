/* Wire: reading protobuf's primitives (see wire.h). Strict: varints are as short as they can be and fit 64 bits. */
#include "wire.h"

#define VARINT_LEN_MAX 10

static enum wire_status long_varint_read(struct slice *cursor, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < VARINT_LEN_MAX; i++) {
		if (i == cursor->len)
			return WIRE_TRUNCATED;
		unsigned char byte = (unsigned char)cursor->ptr[i];
		/* The tenth byte has room for one bit; a last byte of zero would be padding. */
		if ((i == VARINT_LEN_MAX - 1 && byte > 1) || (i > 0 && byte == 0))
			return WIRE_MALFORMED;
		*value |= (uint64_t)(byte & WIRE_BYTE_MAX) << (7 * i);
		if (byte <= WIRE_BYTE_MAX) {
			cursor->ptr += i + 1;
			cursor->len -= i + 1;
			return WIRE_OK;
		}
	}
	return WIRE_MALFORMED;
}

/* Most are one byte. */
static inline enum wire_status varint_read(struct slice *cursor, uint64_t *value)
{
	if (cursor->len == 0 || (unsigned char)*cursor->ptr > WIRE_BYTE_MAX)
		return long_varint_read(cursor, value);
	*value = (unsigned char)*cursor->ptr;
	cursor->ptr++;
	cursor->len--;
	return WIRE_OK;
}

static enum wire_status fixed_read(struct slice *cursor, size_t len, uint64_t *value)
{
	if (cursor->len < len)
		return WIRE_TRUNCATED;
	*value = 0;
	for (size_t i = 0; i < len; i++)
		*value |= (uint64_t)(unsigned char)cursor->ptr[i] << (8 * i);
	cursor->ptr += len;
	cursor->len -= len;
	return WIRE_OK;
}

static enum wire_status bytes_read(struct slice *cursor, struct slice *bytes)
{
	uint64_t len;
	enum wire_status status = varint_read(cursor, &len);
	if (status != WIRE_OK)
		return status;
	if (len > cursor->len)
		return WIRE_TRUNCATED;
	*bytes = (struct slice){ cursor->ptr, (size_t)len };
	cursor->ptr += len;
	cursor->len -= (size_t)len;
	return WIRE_OK;
}

enum wire_status wire_field_next(struct slice *cursor, struct wire_field *field)
{
	uint64_t tag;
	enum wire_status status = varint_read(cursor, &tag);
	if (status != WIRE_OK)
		return status;
	field->number = tag >> 3;
	field->value = 0;
	field->bytes = (struct slice){ cursor->ptr, 0 };
	if (field->number == 0 || tag > UINT32_MAX)
		return WIRE_MALFORMED;
	switch (tag & 7) {
	case WIRE_VARINT:
		field->type = WIRE_VARINT;
		return varint_read(cursor, &field->value);
	case WIRE_FIXED64:
		field->type = WIRE_FIXED64;
		return fixed_read(cursor, 8, &field->value);
	case WIRE_BYTES:
		field->type = WIRE_BYTES;
		return bytes_read(cursor, &field->bytes);
	case WIRE_FIXED32:
		field->type = WIRE_FIXED32;
		return fixed_read(cursor, 4, &field->value);
	default:
		return WIRE_MALFORMED;       /* groups are history; nobody sends them */
	}
}

enum wire_status wire_bytes_begin(struct slice *cursor, uint64_t *number, uint64_t *len)
{
	uint64_t tag;
	enum wire_status status = varint_read(cursor, &tag);
	if (status != WIRE_OK)
		return status;
	*number = tag >> 3;
	return (tag & 7) == WIRE_BYTES ? varint_read(cursor, len) : WIRE_MALFORMED;
}
