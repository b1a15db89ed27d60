/* Session afar (see session_afar.h). Requests are sent as they came, and answered in that order. What the client queues there is executed there as a whole,
 * or not at all: the home's sidecar holds it to the home's rules as it does with its own clients. */
#include "session_afar.h"

#include "monitor.h"
#include "proxy/homes/forwards.h"
#include "proxy/homes/homes_words.h"
#include "session_answers.h"
#include "session_promise.h"
#include "session_reply.h"
#include "session_transaction.h"
#include "tracking_tell.h"
#include "upstream.h"

#include <string.h>

#define AFAR_BYTES_MAX (64u << 20)   /* of one client's requests on their way */
#define IN_MULTI "HOMEPORT unsupported: a transaction that is guarded in another datacenter cannot hold "

struct afar {
	struct session *session;
	struct upstream *upstream;   /* owned */
	unsigned dc;
	uint32_t db;                 /* as the connection has it, and the next */
	unsigned protocol;
	uint64_t *due;               /* owned; names of the answers that are due, oldest first; 0: one that nobody wants */
	unsigned due_count, due_cap;
	bool is_there;               /* its WATCH was answered */
	bool is_in_multi;
	bool is_discarding;          /* for EXEC: its answer is ours */
	bool is_ending;              /* the request that ends it is under way, and the client is stalled */
};

static void afar_on_reply(void *context, struct slice reply);
static void afar_on_lost(void *context, const char *why);

/* ---- asking ---- */

static void afar_expect(struct afar *afar, uint64_t token)
{
	afar->due = array_reserve(afar->due, afar->due_count, &afar->due_cap, sizeof(*afar->due));
	afar->due[afar->due_count++] = token;
	upstream_expect(afar->upstream);
}

/* A command of ours: only an error of it says something. */
static void afar_say(struct afar *afar, unsigned argc, const struct slice *argv)
{
	struct buffer bytes = { 0 };
	resp_add_command(&bytes, argc, argv);
	upstream_send(afar->upstream, buffer_slice(&bytes));
	afar_expect(afar, 0);
	buffer_free(&bytes);
}

static void afar_greet(struct afar *afar)
{
	const struct session *session = afar->session;
	const struct settings_peer *peer = &session->sessions->status->settings->peers[afar->dc - 1];
	if (peer->password != NULL && peer->username != NULL)
		afar_say(afar, 3, (struct slice[]){ SLICE("AUTH"), slice_of(peer->username), slice_of(peer->password) });
	else if (peer->password != NULL)
		afar_say(afar, 2, (struct slice[]){ SLICE("AUTH"), slice_of(peer->password) });
	afar_say(afar, 3, (struct slice[]){ SLICE("HOMEPORT"), SLICE("PEER"), slice_of(peer->name) });
	if (session->name.len > 0)
		afar_say(afar, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), session->name });
}

