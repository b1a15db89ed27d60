/* Histogram: how often something took how long. Bounds of buckets double from 64 µs to 134 s, so the bucket is found without a search. */
#ifndef PROXY_HISTOGRAM_H
#define PROXY_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 22            /* those with an upper bound; one more counts what took longer */
#define HISTOGRAM_FIRST_BITS 6          /* the first bucket counts what took 2^6 µs at most */

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* of each bucket by itself; Prometheus wants them summed up */
	uint64_t sum_us;
};

/* Upper bound of a bucket, in µs. */
static inline uint64_t histogram_bound_us(unsigned bucket)
{
	return UINT64_C(1) << (HISTOGRAM_FIRST_BITS + bucket);
}

/* COUNT observations of US microseconds each. */
static inline void histogram_observe(struct histogram *histogram, uint64_t us, uint64_t count)
{
	uint64_t above = us == 0 ? 0 : (us - 1) >> HISTOGRAM_FIRST_BITS;
	unsigned bucket = above == 0 ? 0 : 64u - (unsigned)__builtin_clzll(above);

	histogram->counts[bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS] += count;
	histogram->sum_us += us * count;
}

#endif
