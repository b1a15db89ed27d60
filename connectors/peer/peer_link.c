/* Peer link (see peer_link.h). Requests wait until the greeting is answered, so that none reaches a stranger. From then on their bytes are counted, so that
 * what was sent whole is told from what was not. */
#include "peer_link.h"

#include "connectors/net/channel.h"
#include "connectors/net/timer.h"
#include "peer_waiting.h"
#include "proxy/core/resp/resp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define READ_CHUNK 65536
#define RETRY_MS_FIRST 20
#define RETRY_MS_MAX 500
#define LOOKS 8                      /* how often within the timeout it is looked whether bytes move */
#define WHY_SIZE 256
#define PROBE_TAG 0

enum link_state { LINK_UNUSED, LINK_CONNECTING, LINK_UP, LINK_PAUSING };

struct peer_link {
	struct peer_link_options options;
	struct peer_link_callbacks callbacks;
	enum link_state state;
	struct channel *channel;     /* NULL without a connection */
	unsigned attempt;
	struct timer *retry, *look;
	uint32_t retry_ms;
	unsigned greetings_due;      /* answers to our greeting that have not come */
	struct buffer in;
	struct resp_frame frame;
	struct buffer greeting;      /* not yet sent */
	struct buffer out;           /* requests not yet sent, behind OUT_SENT bytes that are */
	size_t out_sent;
	uint64_t queued, sent;       /* bytes of requests of this connection: given, taken by the kernel */
	uint64_t moved_ms;           /* when a byte moved last, of those that were asked for */
	bool is_probed;              /* it was asked since then whether anybody is there */
	struct waiting_list waiting;
	char why[WHY_SIZE];          /* of the last failure; empty: none */
};

static void link_connect(void *context);
static void link_greet(struct peer_link *link);
static void link_lose(struct peer_link *link, const char *why);
static void link_on_readable(void *context);
static void link_on_writable(void *context);
static void link_look(void *context);
static void link_note_life(struct peer_link *link);

struct peer_link *peer_link_new(const struct peer_link_options *options, const struct peer_link_callbacks *callbacks)
{
	struct peer_link *link = memory_new(sizeof(*link));
	link->options = *options;
	link->callbacks = *callbacks;
	link->retry = timer_new(options->loop, link_connect, link);
	link->look = timer_new(options->loop, link_look, link);
	link->retry_ms = RETRY_MS_FIRST;
	return link;
}

static void link_close(struct peer_link *link)
{
	channel_free(link->channel);
	link->channel = NULL;
	buffer_free(&link->in);
	buffer_free(&link->out);
	buffer_free(&link->greeting);
	link->out_sent = 0;
	link->queued = link->sent = 0;
	link->frame = (struct resp_frame){ 0 };
	timer_stop(link->look);
}

void peer_link_free(struct peer_link *link, void (*forget)(void *item))
{
	if (link == NULL)
		return;
	for (unsigned i = 0; i < link->waiting.count; i++) {
		void *item = waiting_at(&link->waiting, i)->item;
		if (item != NULL)
			forget(item);
	}
	link_close(link);
	timer_free(link->retry);
	timer_free(link->look);
	waiting_free(&link->waiting);
	memory_free(link);
}

const char *peer_link_trouble(const struct peer_link *link)
{
	return link->why[0] != '\0' ? link->why : NULL;
}

/* ---- requests ---- */

const char *peer_link_send(struct peer_link *link, uint64_t tag, void *item, struct slice request)
{
	if (link->state == LINK_PAUSING)
		return link->why;
	if (link->waiting.bytes + request.len > link->options.bytes_max && link->waiting.count > 0)
		return "as many bytes as limits.forward allows are under way to it";
	if (link->state == LINK_UNUSED) {
		link->state = LINK_CONNECTING;
		timer_start(link->retry, 0);
	}
	if (link->waiting.count == 0)
		link_note_life(link);
	buffer_add(&link->out, request);
	link->queued += request.len;
	waiting_add(&link->waiting, &(struct waiting){ tag, item, request.len, link->queued });
	if (link->state == LINK_UP)
		channel_write(link->channel, true);
	return NULL;
}

/* ---- connecting ---- */

