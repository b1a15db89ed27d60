/* Retention: how long records that ended are kept (see retention.c). */
#ifndef CORE_RETENTION_H
#define CORE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct books;
struct event;
struct group;

#define RETENTION_SAMPLES 200
struct tally { uint64_t entries, records, bytes; };  /* all that was ever added to the stream, up to some moment */
struct retention {
	uint64_t trimmed_ms;
	bool is_grown;
	bool is_counted;             /* how much was there when it was opened */
	struct tally added, measured;        /* now; when the store was asked last */
	uint64_t gone;               /* entries that were trimmed off */
	uint64_t memory, memory_bytes;       /* what the rest took when that was answered, for so many bytes of records */
	struct tally samples[RETENTION_SAMPLES]; /* earlier moments; those that are needed no more are dropped */
	unsigned sample_count;         /* at least one */
};

void retention_begin(struct books *books);                             /* whatever the store holds now */
bool retention_is_due(const struct books *books);
void retention_add(struct books *books, unsigned records, size_t bytes);       /* an entry of so many */
void retention_write(struct books *books, struct group *group);        /* trims, if it is due; the reserved database is selected */
void retention_answered(struct books *books, const struct group *group, const struct event *event);

#endif
