/* Channel: a connection on our loop, plain or by TLS: its user sees no difference. It does the handshake by itself, within a bound of time; until that is
 * done, and for as long as the socket has not connected, `writable` is not called.
 * When the connection has failed, `readable` is called, and channel_receive says so. */
#ifndef CONNECTORS_CHANNEL_H
#define CONNECTORS_CHANNEL_H

#include <sys/types.h>
#include <sys/uio.h>

#include "endpoint.h"

struct channel;
struct event_base;
struct ssl_st;

/* Either may free the channel. */
struct channel_callbacks {
	void *context;
	void (*readable)(void *context);     /* while channel_read is on: there may be something to receive */
	void (*writable)(void *context);     /* once after each channel_write: something may be sent */
};

/* Owns FD, a non-blocking socket, and SSL. SSL NULL: plain. TLS counts the handshake and bounds its time. */
struct channel *channel_new(struct event_base *loop, int fd, struct tls *tls, struct ssl_st *ssl, const struct channel_callbacks *callbacks);
/* Connects to ENDPOINT; ATTEMPT as in dial.h. NULL: *why says what is wrong. */
struct channel *channel_dial(struct event_base *loop, const struct endpoint *endpoint, unsigned attempt, const struct channel_callbacks *callbacks, const char **why);
void channel_free(struct channel *channel);              /* NULL is fine */

void channel_read(struct channel *channel, bool is_on);
void channel_write(struct channel *channel, bool is_on);
/* Calls `readable` in the loop's next pass, whether or not reading is on. */
void channel_wake(struct channel *channel);
/* As recv: 0 is the end; -1 with EAGAIN or EINTR: nothing now; any other errno: it has failed, channel_trouble says how. */
ssize_t channel_receive(struct channel *channel, char *room, size_t len);
/* As sendmsg. */
ssize_t channel_send(struct channel *channel, const struct iovec *parts, size_t count);
/* Something that was sent is still here. `writable` is not called before it has gone. */
bool channel_has_unsent(const struct channel *channel);
/* After a call that failed. */
const char *channel_trouble(const struct channel *channel);
/* The connection was refused, or the handshake failed, or took too long. */
bool channel_has_failed(const struct channel *channel);
int channel_fd(const struct channel *channel);

#endif