/* A connection that was needed once is made again, whether or not somebody waits for it. */
static void link_connect(void *context)
{
	struct peer_link *link = context;
	const char *why;
	link->state = LINK_CONNECTING;
	link->channel = channel_dial(link->options.loop, &link->options.endpoint, link->attempt++,
	                             &(struct channel_callbacks){ link, link_on_readable, link_on_writable }, &why);
	if (link->channel == NULL) {
		link_lose(link, why);
		return;
	}
	channel_read(link->channel, true);
	link_greet(link);
	link_note_life(link);
	timer_start(link->look, link->options.timeout_ms / LOOKS);
}

static void greet(struct peer_link *link, unsigned argc, const struct slice *argv)
{
	resp_add_command(&link->greeting, argc, argv);
	link->greetings_due++;
}

static void link_greet(struct peer_link *link)
{
	const struct peer_link_options *options = &link->options;
	struct buffer name = { 0 };
	link->greetings_due = 0;
	if (options->password != NULL && options->username != NULL)
		greet(link, 3, (struct slice[]){ SLICE("AUTH"), slice_of(options->username), slice_of(options->password) });
	else if (options->password != NULL)
		greet(link, 2, (struct slice[]){ SLICE("AUTH"), slice_of(options->password) });
	if (options->protocol == 3)
		greet(link, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	buffer_add_text(&name, "homeport-");
	buffer_add_text(&name, options->own_dc);
	greet(link, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), buffer_slice(&name) });
	greet(link, 3, (struct slice[]){ SLICE("HOMEPORT"), SLICE("PEER"), slice_of(options->peer_dc) });
	channel_write(link->channel, true);
	buffer_free(&name);
}

static void link_take_greeting(struct peer_link *link, struct slice reply)
{
	struct reply answer;
	struct slice cursor = reply;
	char why[WHY_SIZE];
	if (reply_read(&cursor, &answer) && answer.type == REPLY_ERROR) {
		bool is_login = answer.text.len > 6 && memcmp(answer.text.ptr, "NOAUTH", 6) == 0;
		snprintf(why, sizeof(why), "it answers: %.*s%s%s%s", (int)(answer.text.len < 150 ? answer.text.len : 150), answer.text.ptr,
		         is_login ? " (give peers." : "", is_login ? link->options.peer_dc : "", is_login ? ".password_file)" : "");
		link_lose(link, why);
		return;
	}
	if (--link->greetings_due > 0)
		return;
	link->state = LINK_UP;
	link->retry_ms = RETRY_MS_FIRST;
	link->why[0] = '\0';
	if (link->out.len > 0)
		channel_write(link->channel, true);
}

/* What was sent whole may have been executed; the rest was not. */
static void link_lose(struct peer_link *link, const char *why)
{
	uint64_t sent = link->sent;
	/* WHY may lie in what is freed. */
	char text[WHY_SIZE];
	snprintf(text, sizeof(text), "%s", why);
	memcpy(link->why, text, sizeof(text));
	link_close(link);
	link->state = LINK_PAUSING;
	timer_start(link->retry, link->retry_ms);
	link->retry_ms = link->retry_ms * 2 < RETRY_MS_MAX ? link->retry_ms * 2 : RETRY_MS_MAX;
	while (link->waiting.count > 0) {
		struct waiting *waiting = waiting_at(&link->waiting, 0);
		enum peer_failure failure = waiting->end <= sent ? PEER_UNKNOWN : PEER_NOT_SENT;
		link->callbacks.failed(link->callbacks.context, waiting_settle(&link->waiting, waiting), failure, text);
	}
}

/* ---- bytes ---- */

static void link_take_reply(struct peer_link *link, struct slice reply)
{
	if (reply.ptr[0] == '>')
		return;
	if (link->greetings_due > 0) {
		link_take_greeting(link, reply);
		return;
	}
	struct reply head, tag;
	struct slice cursor = reply;
	bool is_tagged = reply_read(&cursor, &head) && head.type == REPLY_ARRAY && head.integer == 2 && reply_read(&cursor, &tag) && tag.type == REPLY_INTEGER;
	struct waiting *waiting = is_tagged ? waiting_find(&link->waiting, (uint64_t)tag.integer) : NULL;
	if (is_tagged && tag.integer == PROBE_TAG)
		return;
	if (waiting != NULL) {
		link->callbacks.replied(link->callbacks.context, waiting_settle(&link->waiting, waiting), cursor);
		return;
	}
	char why[WHY_SIZE];
	struct slice line = slice_take_until(&reply, '\r');
	snprintf(why, sizeof(why), "it answers what was not asked: %.*s", (int)(line.len < 100 ? line.len : 100), line.ptr);
	link_lose(link, why);
}

