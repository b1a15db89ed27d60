/* Stream reader: follows the stream that is a datacenter's log (stream_writer.h says what its ids mean).
 * Entries are delivered in order. Each names the position of the entry before it. If we have neither delivered that entry nor begun
 * behind it, entries were trimmed in between: the position is lost, and reading stops until the next follow. */
#ifndef CONNECTORS_STREAM_READER_H
#define CONNECTORS_STREAM_READER_H

#include "connectors/log/log.h"
#include "stream_link.h"

struct stream_reader;

/* LINK and OPTIONS' names are borrowed for the reader's life. It connects at once, so that its state is known before it is needed.
 * The reader of a peer's log tells callbacks.state about its connection, and the log's owner how far it has read. */
struct stream_reader *stream_reader_new(const struct stream_link_options *link, const struct log_callbacks *callbacks,
                                        const struct log_options *options);
void stream_reader_follow(struct stream_reader *reader, int64_t position);
void stream_reader_unfollow(struct stream_reader *reader);
void stream_reader_pause(struct stream_reader *reader, bool is_paused);
/* After a restart we would read from POSITION on: the log's owner must keep what follows. */
void stream_reader_trim(struct stream_reader *reader, int64_t position);
void stream_reader_free(struct stream_reader *reader);           /* NULL is fine */

#endif
