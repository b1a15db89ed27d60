/* Stream writer: appends to the stream that is this datacenter's log, and trims it.
 * An entry's id is "<position>-<position of the entry before it>", so that a reader sees from one entry whether any before it is missing.
 * What stands behind an entry that Redis refused is cut off at the next connection (stream_cut.h); until then readers wait in front of it.
 * Positions count up by one while a connection lasts. Each connection starts at the current time in microseconds, or after the last
 * entry of the stream if that is later. So a Redis that lost its last entries never gives a position twice, and a reader that was
 * further than that Redis now is goes on with what is written next.
 * Readers: every other datacenter writes "<read>:<restart>:<process>" into the hash "homeport:readers" beside the stream: up to which position it has
 * read, from which it would read after a restart, and a mark of its process.
 * Size: the limit is for entries that some datacenter has not read yet. While those take it, nothing is appended; reading alone makes room, so
 * two full logs never wait for each other, and an entry larger than the limit passes when all before it is read. What recovery waits for
 * passes a full log, with all that was given before it: no datacenter reads on before it is in. Entries that every datacenter has applied and would not read after a restart are history: they are trimmed once the stream takes more than half of its limit. Others are
 * never trimmed. */
#ifndef CONNECTORS_STREAM_WRITER_H
#define CONNECTORS_STREAM_WRITER_H

#include "connectors/log/log.h"
#include "stream_link.h"

#define STREAM_KEY "homeport:log"
#define STREAM_FIELD "b"
#define STREAM_READERS_KEY "homeport:readers"

struct stream_writer;

/* LINK and OPTIONS' names are borrowed for the writer's life. OPTIONS' dc_index comes back with callbacks.state. */
struct stream_writer *stream_writer_new(const struct stream_link_options *link, const struct log_callbacks *callbacks,
                                        const struct log_options *options);
void stream_writer_append(struct stream_writer *writer, uint64_t id, struct slice bytes, bool passes_limit);
void stream_writer_trim(struct stream_writer *writer, int64_t position);
/* Waits without the loop until no append is under way, at most WAIT_MS. */
void stream_writer_drain(struct stream_writer *writer, uint32_t wait_ms);
void stream_writer_free(struct stream_writer *writer);           /* NULL is fine */

#endif
