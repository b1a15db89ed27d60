/* Pinned: subscriptions and detours over upstreams (see pinned.h). Both begin with the same preamble: commands that bring the new connection
 * into the state in which a connection of the client's own to Redis would be. */
#include "pinned.h"

#include "session_answers.h"
#include "session_parts.h"
#include "session_reply.h"
#include "upstream.h"
#include "proxy/core/scripting/libraries.h"

#include <assert.h>

#include <string.h>

#define PINNED_BYTES_MAX (64u << 20) /* of a client's subscription commands on their way to the store */

/* How the commands of class PINNED are dealt with. */
enum pin {
	PIN_SUBSCRIBE,               /* the session gets a subscription, or it is sent to the one it has */
	PIN_UNSUBSCRIBE,             /* likewise; with the last channel the subscription ends */
	PIN_KILL,                    /* a detour, as the connections that all share wait for what is to be killed, or told of */
	PIN_WAIT,                    /* a detour that writes first, so that there is something to wait for */
};

struct pinned {
	struct session *session;
	struct upstream *upstream;   /* owned */
	unsigned preamble_due;       /* replies to the preamble that have not come */
	uint64_t token;              /* a detour: names the question; 0: a subscription */
	enum pin pin;                /* a detour: what it is for */
	int64_t channels, shard_channels; /* subscribed to, patterns included, as last confirmed */
	bool is_beginning;           /* the first answer is due, and the client is stalled until it has come */
	bool is_leaving;             /* an unsubscribe is under way, and the client is stalled until it is confirmed */
};

/* Follows each unsubscribe. It is no command, and Redis says so when all that came before is confirmed. (Not every user may send PING.) */
#define LEAVING_MARK "homeport:unsubscribed"

static const struct pin_row {
	const char *name;
	enum pin pin;
} pin_rows[] = {
	{ "function|kill", PIN_KILL },
	{ "function|stats", PIN_KILL },
	{ "psubscribe", PIN_SUBSCRIBE },
	{ "punsubscribe", PIN_UNSUBSCRIBE },
	{ "script|kill", PIN_KILL },
	{ "ssubscribe", PIN_SUBSCRIBE },
	{ "subscribe", PIN_SUBSCRIBE },
	{ "sunsubscribe", PIN_UNSUBSCRIBE },
	{ "unsubscribe", PIN_UNSUBSCRIBE },
	{ "wait", PIN_WAIT },
	{ "waitaof", PIN_WAIT },
};

#define PIN_ROWS (sizeof(pin_rows) / sizeof(pin_rows[0]))

static void pinned_on_reply(void *context, struct slice reply);
static void pinned_on_lost(void *context, const char *why);

/* ---- the commands ---- */

static const struct pin_row *pin_row_find(const struct command *row)
{
	for (size_t i = 0; i < PIN_ROWS; i++) {
		if (strcmp(pin_rows[i].name, row->name) == 0)
			return &pin_rows[i];
	}
	return NULL;
}

void pinned_check_rows(void)
{
	for (unsigned i = 0; i < command_count(); i++)
		assert((command_at(i)->class == COMMAND_PINNED) == (pin_row_find(command_at(i)) != NULL));
}

static enum pin pin_of(const struct command *row)
{
	return pin_row_find(row)->pin;
}

bool session_is_kill(const struct command *row)
{
	return row->class == COMMAND_PINNED && pin_of(row) == PIN_KILL;
}

bool pinned_can_be_queued(const struct command *row)
{
	return pin_of(row) == PIN_WAIT || pin_of(row) == PIN_KILL;
}

uint32_t pinned_confirmations(const struct command *row, const struct request *request)
{
	return pin_of(row) == PIN_SUBSCRIBE ? request->argc - 1 : pin_of(row) == PIN_UNSUBSCRIBE ? UINT32_MAX : 0;
}

static bool is_about_subscribing(const struct command *row)
{
	return row->class == COMMAND_PINNED && (pin_of(row) == PIN_SUBSCRIBE || pin_of(row) == PIN_UNSUBSCRIBE);
}

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

/* From here on Redis holds the connection to the rules of the client's user: which channels it may listen to, and until when. */
static void preamble_add_client_auth(struct pinned *pinned, struct buffer *bytes)
{
	const struct session *session = pinned->session;
	const struct credentials *credentials = &session->credentials;
	struct slice argv[3] = { SLICE("AUTH"), SLICE("default"), SLICE("none") };
	if (credentials->count == 0 && session->sessions->status->settings->redis_password == NULL)
		return;
	for (unsigned i = 0; i < credentials->count; i++)
		argv[1 + i] = credentials->auth[i];
	preamble_add(pinned, bytes, credentials->count == 1 ? 2 : 3, argv);
}

