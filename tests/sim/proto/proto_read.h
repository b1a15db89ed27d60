/* Reads protobuf messages by a table with one row for each field of a message, as in docs/homeport.proto. It shares no code with the core: what the
 * core ships and stores is judged by the published schema. */
#ifndef SIM_PROTO_READ_H
#define SIM_PROTO_READ_H

#include "base/bytes.h"

enum proto_as {
	PROTO_UINT64,                /* varint → uint64_t */
	PROTO_UINT32,                /* varint → uint32_t, or an enum; larger numbers are refused */
	PROTO_SINT64,                /* varint, zigzag → int64_t */
	PROTO_BOOL,                  /* varint → bool */
	PROTO_FIXED64,               /* eight bytes → uint64_t, or a double */
	PROTO_TEXT,                  /* length and bytes → struct slice */
	PROTO_MESSAGE,               /* length and bytes → TAKE */
};

struct proto_row {
	unsigned number;
	enum proto_as as;
	size_t offset;               /* where it goes in the struct; not for messages */
	bool (*take)(void *message, struct slice bytes);
};

/* Reads BYTES into the struct MESSAGE. Fields without a row are skipped. False: truncated, malformed, or a field has another type than its row
 * says. */
MUST_CHECK bool proto_read(struct slice bytes, const struct proto_row *rows, unsigned row_count, void *message);
/* Are two messages the same, byte for byte, apart from their fields with these NUMBERS? */
bool proto_equal_but(struct slice a, struct slice b, const unsigned *numbers, unsigned count);

/* A position of a context (an entry of a version vector). Several messages have one, and it also names a write or a version (a dot). */
struct proto_position { struct slice dc; uint64_t incarnation, seq; };
MUST_CHECK bool proto_position_read(struct slice bytes, struct proto_position *position);

#define PROTO_ROW(number, as, type, member) { number, as, offsetof(type, member), NULL }
#define PROTO_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#endif
