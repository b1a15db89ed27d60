/* Conflicts publisher: repeats the stream of conflict records in the topic homeport.<dc>.conflicts: the value is the record
 * (homeport.Conflict), the key its id. What was published last is remembered in Redis, so each record is published at least once.
 * Bounded: it holds no more of the stream than is on its way; the rest waits in Redis. */
#ifndef PROXY_CONFLICTS_PUBLISHER_H
#define PROXY_CONFLICTS_PUBLISHER_H

#include "proxy/turn/turn.h"

#define CONFLICTS_PUBLISHED_KEY "homeport:conflicts:published"

struct conflicts_publisher;

/* Needs the log to be one beside which there is a topic. */
bool conflicts_are_published(const struct settings *settings);
/* NULL: ERROR says what and what to do. STATUS gets how much is not published. */
struct conflicts_publisher *conflicts_publisher_new(struct event_base *loop, struct turn *turn, struct sidecar_status *status, struct buffer *error);
/* Before the turn is. NULL is fine. */
void conflicts_publisher_free(struct conflicts_publisher *publisher);

#endif
