/* Stream ids: the name of an entry, "ms-seq" as Redis writes it, and the ids that this datacenter gives to its own entries (XADD *). */
#ifndef CORE_STREAM_ID_H
#define CORE_STREAM_ID_H

#include "stream_tops.h"

struct stream_id { uint64_t ms, seq; };

/* "ms-seq" as Redis writes it; or "ms" too, whose seq is SEQ then. */
MUST_CHECK bool stream_id_read(struct slice text, struct stream_id *id);
MUST_CHECK bool stream_id_read_short(struct slice text, uint64_t seq, struct stream_id *id);
void stream_id_add(struct buffer *out, struct stream_id id);
int stream_id_compare(struct stream_id a, struct stream_id b);

/* Ids are given in rising order, whatever the stream. The lowest bits of seq are this datacenter's, so no two datacenters give the same one. */
struct stream_ids {
	struct stream_id newest;     /* given here, or seen of others that chose theirs by the clock, too */
	unsigned place, bits;        /* this datacenter's place among the names of all, and how many bits tell it */
	uint64_t now_ms;             /* now, and not before what was seen of others */
	uint64_t clock_ms;           /* now, by the own clock */
	uint64_t first_ahead;        /* the first seq of a time that the own clock has not reached: of this incarnation alone, as a Redis that came back
				      * older does not know which ones an earlier one gave there */
	uint64_t part_ms, part_count;        /* the last time for which a client asked a seq, and how many it got */
	struct stream_tops *tops;    /* borrowed: the streams that have nothing above NEWEST; NULL: none is known */
};
/* How many bits tell the place of one of DC_COUNT datacenters. */
unsigned stream_ids_bits(unsigned dc_count);
/* Ids are those of this incarnation from now on. */
void stream_ids_begin(struct stream_ids *ids, uint64_t incarnation);
/* The next one: of now, or later if a later one was given or seen. */
struct stream_id stream_ids_next(struct stream_ids *ids);
/* Ids for a script that may add entries: "step:ms-seq", the first one, and how far apart they are. The next COUNT of them are not given to others. */
void stream_ids_reserve(struct stream_ids *ids, unsigned count, struct buffer *out);
/* "ms-*": one of this time; the server says if it is too small. */
struct stream_id stream_ids_next_at(struct stream_ids *ids, uint64_t ms);
/* Another datacenter gave this one, or we did before a restart. */
void stream_ids_see(struct stream_ids *ids, struct stream_id id);

#endif
