#include "base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct slice bytes, struct buffer *out)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.ptr[i + 2];
		buffer_add_byte(out, digits[group >> 18]);
		buffer_add_byte(out, digits[group >> 12 & 63]);
		buffer_add_byte(out, left > 1 ? digits[group >> 6 & 63] : '=');
		buffer_add_byte(out, left > 2 ? digits[group & 63] : '=');
	}
}

bool base64_decode(struct slice text, struct buffer *out)
{
	if (text.len % 4 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		bool is_last = i + 4 == text.len;
		unsigned padding = is_last && text.ptr[i + 3] == '=' ? text.ptr[i + 2] == '=' ? 2 : 1 : 0;
		uint32_t group = 0;
		for (unsigned j = 0; j < 4; j++) {
			const char *digit = j >= 4 - padding ? digits : text.ptr[i + j] == '\0' ? NULL : strchr(digits, text.ptr[i + j]);
			if (digit == NULL)
				return false;
			group = group << 6 | (uint32_t)(digit - digits);
		}
		for (unsigned j = 0; j < 3 - padding; j++)
			buffer_add_byte(out, (char)(group >> (16 - 8 * j)));
	}
	return true;
}
