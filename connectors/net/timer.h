/* Timer: calls a function later, on the loop. It hides libevent from files that include the core's event.h, as both have a struct event. */
#ifndef CONNECTORS_TIMER_H
#define CONNECTORS_TIMER_H

#include <stdint.h>

struct event_base;
struct timer;

struct timer *timer_new(struct event_base *loop, void (*expired)(void *context), void *context);
void timer_start(struct timer *timer, uint32_t ms);  /* 0: on the loop's next pass; replaces an earlier start */
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);                /* NULL is fine */
uint64_t timer_now_ms(void);                         /* of a clock that only goes forward */

#endif
