/* Pinned: subscriptions and detours over upstreams (see pinned.h).
 * Both start with the same preamble, which makes the new connection what the client's own would be. */
#include "pinned.h"

#include "session_commands.h"
#include "upstream.h"

#include <string.h>

#define PINNED_BYTES_MAX (64u << 20) /* of a client's subscription commands on their way to the store */

struct pinned {
	struct session *session;
	struct upstream *upstream;   /* owned */
	unsigned preamble_due;       /* replies that are not the client's */
	uint64_t token;              /* of a detour: whose answer; 0: a subscription */
	int64_t channels, shard_channels; /* subscribed to, patterns included, as last confirmed */
	bool is_leaving;             /* an unsubscribe is under way: the client waits for it */
};

/* A PING with this text follows each unsubscribe: it comes back when all that came before is confirmed. */
#define LEAVING_MARK "homeport:unsubscribed"

static void pinned_on_reply(void *context, struct slice reply);
static void pinned_on_lost(void *context, const char *why);

/* ---- the connection ---- */

static void preamble_add(struct pinned *pinned, struct buffer *bytes, unsigned argc, const struct slice *argv)
{
	resp_add_command(bytes, argc, argv);
	pinned->preamble_due++;
}

static void preamble_add_select(struct pinned *pinned, struct buffer *bytes, uint64_t db)
{
	struct buffer number = { 0 };
	buffer_add_uint64(&number, db);
	preamble_add(pinned, bytes, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
	buffer_free(&number);
}

static void preamble_add_auth(struct pinned *pinned, struct buffer *bytes)
{
	const struct settings *settings = pinned->session->sessions->status->settings;
	if (settings->redis_password == NULL)
		return;
	struct slice user = slice_of(settings->redis_username != NULL ? settings->redis_username : "default");
	preamble_add(pinned, bytes, 3, (struct slice[]){ SLICE("AUTH"), user, slice_of(settings->redis_password) });
}

static struct pinned *pinned_new(struct session *session, struct buffer *bytes)
{
	struct sessions *sessions = session->sessions;
	struct pinned *pinned = memory_new(sizeof(*pinned));
	pinned->session = session;
	pinned->upstream = upstream_new(sessions->loop, sessions->status->settings,
	                                &(struct upstream_callbacks){ pinned, pinned_on_reply, pinned_on_lost });
	preamble_add_auth(pinned, bytes);
	if (session->protocol == 3)
		preamble_add(pinned, bytes, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	if (session->name.len > 0)
		preamble_add(pinned, bytes, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), session->name });
	return pinned;
}

static void pinned_free(struct pinned *pinned)
{
	if (pinned == NULL)
		return;
	upstream_free(pinned->upstream);
	memory_free(pinned);
}

static void pinned_send(struct pinned *pinned, struct buffer *bytes)
{
	upstream_send(pinned->upstream, buffer_slice(bytes));
	buffer_free(bytes);
}

/* ---- detours ---- */

static bool request_blocks(const struct request *request)
{
	for (uint32_t i = 1; i < request->argc; i++) {
		if (session_is(request->argv[i], "STREAMS"))
			return false;
		if (session_is(request->argv[i], "BLOCK"))
			return true;
	}
	return false;
}

/* WAIT counts replicas that have what this connection wrote. One write of its own, to the reserved database, stands behind
 * all that was sent before it. */
static void preamble_add_barrier(struct pinned *pinned, struct buffer *bytes)
{
	preamble_add_select(pinned, bytes, pinned->session->sessions->status->settings->redis_database);
	preamble_add(pinned, bytes, 3, (struct slice[]){ SLICE("SET"), SLICE("homeport:wait"), SLICE("1") });
}

static void session_start_detour(struct session *session, const struct request *request, bool needs_barrier)
{
	struct buffer bytes = { 0 };
	struct pinned *detour = pinned_new(session, &bytes);
	if (needs_barrier)
		preamble_add_barrier(detour, &bytes);
	preamble_add_select(detour, &bytes, session->db);
	buffer_add(&bytes, session_encode(session, request));
	pinned_send(detour, &bytes);
	detour->token = session_expect(session, 1, false, ANSWER_PLAIN);
	session->detour = detour;
	client_stall(session->client);
}

static void session_end_detour(struct session *session, struct slice reply)
{
	struct pinned *detour = session->detour;
	session->detour = NULL;
	sessions_answer(session->sessions, detour->token, reply);
	client_resume(session->client);
	pinned_free(detour);
}

void session_abandon_detour(struct session *session)
{
	if (session->detour != NULL)
		session_end_detour(session, SLICE("-LOADING Homeport is stopping\r\n"));
}

/* ---- subscriptions ---- */

static bool is_about_subscribing(const struct command *row)
{
	return strstr(row->name, "subscribe") != NULL;
}

