/* Tracking tell: what clients that track are told, and in which words. */
#ifndef PROXY_TRACKING_TELL_H
#define PROXY_TRACKING_TELL_H

#include "tracking_state.h"

/* PUSH of Redis, by SOURCE. */
void tracking_take_push(struct source *source, struct slice push);
/* All that clients of SOURCE know may have changed. */
void tracking_tell_all(struct source *source);
/* Of these keys; NULL: of all. */
void tracker_tell(struct tracker *tracker, const struct slice *keys, size_t count);
/* One key too many is remembered: those who have read the oldest are told that it has changed. */
void tracking_drop_oldest(struct source *source);

#endif
