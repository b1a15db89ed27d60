/* Clock pair: our steady clock and that of another datacenter, compared by messages in both directions (RFC 5905, section 8; the fastest of late
 * ones counts, section 10). A steady clock is set by nobody. It only drifts, so what was measured holds on while nothing is heard. */
#ifndef CORE_CLOCK_PAIR_H
#define CORE_CLOCK_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_SAMPLES 8              /* periods of which the fastest message is kept */
#define CLOCK_UNKNOWN_MS (INT64_MAX / 2)

/* A clock is ahead of another by at least MIN and at most MAX. */
struct clock_span { int64_t min_ms, max_ms; };

/* A message: its sender's steady clock when it was written, its reader's when it was read. */
struct clock_sample { uint64_t sent_ms, received_ms; };

struct clock_pair {
	uint64_t id;                         /* of the other clock: new with each start of its sidecar. 0: nothing was heard */
	struct clock_sample heard[CLOCK_SAMPLES];    /* messages that came here, a ring: the fastest of each period */
	unsigned count, last;
	uint64_t begun_ms;                   /* when the newest period began */
	struct clock_sample echoed;          /* the fastest of ours that went there, by the word of its reader */
	bool is_echoed;
};

void clock_pair_begin(struct clock_pair *pair, uint64_t id);         /* another clock: nothing is known of it */
void clock_pair_hear(struct clock_pair *pair, const struct clock_sample *sample, uint64_t period_ms);
void clock_pair_echo(struct clock_pair *pair, const struct clock_sample *sample);
/* NULL: nothing was heard. */
const struct clock_sample *clock_pair_fastest(const struct clock_pair *pair, uint64_t now_ms);
/* How far its steady clock is ahead of ours, when ours shows NOW. One way tells a bound only; the other one is CLOCK_UNKNOWN_MS. */
struct clock_span clock_pair_span(const struct clock_pair *pair, uint64_t now_ms);

static inline bool clock_span_is_known(const struct clock_span *span)
{
	return span->min_ms > -CLOCK_UNKNOWN_MS && span->max_ms < CLOCK_UNKNOWN_MS;
}
static inline int64_t clock_span_middle(const struct clock_span *span) { return (span->min_ms + span->max_ms) / 2; }
/* Half of the fastest round trip, and what both clocks may have drifted since. */
static inline int64_t clock_span_error(const struct clock_span *span) { return (span->max_ms - span->min_ms + 1) / 2; }
struct clock_span clock_span_shift(struct clock_span span, struct clock_span by);
/* How far apart the two surely are: negative where A is behind B; 0 where they may be equal. */
int64_t clock_span_gap(const struct clock_span *a, const struct clock_span *b);

#endif
