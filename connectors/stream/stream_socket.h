/* Stream socket: commands and replies of one connection to the Redis that holds a log. hiredis formats and reads; the bytes go by a channel. */
#ifndef CONNECTORS_STREAM_SOCKET_H
#define CONNECTORS_STREAM_SOCKET_H

#include <hiredis/hiredis.h>

#include "connectors/net/endpoint.h"

struct event_base;
struct stream_socket;

/* REPLY is freed afterwards. It may free the socket; then no reply is handed out any more. */
typedef void stream_socket_taker(struct stream_socket *redis, void *reply, void *context);

/* ENDPOINT is borrowed; when it changes the connection is lost, and nothing more is taken from it. NULL: *why says why not. Commands may be given at once. LOST is told once that the connection broke; it may free the socket. */
struct stream_socket *stream_socket_new(struct event_base *loop, const struct endpoint *endpoint, unsigned attempt, void *owner,
                                        void (*lost)(void *owner, const char *why), const char **why);
void stream_socket_free(struct stream_socket *redis);
void *stream_socket_owner(const struct stream_socket *redis);
/* Each of these gives one command; TAKE gets the reply, with CONTEXT. FORMAT as hiredis has it. */
void stream_socket_command(struct stream_socket *redis, stream_socket_taker *take, void *context, const char *format, ...);
void stream_socket_words(struct stream_socket *redis, stream_socket_taker *take, void *context, int count, const char **words, const size_t *lens);
/* HEAD, BYTES and a line's end are the command in RESP. */
void stream_socket_parts(struct stream_socket *redis, stream_socket_taker *take, void *context, struct slice head, struct slice bytes);
/* TAKE gets what comes without having been asked for: messages of a subscription. */
void stream_socket_listen(struct stream_socket *redis, stream_socket_taker *take, void *context);
/* Sends and receives outside the loop, for WAIT_MS at most. */
void stream_socket_pump(struct stream_socket *redis, int wait_ms);
/* To be called some times within the limit of silence. Its result grows whenever bytes have come, or were taken after the other side had taken no more for
 * a while, or after all was given to the kernel. */
uint64_t stream_socket_look(struct stream_socket *redis);

#endif
