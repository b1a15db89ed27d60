/* Wire: protobuf's primitives, written into room that was measured before, and read from untrusted bytes.
 * Only what envelope_*.c and record.c need. */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include <string.h>

#include "base/bytes.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define WIRE_TAG(field, type) ((unsigned)((field) << 3 | (type)))   /* fields up to 15: one byte */
#define WIRE_BYTE_MAX 0x7fu

/* ---- writing: AT points to enough room; returns the end of what was written. Lengths are those of fields up to 15 ---- */

static inline size_t wire_varint_len(uint64_t value)
{
	/* Seven bits a byte; zero takes one, too. */
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
	return (bits + 6) / 7;
}

static inline char *wire_put_varint(char *at, uint64_t value)
{
	for (; value > WIRE_BYTE_MAX; value >>= 7)
		*at++ = (char)(value | 0x80);
	*at++ = (char)value;
	return at;
}

static inline char *wire_put_bytes(char *at, unsigned tag, struct slice bytes)
{
	at = wire_put_varint(wire_put_varint(at, tag), bytes.len);
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

/* Fields that hold their default are left out, as proto3 has it. */
static inline size_t wire_uint_len(uint64_t value)
{
	return value == 0 ? 0 : 1 + wire_varint_len(value);
}

static inline char *wire_put_uint(char *at, unsigned tag, uint64_t value)
{
	return value == 0 ? at : wire_put_varint(wire_put_varint(at, tag), value);
}

static inline size_t wire_text_len(struct slice bytes)
{
	return bytes.len == 0 ? 0 : 1 + wire_varint_len(bytes.len) + bytes.len;
}

static inline char *wire_put_text(char *at, unsigned tag, struct slice bytes)
{
	return bytes.len == 0 ? at : wire_put_bytes(at, tag, bytes);
}

static inline size_t wire_fixed64_len(uint64_t value)
{
	return value == 0 ? 0 : 1 + sizeof(value);
}

static inline char *wire_put_fixed64(char *at, unsigned tag, uint64_t value)
{
	if (value == 0)
		return at;
	at = wire_put_varint(at, tag);
	for (unsigned shift = 0; shift < 64; shift += 8)
		*at++ = (char)(value >> shift);
	return at;
}

static inline uint64_t wire_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t wire_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

/* ---- reading ---- */

enum wire_status { WIRE_OK, WIRE_TRUNCATED, WIRE_MALFORMED };

struct wire_field {
	uint64_t number;
	enum wire_type type;
	uint64_t value;              /* varint, fixed64, fixed32 */
	struct slice bytes;          /* WIRE_BYTES */
};

/* Takes one field off the front of *CURSOR, which is not empty. TRUNCATED: it goes on beyond the end. */
MUST_CHECK enum wire_status wire_field_next(struct slice *cursor, struct wire_field *field);
/* Takes the tag and the length of a field of bytes off the front, which may go on beyond the end. MALFORMED: it is of another type. */
MUST_CHECK enum wire_status wire_bytes_begin(struct slice *cursor, uint64_t *number, uint64_t *len);

#endif