/* Hands out the whole replies at the front of IN. A lost link has no IN any more. */
static void link_feed(struct peer_link *link)
{
	size_t used = 0;
	while (link->channel != NULL && used < link->in.len) {
		struct slice rest = { link->in.ptr + used, link->in.len - used };
		size_t len;
		enum resp_state state = resp_frame_next(&link->frame, rest, &len);
		if (state == RESP_ERROR) {
			link_lose(link, "its answer is malformed");
			return;
		}
		if (state == RESP_MORE)
			break;
		link->frame = (struct resp_frame){ 0 };
		used += len;
		link_take_reply(link, (struct slice){ rest.ptr, len });
	}
	if (link->channel == NULL || used == 0)
		return;
	link->in.len -= used;
	if (link->in.len > 0)
		memmove(link->in.ptr, link->in.ptr + used, link->in.len);
	else
		buffer_reset(&link->in);
}

static void link_on_readable(void *context)
{
	struct peer_link *link = context;
	char *room = buffer_grow(&link->in, READ_CHUNK);
	ssize_t got = channel_receive(link->channel, room, READ_CHUNK);
	link->in.len -= READ_CHUNK - (got > 0 ? (size_t)got : 0);
	if (got < 0 && errno != EAGAIN && errno != EINTR) {
		link_lose(link, channel_trouble(link->channel));
		return;
	}
	link_note_life(link);
	if (got > 0)
		link_feed(link);
	else if (got == 0)
		link_lose(link, "it closed the connection");
}

static void link_on_writable(void *context)
{
	struct peer_link *link = context;
	bool is_greeting = link->state != LINK_UP;
	struct buffer *out = is_greeting ? &link->greeting : &link->out;
	ssize_t sent = channel_send(link->channel, &(struct iovec){ out->ptr + link->out_sent, out->len - link->out_sent }, 1);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		link_lose(link, channel_trouble(link->channel));
		return;
	}
	if (sent > 0) {
		link->out_sent += (size_t)sent;
		link->sent += is_greeting ? 0 : (size_t)sent;
		if (!link->is_probed)
			link_note_life(link);
	}
	size_t left = out->len - link->out_sent;
	if (left > 0)
		channel_write(link->channel, true);
	/* What was not sent is moved to the front once it is no longer than what was. */
	if (left > link->out_sent)
		return;
	memmove(out->ptr, out->ptr + link->out_sent, left);
	out->len = left;
	link->out_sent = 0;
	if (left == 0)
		buffer_free(out);
}

static void link_note_life(struct peer_link *link)
{
	link->moved_ms = timer_now_ms();
	link->is_probed = false;
}

/* Requests may be held there: an answer that is due for long does not say that nobody is there. The answer to this is never held. */
static void link_probe(struct peer_link *link)
{
	size_t before = link->out.len;
	resp_add_command(&link->out, 10, (struct slice[]){ SLICE("HOMEPORT"), SLICE("FORWARD"), SLICE("0"), SLICE("0"), SLICE("0"), SLICE("PING"), SLICE("-"),
	                                                   SLICE("-"), SLICE("-"), SLICE("-") });
	link->queued += link->out.len - before;
	link->is_probed = true;
	channel_write(link->channel, true);
}

static void link_look(void *context)
{
	struct peer_link *link = context;
	char why[WHY_SIZE];
	bool is_due = link->waiting.count > 0 || link->greetings_due > 0;
	uint64_t silent_ms = timer_now_ms() - link->moved_ms;
	if (is_due && silent_ms >= link->options.timeout_ms) {
		snprintf(why, sizeof(why), "it has not answered for %.3g s", link->options.timeout_ms / 1000.0);
		link_lose(link, why);
		return;
	}
	if (is_due && link->state == LINK_UP && !link->is_probed && silent_ms >= link->options.timeout_ms / 4)
		link_probe(link);
	timer_start(link->look, link->options.timeout_ms / LOOKS);
}
