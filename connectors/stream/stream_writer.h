/* Stream writer: appends to the stream that is this DC's log, and trims it.
 * An entry's id is "<position>-<position of the entry before it>", so a reader sees by one entry whether any is missing in between.
 * Positions count up by one while a connection lasts; each connection starts at the present microsecond (or behind the stream's last
 * entry, where that is later). So a Redis that lost its tail never gives a position twice, and a reader that was further than
 * that Redis now is simply goes on with what comes.
 * Bound: what may be dropped stays as history until the stream is half as large as its limit; one at its limit takes no more
 * appends until it was trimmed. What a datacenter has not applied is never dropped. */
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