/* The client may have changed these since. */
static void afar_follow(struct afar *afar)
{
	const struct session *session = afar->session;
	if (afar->protocol != session->protocol)
		afar_say(afar, 2, (struct slice[]){ SLICE("HELLO"), session->protocol == 3 ? SLICE("3") : SLICE("2") });
	afar->protocol = session->protocol;
	if (afar->db != session->db) {
		struct buffer number = { 0 };
		buffer_add_uint64(&number, session->db);
		afar_say(afar, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
		buffer_free(&number);
	}
	afar->db = session->db;
}

static void afar_send(struct afar *afar, const struct request *request)
{
	struct session *session = afar->session;
	afar_follow(afar);
	afar_expect(afar, session_expect(session, 1, false, ANSWER_PLAIN));
	upstream_send(afar->upstream, session_encode(session, request));
	if (upstream_load(afar->upstream) > AFAR_BYTES_MAX)
		client_end(session->client, CLIENT_DEAD);
}

static void afar_free(struct afar *afar)
{
	upstream_free(afar->upstream);
	memory_free(afar->due);
	memory_free(afar);
}

void session_leave_afar(struct session *session)
{
	struct afar *afar = session->afar;
	session->afar = NULL;
	if (afar != NULL)
		afar_free(afar);
	session_changed(session);
}

static void session_go_afar(struct session *session, unsigned dc, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	struct afar *afar = memory_new(sizeof(*afar));
	struct upstream_target target = { .silence = "it has not answered for limits.forward_wait", .timeout_ms = sessions->status->settings->limits_forward_wait_ms };
	*afar = (struct afar){ .session = session, .dc = dc, .protocol = 2 };
	forwards_endpoint(sessions->status, dc, &target.endpoint);
	afar->upstream = upstream_new_to(sessions->loop, sessions->status, &target, &(struct upstream_callbacks){ afar, afar_on_reply, afar_on_lost });
	session->afar = afar;
	session_changed(session);
	afar_greet(afar);
	afar_send(afar, request);
	client_stall(session->client);
}

bool session_watch_afar(struct session *session, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	if (!turn_is_open(sessions->turn))
		return false;
	unsigned dc = turn_forwarded_to(sessions->turn, command_find(request->argc, request->argv), request);
	if (dc == 0)
		return false;
	struct buffer error = { 0 };
	if (dc == CORE_DC_UNKNOWN)
		buffer_add_text(&error, "HOMEPORT MIXED nothing is watched, as these keys are of users with different homes");
	else if (session->is_peer)
		homes_add_redirect(&error, sessions->status, dc);
	else
		session_go_afar(session, dc, request);
	buffer_add_byte(&error, '\0');
	if (error.len > 1)
		session_reply_error(session, error.ptr);
	buffer_free(&error);
	return true;
}

/* ---- what goes there ---- */

static bool is_named(const struct command *row, const char *name)
{
	return strcmp(row->name, name) == 0;
}

/* What is of the connection here stays here, and what may take for ever has ways of its own. */
static bool is_for_afar(const struct afar *afar, const struct command *row)
{
	static const char *const theirs[] = { "watch", "unwatch", "multi", "exec", "discard" };
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		if (is_named(row, theirs[i]))
			return true;
	if (afar->is_in_multi)
		return !is_named(row, "quit") && !is_named(row, "reset");
	return (row->class == COMMAND_WRITE || row->class == COMMAND_READ) && !row->is_blocking;
}

static void afar_spoil(struct afar *afar, const struct command *row)
{
	struct buffer text = { 0 };
	buffer_add_text(&text, IN_MULTI);
	buffer_add_text(&text, row->name);
	buffer_add_byte(&text, '\0');
	session_refuse(afar->session, COMMAND_RESULT_UNSUPPORTED, text.ptr);
	buffer_free(&text);
}

/* EXEC of it ends the transaction there, too. */
static void afar_discard(struct afar *afar)
{
	afar->is_discarding = true;
	afar_send(afar, &(struct request){ .argc = 1, .argv = (struct slice[]){ SLICE("DISCARD") } });
}

static void afar_note_sent(struct afar *afar, const struct command *row)
{
	bool was_in_multi = afar->is_in_multi;
	if (!was_in_multi && is_named(row, "multi"))
		afar->session->is_spoiled = false;
	afar->is_in_multi |= is_named(row, "multi");
	bool is_over = was_in_multi ? is_named(row, "exec") || is_named(row, "discard") : is_named(row, "unwatch");
	if (!is_over)
		return;
	afar->is_ending = true;
	client_stall(afar->session->client);
}

bool session_ask_afar(struct session *session, const struct command *row, const struct request *request)
{
	struct afar *afar = session->afar;
	if (is_named(row, "reset") && afar->due_count > 0) {
		session_defer(session, session_command_of(session, row), request);
		return true;
	}
	if (!is_for_afar(afar, row))
		return false;
	monitor_note(session, row, request);
	if (afar->is_in_multi && (row->class == COMMAND_PINNED || (row->class == COMMAND_SESSION && !session_command_of(session, row)->is_immediate))) {
		afar_spoil(afar, row);
		return true;
	}
	if (afar->is_in_multi && session->is_spoiled && is_named(row, "exec"))
		afar_discard(afar);
	else
		afar_send(afar, request);
	afar_note_sent(afar, row);
	return true;
}

/* ---- what comes back ---- */

static uint64_t afar_take_due(struct afar *afar)
{
	uint64_t token = afar->due[0];
	afar->due_count--;
	memmove(afar->due, afar->due + 1, afar->due_count * sizeof(*afar->due));
	if (afar->due_count == 0)
		upstream_settle(afar->upstream);
	return token;
}

/* The connection cannot be used: what is due fails, and what was watched counts as touched. */
static void afar_fail(struct afar *afar, const char *why)
{
	struct session *session = afar->session;
	struct sessions *sessions = session->sessions;
	struct buffer error = { 0 };
	bool was_there = afar->is_there, was_in_multi = afar->is_in_multi && !afar->is_ending;
	homes_add_unreachable(&error, sessions->status, afar->dc, why, was_there);
	sessions->status->counters.forwards[was_there ? FORWARD_RESULT_UNKNOWN : FORWARD_RESULT_UNREACHABLE]++;
	while (afar->due_count > 0) {
		uint64_t token = afar_take_due(afar);
		if (token != 0)
			sessions_refuse(sessions, token, buffer_slice(&error));
	}
	buffer_free(&error);
	session_leave_afar(session);
	if (was_in_multi)
		session_begin_transaction(session);
	session->is_touched = was_there;
	session_resume(session);
}

/* What it has read there is not known to Redis here, and may not be here yet. */
static void session_forget_afar(struct session *session, unsigned dc)
{
	if (session->tracker != NULL && session->tracker->is_on && !session->tracker->is_broadcast)
		tracker_tell(session->tracker, NULL, 0);
	if (session->promise != NULL)
		session_owe(session, dc);
}

static bool is_redirect(struct slice reply)
{
	static const struct slice start = SLICE("-HOMEPORT HOME ");
	return reply.len > start.len && memcmp(reply.ptr, start.ptr, start.len) == 0;
}

/* His home is another one by now, and it is known there before it is here: that counts as a touch of what was to be watched. */
static void afar_come_back(struct session *session, uint64_t token)
{
	session_leave_afar(session);
	session->is_touched = true;
	sessions_answer(session->sessions, token, SLICE("+OK\r\n"));
	session_resume(session);
}

static void afar_on_reply(void *context, struct slice reply)
{
	struct afar *afar = context;
	struct session *session = afar->session;
	if (afar->due_count == 0)
		return;
	uint64_t token = afar_take_due(afar);
	if (token == 0 && reply_is_error(reply)) {
		struct buffer why = { 0 };
		buffer_add_text(&why, "it answers: ");
		buffer_add(&why, (struct slice){ reply.ptr + 1, reply.len - 3 });
		buffer_add_byte(&why, '\0');
		afar_fail(afar, why.ptr);
		buffer_free(&why);
		return;
	}
	if (token == 0)
		return;
	bool is_first = !afar->is_there;
	if (is_first && is_redirect(reply)) {
		afar_come_back(session, token);
		return;
	}
	bool is_over = (is_first && reply_is_error(reply)) || (afar->is_ending && afar->due_count == 0);
	afar->is_there = true;
	if (is_over && afar->is_discarding)
		reply = SLICE("-EXECABORT Transaction discarded because of previous errors.\r\n");
	session->sessions->status->counters.forwards[FORWARD_RESULT_ANSWERED]++;
	unsigned dc = afar->dc;
	if (is_over) {
		session_leave_afar(session);
		session_forget_afar(session, dc);
	}
	sessions_answer(session->sessions, token, reply);
	if (is_over || is_first)
		session_resume(session);
}

static void afar_on_lost(void *context, const char *why)
{
	afar_fail(context, why);
}
