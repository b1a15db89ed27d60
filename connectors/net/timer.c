#include "timer.h"

#include <assert.h>
#include <time.h>

#include <event2/event.h>

#include "base/bytes.h"

struct timer {
	struct event *event;
	void (*expired)(void *context);
	void *context;
};

static void timer_fire(evutil_socket_t fd, short what, void *context);

struct timer *timer_new(struct event_base *loop, void (*expired)(void *context), void *context)
{
	struct timer *timer = memory_new(sizeof *timer);
	timer->expired = expired;
	timer->context = context;
	timer->event = event_new(loop, -1, 0, timer_fire, timer);
	assert(timer->event != NULL);
	return timer;
}

void timer_start(struct timer *timer, uint32_t ms)
{
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	event_add(timer->event, &delay);
}

void timer_stop(struct timer *timer)
{
	event_del(timer->event);
}

void timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	memory_free(timer);
}

uint64_t timer_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void timer_fire(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct timer *timer = context;
	timer->expired(timer->context);
}
