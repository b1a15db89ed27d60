/* Waiters: clients that wait for something to pop or to read, in the order in which they came, by key. It decides who tries next. For each key in which
 * something to pop may be found, that is the one that has waited for it longest, and one at a time. What is read stays there, so for a stream that was told
 * of each of its readers tries once. It asks nobody and answers nobody (session_block.c).
 * Invariant: whoever waits for a key in which something was found is trying, or has tried since that was told, or the key is due. */
#ifndef PROXY_WAITERS_H
#define PROXY_WAITERS_H

#include "base/table.h"

enum waited_type {
	WAITED_NOTHING,              /* there is no such key */
	WAITED_LIST,
	WAITED_ZSET,
	WAITED_STREAM,               /* waiters read it, and take nothing */
	WAITED_OTHER,                /* nothing can be popped from it */
};

struct waited_key {
	struct table_node node;      /* by its name alone: who tells that a key was changed may not tell the database */
	uint32_t db;
	struct slice name;           /* owned */
	bool is_read;                /* by those who wait; else they pop. A name that both wait for stands here twice */
	bool is_watched;             /* the caller's: it was looked at, and who changes it will be told of */
	struct waiter_place *first, *last; /* of readers, those that are to try come first */
	enum waited_type found;      /* as last told */
	uint64_t tellings;
	bool is_due;
	struct waited_key *previous_due, *next_due;
};

/* A waiter in the queue of one of its keys. */
struct waiter_place {
	struct waiter *waiter;
	struct waited_key *key;
	struct waiter_place *previous, *next;
	uint64_t tried_tellings;     /* a reader: of the key, when it tried last, … */
	bool is_passed;              /* … or was passed over, as it was trying */
};

struct waiter {
	void *owner;                 /* the caller's */
	enum waited_type wanted;
	bool is_trying;
	struct waited_key *tried;    /* meanwhile; NULL: all of its keys at once, as when it came */
	uint64_t tried_tellings;     /* of that key, when it began */
	struct waiter_place *places; /* owned */
	uint32_t place_count;
	struct waiter *previous, *next; /* in the order in which they came */
};

/* Zero-initialised is empty. */
struct waiters {
	struct table keys;           /* of waited_key */
	struct waiter *first, *last;
	uint32_t count;
	struct waited_key *first_due, *last_due;
};

/* It comes, and waits for COUNT keys. */
void waiters_enter(struct waiters *waiters, struct waiter *waiter, uint32_t db, const struct slice *keys, uint32_t count);
/* It has what it came for, or has gone. What it tried is free for the next. */
void waiters_leave(struct waiters *waiters, struct waiter *waiter);
/* Does anybody wait to pop from one of these keys? */
bool waiters_have(const struct waiters *waiters, uint32_t db, const struct slice *keys, uint32_t count);
/* The next key of this name, in whatever database, behind KEY; NULL: the first, or none. */
struct waited_key *waiters_named(const struct waiters *waiters, struct slice name, const struct waited_key *key);
/* KEY was looked at. Nothing happens if nobody waits for it. */
void waiters_tell(struct waiters *waiters, uint32_t db, struct slice name, enum waited_type found);
/* All of its keys at once are being tried. */
void waiters_try_all(struct waiter *waiter);
/* The next one that is to try, and where; it counts as trying from now on. NULL: nobody. */
struct waiter *waiters_next(struct waiters *waiters, struct waited_key **key);
/* It has tried, and there was nothing for it. */
void waiters_miss(struct waiters *waiters, struct waiter *waiter);
/* When all have left. */
void waiters_free(struct waiters *waiters);

#endif
