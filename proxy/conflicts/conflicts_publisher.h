/* Conflicts publisher: repeats the stream of conflict records in the topic homeport.<dc>.conflicts. A message's value is the record
 * (homeport.Conflict), its key the record's id. Redis remembers what was published last, so each record is published at least once.
 * Only a bounded part of the stream is in memory, on its way; the rest waits in Redis. */
#ifndef PROXY_CONFLICTS_PUBLISHER_H
#define PROXY_CONFLICTS_PUBLISHER_H

#include "proxy/turn/turn.h"

#define CONFLICTS_PUBLISHED_KEY "homeport:conflicts:published"

struct conflicts_publisher;

/* Is the configured log one (kafka) beside which there can be a topic? */
bool conflicts_are_published(const struct settings *settings);
/* NULL: ERROR says what is wrong and what to do. STATUS is told how many records are published and how many are not. */
struct conflicts_publisher *conflicts_publisher_new(struct event_base *loop, struct turn *turn, struct sidecar_status *status, struct buffer *error);
/* Before the turn is freed. NULL is fine. */
void conflicts_publisher_free(struct conflicts_publisher *publisher);

#endif
