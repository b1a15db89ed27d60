/* RESP: the Redis serialization protocol, versions 2 and 3, fed and asked. Owns no socket.
 * Used for clients' requests (resp_request.c), for the store's replies (resp_reply.c), and to write both (resp_write.c).
 * Invariant: memory is bounded by the bytes received, never by what a header announces. */
#ifndef CORE_RESP_H
#define CORE_RESP_H

#include "base/bytes.h"

/* ---- requests: bytes of a client in, commands out ---- */

struct resp_limits {
	uint32_t arguments_max;      /* multibulk length (Redis: 1 048 576; 10 before AUTH) */
	uint64_t bulk_len_max;       /* one argument, bytes (Redis: 512 MiB; 16 KiB before AUTH) */
	uint32_t inline_len_max;     /* an inline command, bytes (Redis: 64 KiB) */
};

enum resp_state { RESP_MORE, RESP_READY, RESP_ERROR };

/* One command. Slices point into the bytes that were fed (inline commands: into the parser's own memory)
 * and live until the next resp_request_next or until those bytes move. */
struct request {
	struct slice raw;            /* the whole command as RESP; empty when it came inline: re-encode from argv */
	struct slice *argv;
	uint32_t argc;               /* 0: an empty command (ignore it) */
};

struct resp_requests;            /* an incremental parser: never looks at a byte twice while waiting for more */
struct resp_requests *resp_requests_new(void);
void resp_requests_free(struct resp_requests *parser);
/* Takes the next command out of INPUT. INPUT must start where the last command ended and hold all bytes
 * received since (the same bytes again, plus more, after RESP_MORE; they may have moved).
 * RESP_READY: *request is filled and *used is how many bytes of INPUT it took.
 * RESP_ERROR: *error is Redis's own wording ("ERR Protocol error: invalid bulk length"), to be sent before closing.
 * "POST" and "Host:" inline commands are RESP_ERROR with an empty error: close without a word, as Redis does. */
enum resp_state resp_request_next(struct resp_requests *parser, const struct resp_limits *limits, struct slice input,
                                  struct request *request, size_t *used, const char **error);

/* ---- replies: where one ends, and what it holds ---- */

struct resp_frame {              /* zero-initialise before the first byte of a reply */
	uint64_t items_left;
	size_t scanned;
	uint32_t state;
	uint64_t bulk_left;
};
/* How long is the reply that starts at INPUT.ptr? RESP_READY: *len. RESP_MORE: call again with the same start and more bytes.
 * No recursion; attributes ('|') belong to the reply they precede; pushes ('>') are replies of their own. */
enum resp_state resp_frame_next(struct resp_frame *frame, struct slice input, size_t *len);

/* Reads a complete reply piece by piece. Maps, sets and pushes read as arrays (a map's count is doubled). */
enum reply_type { REPLY_NIL, REPLY_STRING, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER, REPLY_DOUBLE, REPLY_BOOLEAN, REPLY_ARRAY };
struct reply {
	enum reply_type type;
	struct slice text;           /* string, status, error (without '-'), double, big number, verbatim (without its format) */
	int64_t integer;             /* integer, boolean (0 or 1), array: number of elements that follow */
};
/* Takes one reply header or scalar off the front of *cursor. False: *cursor is not a complete reply. */
MUST_CHECK bool reply_read(struct slice *cursor, struct reply *reply);
/* Skips one whole reply, nested ones included. */
MUST_CHECK bool reply_skip(struct slice *cursor);
bool reply_is_error(struct slice reply);
uint64_t reply_count(struct slice reply);        /* an integer above 0; 0: anything else */

/* ---- writing ---- */

void resp_add_array(struct buffer *out, uint64_t count);         /* "*N\r\n" */
void resp_add_bulk(struct buffer *out, struct slice text);       /* "$N\r\n…\r\n" */
void resp_add_bulk_len(struct buffer *out, size_t len);          /* only the header; LEN bytes and CR LF have to follow */
void resp_add_bulk_int(struct buffer *out, int64_t number);
void resp_add_status(struct buffer *out, const char *text);      /* "+…\r\n" */
void resp_add_error(struct buffer *out, const char *text);       /* "-…\r\n"; CR and LF in TEXT become spaces */
void resp_add_integer(struct buffer *out, int64_t number);
void resp_add_command(struct buffer *out, unsigned argc, const struct slice *argv);

#endif
