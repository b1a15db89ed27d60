/* The pieces tell the order; OWN holds the copied ones, one behind the other.
 * Invariant: the lengths of all pieces add up to queued - sent, and those of copied ones to what OWN holds from own_at on. */
#include "outgoing.h"

#include <errno.h>

#include "connectors/net/channel.h"

#define LEND_MIN 4096                /* fewer bytes are copied: that is quicker than one more piece to send */
#define PIECES_AT_ONCE 64

static void add_piece(struct outgoing *outgoing, const char *ptr, size_t len)
{
	unsigned end = outgoing->first + outgoing->count;
	outgoing->queued += len;
	if (ptr == NULL && outgoing->count > 0 && outgoing->pieces[end - 1].ptr == NULL) {
		outgoing->pieces[end - 1].len += len;
		return;
	}
	outgoing->pieces = array_reserve(outgoing->pieces, end, &outgoing->cap, sizeof *outgoing->pieces);
	outgoing->pieces[end] = (struct outgoing_piece){ ptr, len };
	outgoing->count++;
}

void outgoing_copy(struct outgoing *outgoing, struct slice bytes)
{
	if (bytes.len == 0)
		return;
	buffer_add(&outgoing->own, bytes);
	add_piece(outgoing, NULL, bytes.len);
}

void outgoing_lend(struct outgoing *outgoing, struct slice bytes)
{
	if (bytes.len < LEND_MIN)
		outgoing_copy(outgoing, bytes);
	else
		add_piece(outgoing, bytes.ptr, bytes.len);
}

/* Fills VECTORS with up to MAX bytes. Returns how many were used. */
static unsigned gather(struct outgoing *outgoing, uint64_t max, struct iovec *vectors)
{
	unsigned count = 0;
	char *own = outgoing->own.ptr + outgoing->own_at;
	for (unsigned i = 0; i < outgoing->count && count < PIECES_AT_ONCE && max > 0; i++) {
		const struct outgoing_piece *piece = &outgoing->pieces[outgoing->first + i];
		size_t len = piece->len < max ? piece->len : (size_t)max;
		vectors[count++] = (struct iovec){ piece->ptr == NULL ? own : (char *)(uintptr_t)piece->ptr, len };
		own += piece->ptr == NULL ? len : 0;
		max -= len;
	}
	return count;
}

/* What was not sent yet is moved to the front once it is shorter than what was. */
static void trim_own(struct outgoing *outgoing)
{
	struct buffer *own = &outgoing->own;
	if (outgoing->own_at == own->len) {
		buffer_reset(own);
		outgoing->own_at = 0;
	} else if (outgoing->own_at > own->len / 2) {
		memmove(own->ptr, own->ptr + outgoing->own_at, own->len - outgoing->own_at);
		own->len -= outgoing->own_at;
		outgoing->own_at = 0;
	}
}

static void drop_sent(struct outgoing *outgoing, size_t sent)
{
	outgoing->sent += sent;
	while (sent > 0) {
		struct outgoing_piece *piece = &outgoing->pieces[outgoing->first];
		size_t len = piece->len < sent ? piece->len : sent;
		if (piece->ptr == NULL)
			outgoing->own_at += len;
		else
			piece->ptr += len;
		piece->len -= len;
		sent -= len;
		if (piece->len > 0)
			break;
		outgoing->first++;
		outgoing->count--;
	}
	if (outgoing->count == 0) {
		outgoing->first = 0;
	} else if (outgoing->first > outgoing->count) {
		memmove(outgoing->pieces, outgoing->pieces + outgoing->first, outgoing->count * sizeof *outgoing->pieces);
		outgoing->first = 0;
	}
	trim_own(outgoing);
}

bool outgoing_send(struct outgoing *outgoing, struct channel *channel, uint64_t end)
{
	struct iovec vectors[PIECES_AT_ONCE];
	uint64_t limit = end < outgoing->queued ? end : outgoing->queued;
	while (outgoing->sent < limit) {
		unsigned count = gather(outgoing, limit - outgoing->sent, vectors);
		size_t offered = 0;
		for (unsigned i = 0; i < count; i++)
			offered += vectors[i].iov_len;
		ssize_t sent = channel_send(channel, vectors, count);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		drop_sent(outgoing, (size_t)sent);
		if ((size_t)sent < offered)
			return true;
	}
	return true;
}

void outgoing_free(struct outgoing *outgoing)
{
	buffer_free(&outgoing->own);
	memory_free(outgoing->pieces);
	*outgoing = (struct outgoing){ 0 };
}
