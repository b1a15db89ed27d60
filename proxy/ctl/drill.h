/* Drill: users who are moved from one datacenter to another as a rehearsal, and what came of it. It is pure: ctl_drill.c asks sidecars and a clock. */
#ifndef PROXY_CTL_DRILL_H
#define PROXY_CTL_DRILL_H

#include "canary.h"

enum drill_result {
	DRILL_WAITS,                 /* not ordered yet */
	DRILL_MOVED,
	DRILL_REFUSED,               /* still where it was: ERROR says why */
	DRILL_BACK,                  /* moved, and moved back */
	DRILL_RESULT_COUNT,
};

struct drill_user {
	char *name;                  /* owned */
	enum drill_result result;
	uint32_t took_ms;            /* how long writes of his may have waited; where they are taken over by force, since the cut */
	char *error;                 /* owned; NULL: none */
};

/* With --isolate. -1: not measured. */
struct drill_cut {
	bool is_on;                  /* the source was cut off */
	bool has_healed_itself;      /* before it was told to */
	uint64_t lasted_ms;
	uint64_t dead_after_ms;      /* so long after the cut it was taken to be dead */
	long long unseen_ms;         /* what it wrote in so many ms before the cut was not known to have arrived */
	long long arrived_ms;        /* so long after it was healed all that it had written was there */
	long long stranded;          /* changes of its that a take-over had not seen */
};

struct drill_sample { uint64_t at_ms; unsigned moved, refused; uint32_t p99_ms; };   /* one a batch; since the drill began */

enum drill_measure { DRILL_HELD_P50, DRILL_HELD_P99, DRILL_HELD_MAX, DRILL_FAILED, DRILL_CONFLICTS, DRILL_MEASURE_COUNT };
struct drill_limit { enum drill_measure measure; uint64_t max; };     /* milliseconds, or a count */
#define DRILL_LIMITS_MAX 8

struct drill {
	const char *from, *to;       /* datacenters; borrowed */
	struct drill_user *users;    /* owned, in the order in which they are moved */
	unsigned count, cap;
	unsigned results[DRILL_RESULT_COUNT];
	unsigned unconfirmed;        /* moves of which the new home had not said in time that it knows */
	struct drill_sample *samples; /* owned */
	unsigned sample_count, sample_cap;
	struct drill_cut cut;
	struct canary *canaries;     /* owned; those that were stopped. NULL: there were none */
	unsigned canary_count;
	uint64_t conflicts;          /* counted while the drill ran */
	uint64_t lasted_ms;
	struct drill_limit limits[DRILL_LIMITS_MAX];
	unsigned limit_count;
	bool is_whole;               /* all moved, and back where that was ordered */
	const char *ended_by;        /* NULL: it ran to its end; else why it was stopped. Borrowed */
};

void drill_free(struct drill *drill);
/* Copies NAME. A user is taken once. */
void drill_add_user(struct drill *drill, const char *name);
/* All were added: those that came twice are dropped. */
void drill_sort_users(struct drill *drill);
/* ERROR is copied; NULL where it moved. */
void drill_note(struct drill *drill, struct drill_user *user, enum drill_result result, uint32_t took_ms, const char *error);
void drill_sample(struct drill *drill, uint64_t at_ms);
/* Of those that moved: in how many ms so many of a thousand were done; 0: nobody moved. */
uint32_t drill_took(const struct drill *drill, unsigned per_mille);
/* Reads "held_p99>100ms". False: ERROR says what is wrong. */
MUST_CHECK bool drill_limit_read(struct drill *drill, const char *text, struct buffer *error);
/* The first limit that is crossed, as it was written; NULL: none. */
const struct drill_limit *drill_crossed(const struct drill *drill);
/* Of all canaries; -1: not measured. How many acknowledged writes were lost; how often a read did not find the last one; how far back before the last write all was at the new
 * home; for how long one could not write. */
struct drill_measured { long long lost, stale, unseen, rpo_ms, rto_ms; };
struct drill_measured drill_measure_canaries(const struct drill *drill);
const char *drill_measure_text(enum drill_measure measure);
bool drill_measure_is_time(enum drill_measure measure);
uint64_t drill_measured(const struct drill *drill, enum drill_measure measure);

#endif
