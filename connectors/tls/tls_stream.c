/* OpenSSL reads from INPUT and writes to WIRE by a BIO of ours; the socket is read and written here. So a long answer is many records, but one system call.
 * Invariant: nothing is encrypted while WIRE holds bytes, so it is bounded by what one call takes. */
#include "tls_stream.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls_error.h"

#define SCRATCH_BYTES 65536
#define SEND_BYTES_MAX (256 * 1024)      /* of plain text in one call */
#define WIRE_KEPT_MAX 32768              /* a larger buffer is freed once it is sent */

struct tls_stream {
	SSL *ssl;
	int fd;
	struct slice input;          /* received, not yet taken by OpenSSL; borrowed for the call */
	struct buffer kept;          /* what was left of it */
	struct buffer wire;          /* encrypted; from WIRE_SENT on not yet sent */
	size_t wire_sent;
	bool is_more;
	bool is_at_end;              /* the other side will send no more */
	char trouble[160];
};

static char scratch[SCRATCH_BYTES];

static const BIO_METHOD *wire_method(void);
static bool fill(struct tls_stream *stream, size_t len);
static void keep_rest(struct tls_stream *stream);
static bool fail(struct tls_stream *stream, const char *what);

struct tls_stream *tls_stream_new(struct ssl_st *ssl, int fd)
{
	struct tls_stream *stream = memory_new(sizeof *stream);
	BIO *bio = BIO_new(wire_method());
	stream->ssl = ssl;
	stream->fd = fd;
	BIO_set_data(bio, stream);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	return stream;
}

void tls_stream_free(struct tls_stream *stream)
{
	if (stream == NULL)
		return;
	/* The other side is told that nothing is missing, if its socket takes that. */
	if (SSL_is_init_finished(stream->ssl) && stream->trouble[0] == '\0' && stream->wire.len == 0) {
		SSL_shutdown(stream->ssl);
		bool is_told = tls_stream_flush(stream);
		(void)is_told;
	}
	ERR_clear_error();
	SSL_free(stream->ssl);
	buffer_free(&stream->kept);
	buffer_free(&stream->wire);
	memory_free(stream);
}

enum tls_shake tls_stream_shake(struct tls_stream *stream)
{
	ERR_clear_error();
	if (stream->wire.len > 0 && !tls_stream_flush(stream))
		return fail(stream, strerror(errno)), TLS_SHAKE_FAILED;
	if (SSL_in_before(stream->ssl) && !SSL_is_server(stream->ssl))
		stream->input = buffer_slice(&stream->kept);
	else if (!fill(stream, SCRATCH_BYTES) && errno != EAGAIN && errno != EINTR)
		return fail(stream, strerror(errno)), TLS_SHAKE_FAILED;
	int result = SSL_do_handshake(stream->ssl);
	int error = SSL_get_error(stream->ssl, result);
	keep_rest(stream);
	bool is_sent = tls_stream_flush(stream);
	if (result != 1 && error != SSL_ERROR_WANT_READ) {
		long verdict = SSL_get_verify_result(stream->ssl);
		fail(stream, verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : tls_error_text());
		return TLS_SHAKE_FAILED;
	}
	if (!is_sent)
		return fail(stream, strerror(errno)), TLS_SHAKE_FAILED;
	if (result == 1) {
		stream->is_more = stream->kept.len > 0 || SSL_has_pending(stream->ssl);
		return TLS_SHAKE_DONE;
	}
	if (stream->is_at_end)
		return fail(stream, "the other side closed the connection during the handshake"), TLS_SHAKE_FAILED;
	return TLS_SHAKE_GOES_ON;
}

ssize_t tls_stream_receive(struct tls_stream *stream, char *room, size_t len)
{
	size_t taken = 0, got;
	ERR_clear_error();
	if (!fill(stream, len < SCRATCH_BYTES ? len : SCRATCH_BYTES) && errno != EAGAIN && errno != EINTR)
		return -1;
	int error = SSL_ERROR_NONE;
	while (taken < len && error == SSL_ERROR_NONE) {
		if (SSL_read_ex(stream->ssl, room + taken, len - taken, &got) == 1)
			taken += got;
		else
			error = SSL_get_error(stream->ssl, 0);
	}
	keep_rest(stream);
	stream->is_more = taken == len && (stream->kept.len > 0 || SSL_has_pending(stream->ssl));
	if (!tls_stream_flush(stream) && taken == 0)
		return -1;
	if (taken > 0)
		return (ssize_t)taken;
	if (error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_WANT_READ && stream->is_at_end))
		return 0;
	if (error == SSL_ERROR_WANT_READ)
		errno = EAGAIN;
	else
		fail(stream, tls_error_text());
	return -1;
}

