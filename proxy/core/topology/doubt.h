/* Doubt: others may have other homes configured, and so take somebody else for a user's home by default (docs/replication-model.md, H9). A datacenter that
 * comes up with the homes that it had before goes on. Another one waits until every other has told that it has the same. It must have told so after it read a
 * message of this process: what stands in its log from earlier times proves nothing. */
#ifndef CORE_DOUBT_H
#define CORE_DOUBT_H

#include "topology.h"
#include "proxy/core/wire/envelope.h"

void doubt_begin_opening(struct topology *topology);
/* A field beside the positions. False: it is none of these. */
bool doubt_read(struct topology *topology, struct slice field, struct slice value);
void doubt_end_reading(struct topology *topology);       /* all fields were read */
/* The store is to be told of another digest than it has. */
bool doubt_is_write_due(const struct topology *topology);
void doubt_write(const struct topology *topology, struct buffer *field, struct buffer *value);
/* DC's log says this. */
void doubt_hear(struct topology *topology, unsigned dc, const struct batch *batch);

#endif
