/* MessagePack (see msgpack.h; https://github.com/msgpack/msgpack/blob/master/spec.md). */
#include "msgpack.h"

static bool take_uint(struct slice *cursor, unsigned bytes, uint64_t *number)
{
	if (cursor->len < bytes)
		return false;
	*number = 0;
	for (unsigned i = 0; i < bytes; i++)
		*number = *number << 8 | (unsigned char)cursor->ptr[i];
	cursor->ptr += bytes;
	cursor->len -= bytes;
	return true;
}

static bool take_text(struct slice *cursor, uint64_t len, struct pack *pack)
{
	if (cursor->len < len)
		return false;
	pack->type = PACK_TEXT;
	pack->text = (struct slice){ cursor->ptr, (size_t)len };
	cursor->ptr += len;
	cursor->len -= (size_t)len;
	return true;
}

static bool take_double(struct slice *cursor, unsigned bytes, struct pack *pack)
{
	uint64_t bits;
	if (!take_uint(cursor, bytes, &bits))
		return false;
	pack->type = PACK_DOUBLE;
	if (bytes == 4) {
		uint32_t half = (uint32_t)bits;
		float number;
		memcpy(&number, &half, sizeof number);
		pack->number = number;
	} else {
		memcpy(&pack->number, &bits, sizeof bits);
	}
	return true;
}

static bool take_count(struct slice *cursor, unsigned bytes, enum pack_type type, struct pack *pack)
{
	uint64_t count;
	pack->type = type;
	if (!take_uint(cursor, bytes, &count))
		return false;
	pack->integer = (int64_t)count;
	return true;
}

static bool take_integer(struct slice *cursor, unsigned bytes, bool is_signed, struct pack *pack)
{
	uint64_t number;
	pack->type = PACK_INTEGER;
	if (!take_uint(cursor, bytes, &number))
		return false;
	if (is_signed && bytes < 8 && (number >> (8 * bytes - 1)) != 0)
		number |= UINT64_MAX << 8 * bytes;
	pack->integer = (int64_t)number;
	return true;
}

static bool take_rest(struct slice *cursor, unsigned code, struct pack *pack)
{
	uint64_t len;
	switch (code) {
	case 0xc0: pack->type = PACK_NIL; return true;
	case 0xc2: case 0xc3:
		pack->type = PACK_BOOLEAN;
		pack->integer = code == 0xc3;
		return true;
	case 0xc4: case 0xd9: return take_uint(cursor, 1, &len) && take_text(cursor, len, pack);
	case 0xc5: case 0xda: return take_uint(cursor, 2, &len) && take_text(cursor, len, pack);
	case 0xc6: case 0xdb: return take_uint(cursor, 4, &len) && take_text(cursor, len, pack);
	case 0xca: return take_double(cursor, 4, pack);
	case 0xcb: return take_double(cursor, 8, pack);
	case 0xcc: case 0xcd: case 0xce: case 0xcf: return take_integer(cursor, 1u << (code - 0xcc), false, pack);
	case 0xd0: case 0xd1: case 0xd2: case 0xd3: return take_integer(cursor, 1u << (code - 0xd0), true, pack);
	case 0xdc: return take_count(cursor, 2, PACK_ARRAY, pack);
	case 0xdd: return take_count(cursor, 4, PACK_ARRAY, pack);
	case 0xde: return take_count(cursor, 2, PACK_MAP, pack);
	case 0xdf: return take_count(cursor, 4, PACK_MAP, pack);
	}
	return false;
}

bool pack_read(struct slice *cursor, struct pack *pack)
{
	uint64_t code;
	*pack = (struct pack){ 0 };
	if (!take_uint(cursor, 1, &code))
		return false;
	if (code <= 0x7f || code >= 0xe0) {
		pack->type = PACK_INTEGER;
		pack->integer = (signed char)code;
		return true;
	}
	if (code >= 0xa0 && code <= 0xbf)
		return take_text(cursor, code & 31, pack);
	if (code <= 0x9f) {
		pack->type = code >= 0x90 ? PACK_ARRAY : PACK_MAP;
		pack->integer = (int64_t)(code & 15);
		return true;
	}
	return take_rest(cursor, (unsigned)code, pack);
}
