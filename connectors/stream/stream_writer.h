/* Stream writer: appends to the stream that is this datacenter's log, and trims it.
 * An entry's id is "<position>-<position of the entry before it>", so that a reader sees from one entry whether any before it is missing.
 * Positions count up by one while a connection lasts. Each connection starts at the current time in microseconds, or after the last
 * entry of the stream if that is later. So a Redis that lost its last entries never gives a position twice, and a reader that was
 * further than that Redis now is goes on with what is written next.
 * Size: entries that every datacenter has applied are kept as history until the stream takes half of its limit. A stream at its limit
 * takes no appends until it was trimmed. Entries that a datacenter has not applied are never trimmed. */
#ifndef CONNECTORS_STREAM_WRITER_H
#define CONNECTORS_STREAM_WRITER_H

#include "connectors/log/log.h"
#include "stream_link.h"

#define STREAM_KEY "homeport:log"
#define STREAM_FIELD "b"

struct stream_writer;

/* LINK, HANDLERS and LOOP are borrowed for the writer's life. DC comes back with handlers.state. */
struct stream_writer *stream_writer_new(const struct stream_link_options *link, const struct log_handlers *handlers, unsigned dc,
                                        uint64_t retain_bytes);
void stream_writer_append(struct stream_writer *writer, uint64_t id, struct slice bytes);
void stream_writer_trim(struct stream_writer *writer, int64_t position);
/* Waits without the loop until no append is under way, at most WAIT_MS. */
void stream_writer_drain(struct stream_writer *writer, uint32_t wait_ms);
void stream_writer_free(struct stream_writer *writer);           /* NULL is fine */

#endif
