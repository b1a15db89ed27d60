#include "user_hash.h"

#define KEY_LOW UINT64_C(0x686f6d65706f7274)     /* "homeport" */
#define KEY_HIGH UINT64_C(0x75736572733a6964)    /* "users:id" */
#define COST_DIGITS 24

struct sip { uint64_t v0, v1, v2, v3; };

static uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void sip_round(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v3;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 += sip->v3;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 += sip->v1;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v2 = rotate(sip->v2, 32);
}

static void sip_word(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	sip_round(sip);
	sip_round(sip);
	sip->v0 ^= word;
}

/* Little endian, whatever the machine is. */
static uint64_t word_at(const char *bytes, size_t count)
{
	uint64_t word = 0;
	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
	return word;
}

static uint64_t sip_finish(struct sip *sip)
{
	for (unsigned i = 0; i < 4; i++)
		sip_round(sip);
	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

static struct user_hash sip_hash(uint64_t key_low, uint64_t key_high, struct slice bytes)
{
	struct sip sip = {
		key_low ^ UINT64_C(0x736f6d6570736575), key_high ^ UINT64_C(0x646f72616e646f6d) ^ 0xee, key_low ^ UINT64_C(0x6c7967656e657261),
		key_high ^ UINT64_C(0x7465646279746573),
	};
	size_t whole = bytes.len - bytes.len % 8;
	for (size_t at = 0; at < whole; at += 8)
		sip_word(&sip, word_at(bytes.ptr + at, 8));
	sip_word(&sip, word_at(bytes.ptr + whole, bytes.len - whole) | (uint64_t)bytes.len << 56);
	sip.v2 ^= 0xee;
	struct user_hash hash = { .low = sip_finish(&sip) };
	sip.v1 ^= 0xdd;
	hash.high = sip_finish(&sip);
	return hash;
}

struct user_hash user_hash_name(struct slice name)
{
	return sip_hash(KEY_LOW, KEY_HIGH, name);
}

struct user_hash user_hash_id(struct user_hash name, struct slice id)
{
	return sip_hash(name.low, name.high, id);
}

struct user_hash user_hash(struct slice name, struct slice id)
{
	return user_hash_id(user_hash_name(name), id);
}

uint64_t user_hash_dc(struct slice name)
{
	return sip_hash(KEY_HIGH, KEY_LOW, name).low;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t user_hash_draw(struct user_hash user, uint64_t dc)
{
	uint64_t word = user.low ^ dc;
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

/* Digit by digit: the square of a number has twice its logarithm. Of the number, 32 binary digits are kept. */
uint64_t user_hash_cost(uint64_t draw)
{
	if (draw == 0)
		draw = 1;
	unsigned shift = (unsigned)__builtin_clzll(draw);
	uint64_t logarithm = 63 - shift, number = draw << shift >> 32;
	for (unsigned i = 0; i < COST_DIGITS; i++) {
		number = number * number >> 31;
		uint64_t digit = number >> 32;
		logarithm = logarithm << 1 | digit;
		number >>= digit;
	}
	return (UINT64_C(64) << COST_DIGITS) - logarithm;
}
