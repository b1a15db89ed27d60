/* Stream socket: hiredis on our loop, as hiredis's own adapter for libevent, but with an eye on whether bytes move. */
#ifndef CONNECTORS_STREAM_SOCKET_H
#define CONNECTORS_STREAM_SOCKET_H

#include <hiredis/async.h>
#include <stdint.h>

struct event_base;

/* To be called once, on a new connection. It is detached when REDIS is freed. */
void stream_socket_attach(redisAsyncContext *redis, struct event_base *loop);
/* To be called some times within the limit of silence. Its result grows whenever bytes have come, or were taken after the other side had taken no more for
 * a while, or after all was given to the kernel. */
uint64_t stream_socket_look(redisAsyncContext *redis);

#endif
