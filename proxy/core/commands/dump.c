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
