/* Token: a context (version vector) as clients carry it. It is opaque text: base64url (RFC 4648, section 5, without padding) of the vector of what was
 * applied at the DC that gave it out, encoded as in a batch. Clients may keep it for as long as they like. */
#include "asked.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void add_base64(struct buffer *out, struct slice bytes)
{
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (unsigned char)bytes.ptr[i];
		for (have += 8; have >= 6; have -= 6)
			buffer_add_byte(out, letters[bits >> (have - 6) & 63]);
	}
	if (have > 0)
		buffer_add_byte(out, letters[bits << (6 - have) & 63]);
}

static int letter_value(char letter)
{
	for (int i = 0; i < 64; i++)
		if (letters[i] == letter)
			return i;
	return -1;
}

static bool read_base64(struct slice text, struct buffer *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < text.len; i++) {
		int value = letter_value(text.ptr[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buffer_add_byte(out, (char)(bits >> have & 0xff));
	}
	return true;
}

void token_write(struct asks *asks, struct buffer *out)
{
	struct context *context = causes_applied(asks->causes, false);
	struct buffer bytes = { 0 };
	unsigned count;
	const struct position *positions = causes_positions(asks->causes, context, &count);
	envelope_add_context(&bytes, positions, count);
	add_base64(out, buffer_slice(&bytes));
	buffer_free(&bytes);
	context_drop(context);
}

/* Every byte must belong to a position; otherwise the token is not ours and is refused. */
static bool is_context(struct slice bytes)
{
	struct position position;
	size_t used = 0;
	struct slice cursor = bytes;
	while (envelope_context_next(&cursor, &position)) {
		struct buffer again = { 0 };
		envelope_add_context(&again, &position, 1);
		used += again.len;
		buffer_free(&again);
	}
	return used == bytes.len;
}

struct context *token_read(struct asks *asks, struct slice token, const char **error)
{
	*error = NULL;
	if (slice_equal(token, SLICE("-")))
		token.len = 0;
	struct buffer bytes = { 0 };
	if (!read_base64(token, &bytes) || !is_context(buffer_slice(&bytes))) {
		*error = "ERR Homeport: this is no context: pass on what HOMEPORT GET answered, or \"-\" if nothing was read";
		buffer_free(&bytes);
		return NULL;
	}
	struct context *context = causes_translate(asks->causes, buffer_slice(&bytes));
	buffer_free(&bytes);
	if (causes_have_applied(asks->causes, context, false) && context_at(context, asks->causes->self) <= asks->causes->answered_seq)
		return context;
	*error = "HOMEPORT this context has seen writes that are not here yet: wait, or read again here";
	context_drop(context);
	return NULL;
}

/* ---- session tokens ---- */

#define SESSION_PREFIX SLICE("hs1.")
#define CHECK_BYTES 4

static void add_check(struct buffer *out, struct slice positions)
{
	uint64_t hash = slice_hash(positions);
	for (unsigned i = 0; i < CHECK_BYTES; i++)
		buffer_add_byte(out, (char)(hash >> 8 * i & 0xff));
}

void session_token_write(struct slice positions, struct buffer *out)
{
	struct buffer bytes = { 0 };
	add_check(&bytes, positions);
	buffer_add(&bytes, positions);
	buffer_add(out, SESSION_PREFIX);
	add_base64(out, buffer_slice(&bytes));
	buffer_free(&bytes);
}

/* The check tells a token that was cut short, mistyped or mixed up from one of ours. It keeps nobody from making one up, which would gain him nothing. */
static bool is_session(struct slice bytes)
{
	struct buffer check = { 0 };
	if (bytes.len < CHECK_BYTES)
		return false;
	struct slice positions = { bytes.ptr + CHECK_BYTES, bytes.len - CHECK_BYTES };
	add_check(&check, positions);
	bool is_ours = slice_equal(buffer_slice(&check), (struct slice){ bytes.ptr, CHECK_BYTES }) && is_context(positions);
	buffer_free(&check);
	return is_ours;
}

const char *session_token_read(struct slice token, struct slice *positions)
{
	const struct slice prefix = SESSION_PREFIX;
	struct buffer bytes = { 0 };
	bool has_prefix = token.len > prefix.len && slice_equal((struct slice){ token.ptr, prefix.len }, prefix);
	bool is_read = has_prefix && read_base64((struct slice){ token.ptr + prefix.len, token.len - prefix.len }, &bytes) && is_session(buffer_slice(&bytes));
	if (is_read)
		*positions = buffer_copy((struct slice){ bytes.ptr + CHECK_BYTES, bytes.len - CHECK_BYTES });
	buffer_free(&bytes);
	return is_read ? NULL : "ERR Homeport: this is no session token, or not all of it: pass on what HOMEPORT TOKEN answered";
}
