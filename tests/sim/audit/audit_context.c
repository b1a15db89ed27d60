/* Contexts as clients hold them: base64url of protobuf positions, read with code of the auditor's own. */
#include <string.h>

#include "audit_parts.h"

static bool take_byte(struct slice *text, unsigned *bits, unsigned *have, unsigned char *byte)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	while (*have < 8) {
		const char *letter = text->len == 0 ? NULL : memchr(letters, text->ptr[0], 64);

		if (letter == NULL)
			return false;
		*bits = *bits << 6 | (unsigned)(letter - letters);
		*have += 6;
		text->ptr++;
		text->len--;
	}
	*have -= 8;
	*byte = (unsigned char)(*bits >> *have);
	return true;
}

static bool take_number(struct slice *bytes, uint64_t *number)
{
	unsigned shift = 0;

	*number = 0;
	while (bytes->len > 0 && shift < 64) {
		unsigned char byte = (unsigned char)*bytes->ptr++;

		bytes->len--;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
		shift += 7;
	}
	return false;
}

/* Position: 1 dc, 2 incarnation, 3 seq, 5 floor. Floors come first. */
static bool position_take(struct auditor *auditor, struct slice bytes, struct vector *vector)
{
	uint64_t tag, number, numbers[6] = { 0 };
	int dc = -1;

	while (bytes.len > 0) {
		if (!take_number(&bytes, &tag) || !take_number(&bytes, &number))
			return false;
		if (tag == (1 << 3 | 2)) {
			if (number > bytes.len)
				return false;
			dc = audit_dc(auditor, (struct slice){ bytes.ptr, number });
			bytes = (struct slice){ bytes.ptr + number, bytes.len - number };
		} else if (tag == (2 << 3) || tag == (3 << 3) || tag == (5 << 3)) {
			numbers[tag >> 3] = number;
		} else {
			return false;
		}
	}
	if (dc < 0)
		return false;
	if (numbers[5] != 0)
		audit_take_floor(auditor, vector, (unsigned)dc, numbers[2]);
	else
		vector_set(vector, audit_origin(auditor, (unsigned)dc, numbers[2]), numbers[3]);
	return true;
}

bool audit_context_read(struct auditor *auditor, struct slice text, struct vector *vector)
{
	unsigned bits = 0, have = 0;
	struct buffer decoded = { .len = 0 };
	struct slice bytes;
	unsigned char byte;
	uint64_t tag, len;
	bool is_read = true;

	if (text.len == 1 && text.ptr[0] == '-')
		return true;
	while (take_byte(&text, &bits, &have, &byte))
		buffer_add_byte(&decoded, (char)byte);
	bytes = buffer_slice(&decoded);
	while (is_read && bytes.len > 0) {
		is_read = take_number(&bytes, &tag) && (tag & 7) == 2 && take_number(&bytes, &len) && len <= bytes.len &&
		          position_take(auditor, (struct slice){ bytes.ptr, len }, vector);
		if (is_read)
			bytes = (struct slice){ bytes.ptr + len, bytes.len - len };
	}
	buffer_free(&decoded);
	return is_read && text.len == 0;
}
