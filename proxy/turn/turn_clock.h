/* Turn clock: the time of this turn. It is read when it is first asked for in a turn, and stays the same until the turn ends. */
#ifndef PROXY_TURN_CLOCK_H
#define PROXY_TURN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct turn_clock {
	uint64_t unix_ms;
	uint64_t steady_us;          /* never set by anybody, and goes on while the machine sleeps; only differences mean something */
	bool is_read;
};

static inline uint64_t turn_clock_us_of(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline const struct turn_clock *turn_clock_now(struct turn_clock *clock)
{
	if (!clock->is_read) {
		clock->unix_ms = turn_clock_us_of(CLOCK_REALTIME) / 1000;
		clock->steady_us = turn_clock_us_of(CLOCK_BOOTTIME);
		clock->is_read = true;
	}
	return clock;
}

static inline void turn_clock_end(struct turn_clock *clock)
{
	clock->is_read = false;
}

#endif
