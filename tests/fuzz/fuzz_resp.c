/* Any bytes as a client's requests and as a store's replies, in pieces of any size at any address: what is found must not
 * depend on the pieces, and nothing may be read beyond them. The first byte sets the size of the pieces. */
#include "proxy/core/resp/resp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct resp_limits limits = { 1024, 4096, 256 };

/* Copies a piece to memory of its own, so that the sanitizer sees its end. */
static struct slice piece_of(struct slice all, size_t len)
{
	return buffer_copy((struct slice){ all.ptr, len < all.len ? len : all.len });
}

static void piece_free(struct slice piece)
{
	bytes_free(piece);
}

/* Adds the arguments of every command to FOUND. */
static void read_requests(struct slice input, size_t step, struct buffer *found)
{
	struct resp_requests *parser = resp_requests_new();
	size_t received = step;
	for (;;) {
		struct slice piece = piece_of(input, received);
		struct request request;
		size_t used = 0;
		const char *error = NULL;
		enum resp_state state = resp_request_next(parser, &limits, piece, &request, &used, &error);
		for (uint32_t i = 0; state == RESP_READY && i < request.argc; i++)
			resp_add_bulk(found, request.argv[i]);
		assert(used <= piece.len);
		piece_free(piece);
		if (state == RESP_ERROR || (state == RESP_MORE && received >= input.len))
			break;
		received += state == RESP_MORE ? step : 0;
		received -= used < received ? used : received;
		input.ptr += used;
		input.len -= used;
	}
	resp_requests_free(parser);
}

static void read_reply(struct slice whole)
{
	struct slice cursor = whole, skipped = whole;
	struct reply reply;
	while (cursor.len > 0 && reply_read(&cursor, &reply))
		assert(reply.text.len <= whole.len);
	bool is_whole = reply_skip(&skipped);
	assert(is_whole && skipped.len == 0);
}

/* How many bytes of whole replies INPUT starts with. */
static size_t frame_replies(struct slice input, size_t step)
{
	size_t total = 0;
	struct resp_frame frame = { 0 };
	for (size_t received = step;; received += step) {
		struct slice piece = piece_of(input, received);
		size_t used = 0, len;
		enum resp_state state;
		while ((state = resp_frame_next(&frame, (struct slice){ piece.ptr + used, piece.len - used }, &len)) == RESP_READY) {
			read_reply((struct slice){ piece.ptr + used, len });
			used += len;
			frame = (struct resp_frame){ 0 };
		}
		piece_free(piece);
		total += used;
		input.ptr += used;
		input.len -= used;
		received -= used < received ? used : received;
		if (state == RESP_ERROR || received >= input.len)
			return total;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return 0;
	struct slice input = { (const char *)bytes + 1, len - 1 };
	size_t step = (size_t)bytes[0] + 1;
	struct buffer whole = { 0 }, pieces = { 0 };
	read_requests(input, input.len + 1, &whole);
	read_requests(input, step, &pieces);
	assert(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
	buffer_free(&whole);
	buffer_free(&pieces);
	size_t framed_whole = frame_replies(input, input.len + 1), framed_pieces = frame_replies(input, step);
	assert(framed_whole == framed_pieces);
	return 0;
}