/* How many confirmations an unsubscribe gets depends on what there is to leave, so a mark is sent behind it. */
static void subscription_send(struct session *session, const struct command *row, const struct request *request)
{
	struct pinned *subscription = session->subscription;
	upstream_send(subscription->upstream, session_encode(session, request));
	if (strstr(row->name, "unsubscribe") != NULL) {
		struct buffer mark = { 0 };
		resp_add_command(&mark, 2, (struct slice[]){ SLICE("PING"), SLICE(LEAVING_MARK) });
		pinned_send(subscription, &mark);
		subscription->is_leaving = true;
		client_stall(session->client);
	}
	if (upstream_load(subscription->upstream) > PINNED_BYTES_MAX)
		client_end(session->client, CLIENT_DEAD);
}

static void session_subscribe(struct session *session, const struct command *row, const struct request *request)
{
	struct buffer bytes = { 0 };
	session->subscription = pinned_new(session, &bytes);
	pinned_send(session->subscription, &bytes);
	subscription_send(session, row, request);
	session_changed(session);
}

/* Takes in a confirmation: its kind, the channel, and how many are left. */
static void subscription_count(struct pinned *subscription, struct slice kind, struct slice cursor)
{
	struct reply count;
	if (!reply_skip(&cursor) || !reply_read(&cursor, &count) || count.type != REPLY_INTEGER)
		return;
	if (slice_equal(kind, SLICE("ssubscribe")) || slice_equal(kind, SLICE("sunsubscribe")))
		subscription->shard_channels = count.integer;
	else if (kind.len >= 9 && memcmp(kind.ptr + kind.len - 9, "subscribe", 9) == 0)
		subscription->channels = count.integer;
}

/* True: REPLY is the mark. Otherwise it is for the client, and takes part in counting. */
static bool subscription_take(struct pinned *subscription, struct slice reply)
{
	struct slice cursor = reply;
	struct reply head, kind, text;
	if (!reply_read(&cursor, &head))
		return false;
	if (head.type == REPLY_STRING)
		return slice_equal(head.text, SLICE(LEAVING_MARK));
	if (head.type != REPLY_ARRAY || head.integer < 2 || !reply_read(&cursor, &kind))
		return false;
	if (head.integer == 3)
		subscription_count(subscription, kind.text, cursor);
	return head.integer == 2 && reply_read(&cursor, &text) && slice_equal(text.text, SLICE(LEAVING_MARK));
}

/* Who has left all channels is an ordinary client again. */
static void session_end_leaving(struct session *session)
{
	session->subscription->is_leaving = false;
	if (session->subscription->channels == 0 && session->subscription->shard_channels == 0)
		session_unpin(session);
	client_resume(session->client);
}

bool session_pin(struct session *session, const struct command *row, const struct request *request)
{
	bool is_wait = strncmp(row->name, "wait", 4) == 0;
	if (is_wait || request_blocks(request)) {
		session_start_detour(session, request, is_wait);
		return true;
	}
	if (strcmp(row->name, "xread") == 0)
		return false;
	session_subscribe(session, row, request);
	return true;
}

/* With RESP3 answers and messages can be told apart, and a subscriber may do anything else as well. */
bool session_is_pinned(const struct session *session, const struct command *row)
{
	return session->subscription != NULL && (session->protocol == 2 || is_about_subscribing(row));
}

void session_pinned_request(struct session *session, const struct command *row, const struct request *request)
{
	bool is_leaving = strcmp(row->name, "quit") == 0 || strcmp(row->name, "reset") == 0;
	if (is_leaving) {
		session_command_of(session, row)->handle(session, request);
		return;
	}
	if (!is_about_subscribing(row) && strcmp(row->name, "ping") != 0) {
		session_reply_error_about(session, "ERR Can't execute '", slice_of(row->name),
		                          "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
		return;
	}
	subscription_send(session, row, request);
}

void session_unpin(struct session *session)
{
	pinned_free(session->subscription);
	pinned_free(session->detour);
	session->subscription = session->detour = NULL;
	session_changed(session);
}

/* ---- what the store says ---- */

static void pinned_on_reply(void *context, struct slice reply)
{
	struct pinned *pinned = context;
	struct session *session = pinned->session;
	if (pinned->preamble_due > 0) {
		pinned->preamble_due--;
		if (reply_is_error(reply))
			pinned_on_lost(pinned, "the store refused a connection of the client's own");
	} else if (pinned->token != 0) {
		session_end_detour(session, reply);
	} else if (!subscription_take(pinned, reply)) {
		client_reply(session->client, reply, false);
	} else if (pinned->is_leaving) {
		session_end_leaving(session);
	}
}

/* A subscriber learns of it as from Redis: its connection closes, and it subscribes again. */
static void pinned_on_lost(void *context, const char *why)
{
	(void)why;
	struct pinned *pinned = context;
	struct session *session = pinned->session;
	if (pinned->token != 0)
		session_end_detour(session, SLICE("-LOADING Homeport lost the connection that this command was waiting on\r\n"));
	else
		client_end(session->client, CLIENT_ENDS);
}
