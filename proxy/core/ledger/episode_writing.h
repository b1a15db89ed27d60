/* Episode writing: records are made one after the other, for the hash and for the stream. For the files of this room. */
#ifndef CORE_EPISODE_WRITING_H
#define CORE_EPISODE_WRITING_H

#include "books.h"
#include "proxy/core/records/episode_pack.h"
#include "proxy/core/records/episode_record.h"

/* A pack that is being filled. */
struct filling { struct pack *pack; struct buffer records; bool is_known; };

struct writing {
	struct telling telling;
	struct buffer *id, *record;  /* of the present one */
	struct buffer *pairs;        /* to the hash: fields and their values, as RESP strings */
	unsigned pair_count;
	struct filling fillings[EPISODE_LISTS];      /* one for each list: open conflicts would hold up the others of a pack */
	struct entries opened;
};

/* IS_LAST: the conflicts have ended. */
void writing_begin(struct writing *writing, const struct books *books, bool is_last);
void writing_end(struct writing *writing);
void writing_fill(struct writing *writing, const struct episode *episode);   /* makes its id and its record */
/* Records on their way into the stream. */
void entries_add(struct books *books, struct entries *entries, struct slice record);
void entries_reserve(struct books *books, struct entries *entries, size_t len);      /* room for so many bytes of records */
void entries_close(struct books *books, struct entries *entries);    /* writes what has gathered */
/* The field under which the store has it. An earlier write changes the id. */
void episode_set_stored(struct episode *episode, struct slice id);
/* Announces that conflicts which became part of this one no longer exist. */
void episode_tell_merged(struct books *books, struct episode *episode, struct slice id);

#endif
