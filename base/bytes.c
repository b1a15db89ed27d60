/* Bytes: memory, slices and growable buffers (see bytes.h). The core's only callers of malloc's family and of strto…().
 * Invariant: a buffer's len never exceeds its cap, and its ptr is NULL only while cap is 0. */
#include "bytes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_CAP_MIN 256
#define BUFFER_KEPT_MAX (1024 * 1024)
#define DECIMAL_LEN_MAX 20           /* of 2^64 - 1, and of -2^63 with its sign */
#define FLOAT_TEXT_MAX 5119           /* as Redis */

void *memory_new(size_t size)
{
	void *ptr = calloc(1, size == 0 ? 1 : size);
	assert(ptr != NULL);
	return ptr;
}

void *memory_resize(void *ptr, size_t size)
{
	void *resized = realloc(ptr, size == 0 ? 1 : size);
	assert(resized != NULL);
	return resized;
}

void *memory_outgrow(void *ptr, const void *room, size_t room_size, size_t size)
{
	if (ptr == NULL || ptr != room)
		return memory_resize(ptr, size);
	return memcpy(memory_resize(NULL, size), room, room_size);
}

void memory_free(void *ptr)
{
	free(ptr);
}

/* ---- slices ---- */

struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

void slice_to_text(char *text, size_t size, struct slice bytes)
{
	size_t len = bytes.len < size ? bytes.len : size - 1;
	if (len > 0)
		memcpy(text, bytes.ptr, len);
	text[len] = '\0';
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static unsigned char byte_lower(char byte)
{
	unsigned char c = (unsigned char)byte;
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.ptr[i]) != byte_lower(b.ptr[i]))
			return false;
	return true;
}

struct slice slice_take_until(struct slice *text, char separator)
{
	const char *at = text->len > 0 ? memchr(text->ptr, separator, text->len) : NULL;
	struct slice head = { text->ptr, at != NULL ? (size_t)(at - text->ptr) : text->len };
	size_t used = at != NULL ? head.len + 1 : head.len;
	text->ptr += used;
	text->len -= used;
	return head;
}

int slice_compare(struct slice a, struct slice b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

/* FNV's constants, eight bytes a step; the folds carry high bits down, which a multiplication alone never does. */
uint64_t slice_hash(struct slice bytes)
{
	const uint64_t prime = UINT64_C(0x100000001b3) | UINT64_C(0x9e3779b900000000);
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)bytes.len;
	const char *ptr = bytes.ptr;
	size_t left = bytes.len;
	for (; left >= sizeof(uint64_t); ptr += sizeof(uint64_t), left -= sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, ptr, sizeof(word));
		hash = (hash ^ word) * prime;
		hash ^= hash >> 32;
	}
	if (left > 0) {
		uint64_t word = 0;
		memcpy(&word, ptr, left);
		hash = (hash ^ word) * prime;
		hash ^= hash >> 32;
	}
	hash *= prime;
	return hash ^ (hash >> 29);
}

bool slice_to_int64(struct slice text, int64_t *number)
{
	if (text.len == 0 || text.len > DECIMAL_LEN_MAX)
		return false;
	bool is_negative = text.ptr[0] == '-';
	const char *digits = text.ptr + is_negative;
	size_t count = text.len - is_negative;
	/* Redis knows one spelling of every number: "0" alone starts with a zero, and there is no "-0". */
	if (count == 0 || (digits[0] == '0' && text.len > 1))
		return false;
	uint64_t limit = is_negative ? UINT64_C(1) << 63 : (uint64_t)INT64_MAX;
	uint64_t value = 0;
	for (size_t i = 0; i < count; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(digits[i] - '0');
		if (value > (limit - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = (int64_t)(is_negative ? 0 - value : value);
	return true;
}

/* Copies a number's text to a C string of FLOAT_TEXT_MAX bytes. Says no to what strto…() would read and Redis would not. */
static bool float_text_copy(struct slice text, char *copy)
{
	if (text.len == 0 || text.len > FLOAT_TEXT_MAX || memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	/* strto…() skip spaces; no number starts with a byte as low as theirs. */
	if ((unsigned char)text.ptr[0] <= ' ')
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return true;
}

/* An infinity that was not spelled out ("inf") is an overflow. */
static bool is_overflow(bool is_infinite, const char *text)
{
	return is_infinite && strpbrk(text, "nN") == NULL;
}

bool slice_to_long_double(struct slice text, long double *number)
{
	char copy[FLOAT_TEXT_MAX + 1];
	if (!float_text_copy(text, copy))
		return false;
	char *end;
	*number = strtold(copy, &end);
	return end == copy + text.len && !isnan(*number) && !is_overflow(isinf(*number), copy);
}

bool slice_to_double(struct slice text, double *number)
{
	char copy[FLOAT_TEXT_MAX + 1];
	if (!float_text_copy(text, copy))
		return false;
	char *end;
	*number = strtod(copy, &end);
	return end == copy + text.len && !isnan(*number) && !is_overflow(isinf(*number), copy);
}

/* ---- buffers ---- */

void buffer_reserve(struct buffer *buffer, size_t len)
{
	assert(len <= SIZE_MAX / 2 - buffer->len);
	size_t needed = buffer->len + len;
	if (needed <= buffer->cap && buffer->ptr != NULL)
		return;
	size_t cap = buffer->cap * 2 > BUFFER_CAP_MIN ? buffer->cap * 2 : BUFFER_CAP_MIN;
	buffer->cap = cap > needed ? cap : needed;
	buffer->ptr = memory_resize(buffer->ptr, buffer->cap);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, slice_of(text));
}

void buffer_add_uint64(struct buffer *buffer, uint64_t number)
{
	static const char pairs[] = "0001020304050607080910111213141516171819" "2021222324252627282930313233343536373839" "4041424344454647484950515253545556575859"
	                            "6061626364656667686970717273747576777879" "8081828384858687888990919293949596979899";
	char digits[DECIMAL_LEN_MAX];
	size_t start = sizeof(digits);
	for (; number >= 10; number /= 100) {
		start -= 2;
		memcpy(digits + start, pairs + 2 * (number % 100), 2);
	}
	/* Of an odd number of digits one is left; of an even one nothing, or the zero that is the number. */
	if (number > 0 || start == sizeof(digits))
		digits[--start] = (char)('0' + number);
	buffer_add(buffer, (struct slice){ digits + start, sizeof(digits) - start });
}

void buffer_add_int64(struct buffer *buffer, int64_t number)
{
	if (number < 0)
		buffer_add_byte(buffer, '-');
	buffer_add_uint64(buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void buffer_reset(struct buffer *buffer)
{
	buffer->len = 0;
	if (buffer->cap > BUFFER_KEPT_MAX)
		buffer_free(buffer);
}

void buffer_free(struct buffer *buffer)
{
	memory_free(buffer->ptr);
	*buffer = (struct buffer){ 0 };
}

struct slice buffer_copy(struct slice bytes)
{
	char *copy = memory_resize(NULL, bytes.len);
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	return (struct slice){ copy, bytes.len };
}

void bytes_free(struct slice owned)
{
	memory_free((void *)(uintptr_t)owned.ptr);
}
