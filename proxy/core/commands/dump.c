#include "dump.h"

#define DUMP_CHECKSUM 8
#define CRC64_JONES UINT64_C(0x95ac9329ac4bc9b5)

/* A DUMP starts with its type, numbered as in RDB files: strings, lists, sets, sorted sets and hashes in each of their encodings, streams. */
bool dump_type_is_known(unsigned char type)
{
	static const unsigned char types[] = { 0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 };
	for (size_t i = 0; i < sizeof(types); i++)
		if (type == types[i])
			return true;
	return false;
}

static uint64_t sum_of(const char *bytes, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i++) {
		sum ^= (unsigned char)bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? CRC64_JONES : 0);
	}
	return sum;
}

bool dump_is_whole(struct slice dump)
{
	if (dump.len < DUMP_FOOTER)
		return false;
	uint64_t stated = 0;
	for (unsigned i = 1; i <= DUMP_CHECKSUM; i++)
		stated = stated << 8 | (unsigned char)dump.ptr[dump.len - i];
	return sum_of(dump.ptr, dump.len - DUMP_CHECKSUM) == stated;
}

void dump_end(struct buffer *out, size_t first, struct slice version)
{
	buffer_add(out, version);
	uint64_t sum = sum_of(out->ptr + first, out->len - first);
	for (unsigned i = 0; i < DUMP_CHECKSUM; i++)
		buffer_add_byte(out, (char)(sum >> (8 * i)));
}

/* ---- streams ---- */

static bool skip(struct slice *cursor, uint64_t len)
{
	if (len > cursor->len)
		return false;
	cursor->ptr += len;
	cursor->len -= (size_t)len;
	return true;
}

static bool take_bytes(struct slice *cursor, unsigned count, uint64_t *number)
{
	*number = 0;
	for (unsigned i = 0; i < count && i < cursor->len; i++)
		*number = *number << 8 | (unsigned char)cursor->ptr[i];
	return skip(cursor, count);
}

/* As RDB files have lengths: 6, 14, 32 or 64 bits. *is_encoded: it tells how a string is encoded instead. */
static bool take_length(struct slice *cursor, uint64_t *length, bool *is_encoded)
{
	uint64_t first, more;
	if (!take_bytes(cursor, 1, &first))
		return false;
	*is_encoded = first >> 6 == 3;
	*length = first & 63;
	if (first == 0x80 || first == 0x81)
		return take_bytes(cursor, first == 0x80 ? 4 : 8, length);
	if (first >> 6 != 1)
		return first >> 6 != 2;
	if (!take_bytes(cursor, 1, &more))
		return false;
	*length = *length << 8 | more;
	return true;
}

static bool take_number(struct slice *cursor, uint64_t *number)
{
	bool is_encoded;
	return take_length(cursor, number, &is_encoded) && !is_encoded;
}

/* An integer of 1, 2 or 4 bytes, or compressed, or as it is. */
static bool skip_string(struct slice *cursor)
{
	uint64_t length, whole;
	bool is_encoded;
	if (!take_length(cursor, &length, &is_encoded))
		return false;
	if (is_encoded && length < 3)
		return skip(cursor, UINT64_C(1) << length);
	if (is_encoded && (length != 3 || !take_number(cursor, &length) || !take_number(cursor, &whole)))
		return false;
	return skip(cursor, length);
}

/* Nodes of entries; how many there are, and ids; how many groups. Since Redis 7.0 there are two more ids, and how many entries were ever added. */
static bool count_groups(struct slice dump, uint64_t *groups)
{
	uint64_t nodes, number;
	unsigned numbers = dump.ptr[0] == 15 ? 3 : 8;
	if (!skip(&dump, 1) || !take_number(&dump, &nodes))
		return false;
	for (uint64_t i = 0; i < nodes; i++)
		if (!skip_string(&dump) || !skip_string(&dump))
			return false;
	for (unsigned i = 0; i < numbers; i++)
		if (!take_number(&dump, &number))
			return false;
	return take_number(&dump, groups);
}

bool dump_has_groups(struct slice dump)
{
	uint64_t groups;
	if (dump.len == 0 || (dump.ptr[0] != 15 && dump.ptr[0] != 19 && dump.ptr[0] != 21))
		return false;
	return !count_groups(dump, &groups) || groups > 0;
}
