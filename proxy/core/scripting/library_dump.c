/* Library dump (see library_dump.h). Each is one byte that says what follows, the length, and the text, which may be compressed (LZF). */
#include "library_dump.h"

#include "proxy/core/commands/dump.h"

#define OPCODE_LIBRARY '\xf5'

bool library_dump_open(struct slice dump, struct slice *libraries, struct slice *version)
{
	if (!dump_is_whole(dump))
		return false;
	*libraries = (struct slice){ dump.ptr, dump.len - DUMP_FOOTER };
	*version = (struct slice){ dump.ptr + libraries->len, DUMP_VERSION };
	return true;
}

static bool bytes_take(struct slice *rest, size_t len, struct slice *bytes)
{
	if (len > rest->len)
		return false;
	*bytes = (struct slice){ rest->ptr, len };
	rest->ptr += len;
	rest->len -= len;
	return true;
}

static bool number_take(struct slice *rest, unsigned len, uint64_t *number)
{
	struct slice bytes;
	if (!bytes_take(rest, len, &bytes))
		return false;
	for (unsigned i = 0; i < len; i++)
		*number = *number << 8 | (unsigned char)bytes.ptr[i];
	return true;
}

/* 6, 14, 32 or 64 bits; or 3 in six bits: compressed. */
static bool length_take(struct slice *rest, uint64_t *len, bool *is_compressed)
{
	uint64_t first = 0;
	*is_compressed = false;
	*len = 0;
	if (!number_take(rest, 1, &first))
		return false;
	if (first == 0x80 || first == 0x81)
		return number_take(rest, first == 0x80 ? 4 : 8, len);
	*len = first & 0x3f;
	if (first >> 6 == 1)
		return number_take(rest, 1, len);
	*is_compressed = first == 0xc3;
	return first >> 6 == 0 || *is_compressed;
}

/* LZF: runs of bytes as they are (below 32: one less than how many), and runs that stand further in front. */
static bool lzf_expand(struct slice packed, size_t len, struct buffer *out)
{
	size_t start = out->len;
	while (packed.len > 0) {
		uint64_t head = 0, count, back = 0;
		struct slice bytes;
		if (!number_take(&packed, 1, &head))
			return false;
		if (head < 32) {
			if (!bytes_take(&packed, head + 1, &bytes))
				return false;
			buffer_add(out, bytes);
		} else {
			count = head >> 5;
			if (count == 7 && (count = 0, !number_take(&packed, 1, &count)))
				return false;
			count += head >> 5 == 7 ? 9 : 2;
			back = head & 31;
			if (!number_take(&packed, 1, &back) || back + 1 > out->len - start)
				return false;
			for (uint64_t i = 0; i < count; i++)
				buffer_add_byte(out, out->ptr[out->len - back - 1]);
		}
		if (out->len - start > len)
			return false;
	}
	return out->len - start == len;
}

bool library_dump_next(struct slice *libraries, size_t bytes_max, struct buffer *code)
{
	uint64_t len, packed_len;
	struct slice opcode, text;
	bool is_compressed, is_nested;
	if (!bytes_take(libraries, 1, &opcode) || opcode.ptr[0] != OPCODE_LIBRARY || !length_take(libraries, &len, &is_compressed))
		return false;
	if (!is_compressed) {
		if (len > bytes_max || !bytes_take(libraries, len, &text))
			return false;
		buffer_add(code, text);
		return true;
	}
	return length_take(libraries, &packed_len, &is_nested) && !is_nested && length_take(libraries, &len, &is_nested) && !is_nested && len <= bytes_max &&
	       bytes_take(libraries, packed_len, &text) && lzf_expand(text, len, code);
}

void library_dump_add(struct buffer *out, struct slice code)
{
	buffer_add_byte(out, OPCODE_LIBRARY);
	buffer_add_byte(out, '\x81');
	for (unsigned shift = 64; shift > 0; shift -= 8)
		buffer_add_byte(out, (char)((uint64_t)code.len >> (shift - 8)));
	buffer_add(out, code);
}

struct slice library_dump_name(struct slice code)
{
	struct slice line = slice_take_until(&code, '\n');
	while (line.len > 0) {
		struct slice word = slice_take_until(&line, ' ');
		struct slice head = { word.ptr, word.len < 5 ? word.len : 5 };
		if (!slice_equal_nocase(head, SLICE("name=")))
			continue;
		word = (struct slice){ word.ptr + 5, word.len - 5 };
		while (word.len > 0 && (word.ptr[word.len - 1] == '\r' || word.ptr[word.len - 1] == '\t'))
			word.len--;
		return word;
	}
	return (struct slice){ "", 0 };
}