ssize_t tls_stream_send(struct tls_stream *stream, const struct iovec *parts, size_t count)
{
	size_t taken = 0, got;
	ERR_clear_error();
	if (!tls_stream_flush(stream))
		return -1;
	if (stream->wire.len > 0) {
		errno = EAGAIN;
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		size_t part_taken = 0;
		while (part_taken < parts[i].iov_len && taken < SEND_BYTES_MAX) {
			size_t left = parts[i].iov_len - part_taken, room = SEND_BYTES_MAX - taken;
			if (SSL_write_ex(stream->ssl, (const char *)parts[i].iov_base + part_taken, left < room ? left : room, &got) != 1) {
				fail(stream, tls_error_text());
				return -1;
			}
			part_taken += got;
			taken += got;
		}
	}
	return tls_stream_flush(stream) ? (ssize_t)taken : -1;
}

bool tls_stream_has_more(const struct tls_stream *stream)
{
	return stream->is_more;
}

bool tls_stream_has_unsent(const struct tls_stream *stream)
{
	return stream->wire.len > 0;
}

bool tls_stream_flush(struct tls_stream *stream)
{
	if (stream->wire.len == 0)
		return true;
	ssize_t sent = send(stream->fd, stream->wire.ptr + stream->wire_sent, stream->wire.len - stream->wire_sent, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	stream->wire_sent += (size_t)sent;
	if (stream->wire_sent < stream->wire.len)
		return true;
	stream->wire_sent = 0;
	stream->wire.len = 0;
	if (stream->wire.cap > WIRE_KEPT_MAX)
		buffer_free(&stream->wire);
	return true;
}

const char *tls_stream_trouble(const struct tls_stream *stream)
{
	return stream->trouble;
}

/* INPUT is what was kept, or else what one recv gives. False: errno says why there is nothing. */
static bool fill(struct tls_stream *stream, size_t len)
{
	if (stream->kept.len > 0) {
		stream->input = buffer_slice(&stream->kept);
		return true;
	}
	ssize_t got = recv(stream->fd, scratch, len, 0);
	stream->is_at_end = got == 0;
	stream->input = (struct slice){ scratch, got > 0 ? (size_t)got : 0 };
	return got >= 0;
}

static void keep_rest(struct tls_stream *stream)
{
	struct slice rest = stream->input;
	stream->input = (struct slice){ 0 };
	if (rest.len == 0) {
		buffer_free(&stream->kept);
	} else if (stream->kept.len > 0) {
		memmove(stream->kept.ptr, rest.ptr, rest.len);
		stream->kept.len = rest.len;
	} else {
		buffer_add(&stream->kept, rest);
	}
}

static bool fail(struct tls_stream *stream, const char *what)
{
	snprintf(stream->trouble, sizeof stream->trouble, "TLS: %s", what);
	errno = EPROTO;
	return false;
}

/* ---- what OpenSSL reads from and writes to ---- */

static int wire_read(BIO *bio, char *room, size_t len, size_t *got)
{
	struct tls_stream *stream = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	*got = len < stream->input.len ? len : stream->input.len;
	if (*got == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(room, stream->input.ptr, *got);
	stream->input.ptr += *got;
	stream->input.len -= *got;
	return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t len, size_t *taken)
{
	struct tls_stream *stream = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	buffer_add(&stream->wire, (struct slice){ bytes, len });
	*taken = len;
	return 1;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP;
}

static const BIO_METHOD *wire_method(void)
{
	static BIO_METHOD *method;
	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
		BIO_meth_set_read_ex(method, wire_read);
		BIO_meth_set_write_ex(method, wire_write);
		BIO_meth_set_ctrl(method, wire_control);
	}
	return method;
}
