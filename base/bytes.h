/* Bytes: borrowed slices, owned buffers, and the only way the core gets memory.
 * Invariant: a slice is borrowed until the end of the turn; who keeps it longer copies it.
 * Running out of memory stops the process: everything durable is in Redis and in the log. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct slice {
	const char *ptr;
	size_t len;
};

/* A growable run of bytes. Zero-initialised is empty. Owned by whoever holds the struct. */
struct buffer {
	char *ptr;
	size_t len;
	size_t cap;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

/* Never return NULL; zero bytes give a valid pointer. */
void *memory_new(size_t size);   /* zeroed */
void *memory_resize(void *ptr, size_t size);
/* memory_resize for a PTR that may still be ROOM, of ROOM_SIZE bytes, inside its owner: then the bytes move to memory of their own, of SIZE, which is more. */
void *memory_outgrow(void *ptr, const void *room, size_t room_size, size_t size);
void memory_free(void *ptr);
/* Prefetches LEN bytes into the processor's cache. Prefetching many places takes little longer than waiting for one. */
static inline void memory_warm(const void *ptr, size_t len)
{
	const char *end = (const char *)ptr + len;
	for (const char *line = ptr; line < end; line += 64)
		__builtin_prefetch(line);
}

struct slice slice_of(const char *text);        /* a C string, without its terminator */
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII only */
struct slice slice_take_until(struct slice *text, char separator);      /* takes what is before SEPARATOR (or all) off the front */
int slice_compare(struct slice a, struct slice b);       /* like memcmp, shorter first */
uint64_t slice_hash(struct slice bytes);                 /* FNV-1a folded; not for untrusted denial-of-service protection of secrets */
void slice_to_text(char *text, size_t size, struct slice bytes);        /* as much of it as fits into SIZE bytes, with a terminator: a C string */
/* The whole slice as a signed decimal as Redis reads it (no spaces, no plus, no leading zeros). */
MUST_CHECK bool slice_to_int64(struct slice text, int64_t *number);
/* The whole slice as a finite or infinite floating-point number ("inf", "-inf", "1e3"; never "nan"). */
MUST_CHECK bool slice_to_long_double(struct slice text, long double *number);
/* Likewise, rounded once to a double, as Redis reads scores. */
MUST_CHECK bool slice_to_double(struct slice text, double *number);

void buffer_reserve(struct buffer *buffer, size_t len);  /* memory for LEN more bytes */
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_int64(struct buffer *buffer, int64_t number); /* decimal */
void buffer_add_uint64(struct buffer *buffer, uint64_t number);
void buffer_reset(struct buffer *buffer);                /* empty, keeps its memory (up to 1 MiB) */
void buffer_free(struct buffer *buffer);
struct slice buffer_copy(struct slice bytes);            /* an owned copy, which bytes_free frees */
void bytes_free(struct slice owned);                     /* nothing happens if it was never set */

/* Makes room for one more item behind the COUNT items, of SIZE bytes each, of an owned array with room for *CAP. Returns where the items are now. */
static inline void *array_reserve(void *items, unsigned count, unsigned *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = *cap > 0 ? *cap * 2 : 8;
	return memory_resize(items, *cap * size);
}

/* Here, since batches, replies and records are added up of very short pieces. */

/* Room for LEN more bytes at the end, which count at once. */
static inline char *buffer_grow(struct buffer *buffer, size_t len)
{
	if (len >= buffer->cap - buffer->len)
		buffer_reserve(buffer, len);
	char *room = buffer->ptr + buffer->len;
	buffer->len += len;
	return room;
}

static inline void buffer_add(struct buffer *buffer, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(buffer_grow(buffer, bytes.len), bytes.ptr, bytes.len);
}

static inline void buffer_add_byte(struct buffer *buffer, char byte)
{
	*buffer_grow(buffer, 1) = byte;
}

static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){ buffer->ptr == NULL ? "" : buffer->ptr, buffer->len };
}

#endif
