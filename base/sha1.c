/* SHA-1 (see sha1.h), block by block. */
#include "sha1.h"

#define BLOCK 64

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static void take_block(uint32_t state[5], const unsigned char *block)
{
	uint32_t words[80];
	for (unsigned i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < 80; i++)
		words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (unsigned i = 0; i < 80; i++) {
		uint32_t mixed, constant;
		if (i < 20) {
			mixed = (b & c) | (~b & d);
			constant = 0x5a827999;
		} else if (i < 40 || i >= 60) {
			mixed = b ^ c ^ d;
			constant = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
		} else {
			mixed = (b & c) | (b & d) | (c & d);
			constant = 0x8f1bbcdc;
		}
		uint32_t next = rotate(a, 5) + mixed + e + constant + words[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void sha1_hex(struct slice bytes, char hex[SHA1_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	unsigned char last[2 * BLOCK] = { 0 };
	size_t whole = bytes.len / BLOCK * BLOCK, left = bytes.len - whole, padded = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	for (size_t at = 0; at < whole; at += BLOCK)
		take_block(state, (const unsigned char *)bytes.ptr + at);
	if (left > 0)
		memcpy(last, bytes.ptr + whole, left);
	last[left] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		last[padded - 1 - i] = (unsigned char)((uint64_t)bytes.len * 8 >> 8 * i);
	for (size_t at = 0; at < padded; at += BLOCK)
		take_block(state, last + at);
	for (unsigned i = 0; i < SHA1_HEX; i++)
		hex[i] = digits[state[i / 8] >> (28 - 4 * (i % 8)) & 15];
}
