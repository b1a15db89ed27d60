/* Canary: a user of homeportctl's own, who writes while a drill runs: what of his was lost, what he read, and how long he could not write. It is pure: drill_canaries.c talks to
 * sidecars. Each write is a field of its own, so that what is missing can be told. */
#ifndef PROXY_CTL_CANARY_H
#define PROXY_CTL_CANARY_H

#include "base/bytes.h"

struct canary_write { uint64_t number, at_ms; };         /* what it was named, and when the answer came */

struct canary {
	char *user, *key;            /* owned */
	struct canary_write *writes; /* owned: those that were acknowledged, in order */
	unsigned count, cap;
	uint64_t reads, stale;       /* of what was acknowledged last; not found then */
	uint64_t unseen;             /* acknowledged ones that were not at a new home when he wrote there first, … */
	uint64_t rpo_ms;             /* … and how far back before the last one all was there */
	uint64_t rto_ms;             /* the longest time from the first try of a write to its acknowledgement */
	uint64_t lost;               /* acknowledged ones that were nowhere in the end */
	bool is_compared;            /* LOST is known */
	bool has_switched;           /* he has written at another home */
};

void canary_free(struct canary *canary);
void canary_note_write(struct canary *canary, uint64_t number, uint64_t began_ms, uint64_t now_ms);
/* The last one that was acknowledged was asked for. */
void canary_note_read(struct canary *canary, bool is_found);
/* At a new home, before he writes there: IS_THERE says of each number below COUNT whether it is. */
void canary_note_switch(struct canary *canary, const bool *is_there, uint64_t count);
/* In the end. */
void canary_note_end(struct canary *canary, const bool *is_there, uint64_t count);

#endif
