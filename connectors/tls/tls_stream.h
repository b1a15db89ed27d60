/* TLS stream: one connection's bytes, encrypted and decrypted. One call receives or sends with one system call, however many records that takes. */
#ifndef CONNECTORS_TLS_STREAM_H
#define CONNECTORS_TLS_STREAM_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/bytes.h"

struct tls_stream;
struct ssl_st;

enum tls_shake { TLS_SHAKE_GOES_ON, TLS_SHAKE_DONE, TLS_SHAKE_FAILED };

/* Owns SSL, and borrows FD. */
struct tls_stream *tls_stream_new(struct ssl_st *ssl, int fd);
void tls_stream_free(struct tls_stream *stream);
/* Does what can be done of the handshake. It goes on when FD is readable, or, while something is unsent, writable. */
enum tls_shake tls_stream_shake(struct tls_stream *stream);
/* As recv and sendmsg, with errno. */
ssize_t tls_stream_receive(struct tls_stream *stream, char *room, size_t len);
ssize_t tls_stream_send(struct tls_stream *stream, const struct iovec *parts, size_t count);
/* There is more to receive, which FD will not tell. */
bool tls_stream_has_more(const struct tls_stream *stream);
/* Encrypted bytes that FD has not taken. */
bool tls_stream_has_unsent(const struct tls_stream *stream);
/* Sends them, as far as FD takes them. False: errno says how it failed. */
MUST_CHECK bool tls_stream_flush(struct tls_stream *stream);
/* Why the last call failed with EPROTO. */
const char *tls_stream_trouble(const struct tls_stream *stream);

#endif
