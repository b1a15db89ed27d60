/* Clock pair (see clock_pair.h). A message takes time, so it arrives later than it was sent, whatever the clocks show. One that came here tells
 * that the other clock is ahead by at least sent - received; one of ours that went there, by at most received - sent. */
#include "clock_pair.h"

/* Two clocks drift apart by up to a thousandth: half of it is what a clock may be slewed by, RFC 5905, figure 4. */
#define DRIFT_DIVISOR 1000
#define ROUNDING_MS 1                /* both readings are whole milliseconds */

static int64_t drift_ms(uint64_t since_ms, uint64_t now_ms)
{
	return (int64_t)((now_ms > since_ms ? now_ms - since_ms : 0) / DRIFT_DIVISOR) + ROUNDING_MS;
}

static int64_t lead_ms(const struct clock_sample *sample, uint64_t now_ms)
{
	return (int64_t)sample->sent_ms - (int64_t)sample->received_ms - drift_ms(sample->received_ms, now_ms);
}

void clock_pair_begin(struct clock_pair *pair, uint64_t id)
{
	*pair = (struct clock_pair){ .id = id };
}

void clock_pair_hear(struct clock_pair *pair, const struct clock_sample *sample, uint64_t period_ms)
{
	bool is_new = pair->count == 0 || sample->received_ms - pair->begun_ms >= period_ms;
	if (is_new) {
		pair->last = pair->count == 0 ? 0 : (pair->last + 1) % CLOCK_SAMPLES;
		pair->count += pair->count < CLOCK_SAMPLES;
		pair->begun_ms = sample->received_ms;
	}
	struct clock_sample *slot = &pair->heard[pair->last];
	if (is_new || lead_ms(sample, sample->received_ms) > lead_ms(slot, sample->received_ms))
		*slot = *sample;
	/* Either clock made a jump, which a steady clock never does by itself: its machine was moved. Only the newest message tells anything. */
	struct clock_span span = clock_pair_span(pair, sample->received_ms);
	if (span.min_ms > span.max_ms) {
		clock_pair_begin(pair, pair->id);
		clock_pair_hear(pair, sample, period_ms);
	}
}

void clock_pair_echo(struct clock_pair *pair, const struct clock_sample *sample)
{
	pair->echoed = *sample;
	pair->is_echoed = true;
}

const struct clock_sample *clock_pair_fastest(const struct clock_pair *pair, uint64_t now_ms)
{
	const struct clock_sample *fastest = pair->count == 0 ? NULL : &pair->heard[0];
	for (unsigned i = 1; i < pair->count; i++)
		if (lead_ms(&pair->heard[i], now_ms) > lead_ms(fastest, now_ms))
			fastest = &pair->heard[i];
	return fastest;
}

struct clock_span clock_pair_span(const struct clock_pair *pair, uint64_t now_ms)
{
	struct clock_span span = { -CLOCK_UNKNOWN_MS, CLOCK_UNKNOWN_MS };
	const struct clock_sample *fastest = clock_pair_fastest(pair, now_ms);
	if (fastest != NULL)
		span.min_ms = lead_ms(fastest, now_ms);
	if (pair->is_echoed)
		span.max_ms = (int64_t)pair->echoed.received_ms - (int64_t)pair->echoed.sent_ms + drift_ms(pair->echoed.sent_ms, now_ms);
	return span;
}

struct clock_span clock_span_shift(struct clock_span span, struct clock_span by)
{
	bool has_min = span.min_ms > -CLOCK_UNKNOWN_MS && by.min_ms > -CLOCK_UNKNOWN_MS;
	bool has_max = span.max_ms < CLOCK_UNKNOWN_MS && by.max_ms < CLOCK_UNKNOWN_MS;
	return (struct clock_span){
		has_min ? span.min_ms + by.min_ms : -CLOCK_UNKNOWN_MS,
		has_max ? span.max_ms + by.max_ms : CLOCK_UNKNOWN_MS,
	};
}

int64_t clock_span_gap(const struct clock_span *a, const struct clock_span *b)
{
	if (a->min_ms > b->max_ms)
		return a->min_ms - b->max_ms;
	return a->max_ms < b->min_ms ? a->max_ms - b->min_ms : 0;
}
