/* Block form: what a command that may wait says: for which keys, for how long, and how it is asked again. */
#ifndef PROXY_BLOCK_FORM_H
#define PROXY_BLOCK_FORM_H

#include "proxy/core/commands/command.h"
#include "waiters.h"

enum block_kind {
	BLOCK_POP,                   /* of one list, or sorted set */
	BLOCK_MOVE,                  /* BLMOVE, BRPOPLPUSH: its other key may be of a wrong type as well */
	BLOCK_READ,                  /* of streams: XREAD */
	BLOCK_GROUP,                 /* of streams, for a consumer group: XREADGROUP, which writes */
};

struct block_form {
	enum block_kind kind;
	enum waited_type wanted;
	uint32_t keys_at, key_count;
	uint32_t count_at;           /* the argument that counts the keys; 0: none does */
	uint32_t wait_at;            /* of reads: the word BLOCK; the time follows it */
	uint64_t wait_ms;            /* 0: for ever */
};

/* Is it a read that asks to wait, well said or not? */
bool block_is_asked(const struct request *request);
/* False: it does not wait, or something about it is wrong that Redis will tell. */
MUST_CHECK bool block_form_read(const struct command *row, const struct request *request, struct block_form *form);
/* A read: the id behind which it wants entries of its key number I. */
struct slice block_id(const struct block_form *form, const struct request *request, uint32_t i);
/* Is that told by the stream, as it is when the read begins? */
bool block_id_is_last(struct slice id);
/* The same command without waiting: for all of its keys, or for key number I alone, behind ID where it reads. ARGV has room for all its arguments. */
struct request block_form_whole(const struct block_form *form, const struct request *request, struct slice *argv);
struct request block_form_one(const struct block_form *form, const struct request *request, uint32_t i, struct slice id, struct slice *argv);

#endif