/* IS_BUSY: Redis runs a script, and takes little else. */
static struct pinned *pinned_new(struct session *session, struct buffer *bytes, bool is_busy)
{
	struct sessions *sessions = session->sessions;
	struct pinned *pinned = memory_new(sizeof(*pinned));
	pinned->session = session;
	pinned->upstream = upstream_new(sessions->loop, sessions->status,
	                                &(struct upstream_callbacks){ pinned, pinned_on_reply, pinned_on_lost });
	preamble_add_auth(pinned, bytes);
	if (session->protocol == 3)
		preamble_add(pinned, bytes, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	if (session->name.len > 0 && !is_busy)
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

/* WAIT counts the replicas that have what this connection wrote, so the connection writes once, to the reserved database. That write follows
 * all that the client had written before. */
static void preamble_add_barrier(struct pinned *pinned, struct buffer *bytes)
{
	preamble_add_select(pinned, bytes, pinned->session->sessions->status->settings->redis_database);
	preamble_add(pinned, bytes, 3, (struct slice[]){ SLICE("SET"), SLICE("homeport:wait"), SLICE("1") });
}

static void session_start_detour(struct session *session, const struct request *request, enum pin pin)
{
	struct buffer bytes = { 0 };
	struct pinned *detour = pinned_new(session, &bytes, pin == PIN_KILL);
	if (pin == PIN_WAIT)
		preamble_add_barrier(detour, &bytes);
	if (pin != PIN_KILL)
		preamble_add_select(detour, &bytes, session->db);
	buffer_add(&bytes, session_encode(session, request));
	pinned_send(detour, &bytes);
	detour->token = session_expect(session, 1, false, ANSWER_PLAIN);
	detour->pin = pin;
	session->detour = detour;
	client_stall(session->client);
}

static void session_end_detour(struct session *session, struct slice reply)
{
	struct pinned *detour = session->detour;
	struct buffer stats = { 0 };
	session->detour = NULL;
	sessions_answer(session->sessions, detour->token, libraries_adapt_stats(reply, &stats));
	buffer_free(&stats);
	session_resume(session);
	pinned_free(detour);
}

bool session_unblock(struct session *session, bool is_error)
{
	if (session->detour == NULL || session->detour->pin == PIN_KILL)
		return false;
	session_end_detour(session, is_error ? SLICE("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n") : SLICE(":0\r\n"));
	return true;
}

int64_t pinned_channels(const struct pinned *pinned, bool is_sharded)
{
	return is_sharded ? pinned->shard_channels : pinned->channels;
}

void session_abandon_detour(struct session *session)
{
	if (session->detour != NULL)
		session_end_detour(session, SLICE("-LOADING Homeport is stopping\r\n"));
}

/* ---- subscriptions ---- */

/* Redis confirms each channel that is left, and how many there are we do not know: so a mark is sent behind an unsubscribe. */
static void subscription_send(struct session *session, const struct command *row, const struct request *request)
{
	struct pinned *subscription = session->subscription;
	upstream_send(subscription->upstream, session_encode(session, request));
	if (row->class == COMMAND_PINNED && pin_of(row) == PIN_UNSUBSCRIBE) {
		struct buffer mark = { 0 };
		resp_add_command(&mark, 1, (struct slice[]){ SLICE(LEAVING_MARK) });
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
	session->subscription = pinned_new(session, &bytes, false);
	preamble_add_client_auth(session->subscription, &bytes);
	session->subscription->is_beginning = true;
	client_stall(session->client);
	pinned_send(session->subscription, &bytes);
	subscription_send(session, row, request);
	session_changed(session);
}

/* Reads a confirmation: its kind, the channel, and how many channels the client is subscribed to now. */
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

/* True: REPLY is the mark. False: it is for the client, and if it confirms something, channels were counted. */
static bool subscription_take(struct pinned *subscription, struct slice reply)
{
	struct slice cursor = reply;
	struct reply head, kind;
	if (!reply_read(&cursor, &head))
		return false;
	if (head.type == REPLY_ERROR)
		return memmem(head.text.ptr, head.text.len, LEAVING_MARK, sizeof(LEAVING_MARK) - 1) != NULL;
	if (head.type != REPLY_ARRAY || head.integer < 2 || !reply_read(&cursor, &kind))
		return false;
	if (head.integer == 3)
		subscription_count(subscription, kind.text, cursor);
	return false;
}

/* A client that has left all channels is an ordinary client again. */
static void session_end_leaving(struct session *session)
{
	session->subscription->is_leaving = session->subscription->is_beginning = false;
	if (session->subscription->channels == 0 && session->subscription->shard_channels == 0)
		session_unpin(session);
	session_resume(session);
}

/* The first answer has come. If the client may not listen to that channel, it is an ordinary client again. */
static void session_begin_subscribed(struct session *session, struct slice reply)
{
	if (session->subscription == NULL || !session->subscription->is_beginning || session->subscription->is_leaving)
		return;
	session->subscription->is_beginning = false;
	if (reply_is_error(reply))
		session_unpin(session);
	session_resume(session);
}

bool session_pin(struct session *session, const struct command *row, const struct request *request)
{
	switch (pin_of(row)) {
	case PIN_SUBSCRIBE:
	case PIN_UNSUBSCRIBE:
		session_subscribe(session, row, request);
		return true;
	case PIN_KILL:
	case PIN_WAIT:
		session_start_detour(session, request, pin_of(row));
		return true;
	}
	return false;
}

/* With RESP2 a subscriber may do little else. RESP3 tells messages from answers, so there a subscriber may do everything else as well. */
bool session_is_pinned(const struct session *session, const struct command *row)
{
	if (session->subscription == NULL)
		return false;
	if (session->protocol == 3)
		return is_about_subscribing(row);
	return strcmp(row->name, "quit") != 0 && strcmp(row->name, "reset") != 0;
}

void session_pinned_request(struct session *session, const struct command *row, const struct request *request)
{
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

/* Redis's own words say why it refuses one more connection, as at its maxclients. A detour may block for as long as its command says. */
static void pinned_take_preamble(struct pinned *pinned, struct slice reply)
{
	struct session *session = pinned->session;
	pinned->preamble_due--;
	if (reply_is_error(reply) && pinned->token != 0) {
		session_end_detour(session, reply);
	} else if (reply_is_error(reply)) {
		client_reply(session->client, reply, false);
		client_end(session->client, CLIENT_ENDS);
	} else if (pinned->preamble_due == 0 && pinned->token != 0) {
		upstream_settle(pinned->upstream);
	}
}

/* Does an EXEC wait for it? Messages on channels are not what it waits for. */
static bool is_for_parts(const struct session *session, struct slice reply)
{
	struct reply head, kind;
	if (session->parts == NULL || session->parts->confirmations_due == 0)
		return false;
	if (reply.len == 0 || !reply_read(&reply, &head) || head.type == REPLY_ERROR)
		return true;
	if (head.type != REPLY_ARRAY || !reply_read(&reply, &kind))
		return false;
	return kind.text.len >= 9 && memcmp(kind.text.ptr + kind.text.len - 9, "subscribe", 9) == 0;
}

static void pinned_on_reply(void *context, struct slice reply)
{
	struct pinned *pinned = context;
	struct session *session = pinned->session;
	if (pinned->preamble_due > 0) {
		pinned_take_preamble(pinned, reply);
		return;
	}
	upstream_settle(pinned->upstream);
	if (pinned->token != 0) {
		session_end_detour(session, reply);
	} else if (notices_hide(&session->sessions->notices, (uint32_t)session->sessions->status->settings->redis_database, reply)) {
		return;
	} else if (!subscription_take(pinned, reply)) {
		if (is_for_parts(session, reply))
			parts_take_confirmation(session->parts, reply, false, reply_is_error(reply));
		else
			client_reply(session->client, reply, false);
		session_begin_subscribed(session, reply);
	} else if (pinned->is_leaving) {
		session_end_leaving(session);
		if (is_for_parts(session, SLICE("")))
			parts_take_confirmation(session->parts, reply, true, true);
	}
}

/* A subscriber learns of it as it would from Redis: its connection closes, and it connects and subscribes again. */
static void pinned_on_lost(void *context, const char *why)
{
	(void)why;
	struct pinned *pinned = context;
	struct session *session = pinned->session;
	if (pinned->token != 0)
		session_end_detour(session, SLICE(UPSTREAM_LOST));
	else
		client_end(session->client, CLIENT_ENDS);
}
