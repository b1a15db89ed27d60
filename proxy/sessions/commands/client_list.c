/* CLIENT LIST and CLIENT INFO: the clients of this homeportd, in Redis's format (see client_list.h). */
#include "client_list.h"

#include "proxy/sessions/pinned.h"
#include "proxy/sessions/session_info.h"
#include "proxy/sessions/session_reply.h"
#include "proxy/sessions/session_transaction.h"
#include "proxy/sessions/tracking.h"

/* Redis has more types of clients than those that connect to the sidecar: of the others there are none. */
bool client_types_read(struct client_types *types, struct session *session, struct slice name)
{
	types->normal = word_is(name, "NORMAL");
	types->pubsub = word_is(name, "PUBSUB");
	if (types->normal || types->pubsub || word_is(name, "MASTER") || word_is(name, "REPLICA") || word_is(name, "SLAVE"))
		return true;
	session_reply_error_about(session, "ERR Unknown client type '", name, "'");
	return false;
}

bool client_types_have(const struct client_types *types, const struct client *client)
{
	return client->session->subscription != NULL ? types->pubsub : types->normal;
}

struct listing {
	struct buffer text;
	const struct request *request; /* its arguments hold the ids */
	uint32_t ids_at;             /* the first id among the arguments; 0: all clients are listed */
	struct client_types types;
	const struct client *asker;
};

static void field_add(struct buffer *text, const char *name, struct slice value)
{
	buffer_add_byte(text, ' ');
	buffer_add_text(text, name);
	buffer_add_byte(text, '=');
	buffer_add(text, value);
}

static void field_add_number(struct buffer *text, const char *name, int64_t number)
{
	field_add(text, name, (struct slice){ "", 0 });
	buffer_add_int64(text, number);
}

static void flags_write(const struct session *session, char flags[8])
{
	const struct tracker *tracker = tracking_of(session);
	size_t len = 0;
	if (session->subscription != NULL)
		flags[len++] = 'P';
	else if (session->transaction != NULL)
		flags[len++] = 'x';
	else if (session->blocked != NULL || session->detour != NULL)
		flags[len++] = 'b';
	if (tracker != NULL)
		flags[len++] = 't';
	if (tracker != NULL && tracker->is_broken)
		flags[len++] = 'R';
	if (tracker != NULL && tracker->is_broadcast)
		flags[len++] = 'B';
	if (len == 0)
		flags[len++] = 'N';
	flags[len] = '\0';
}

/* TAKEN: how much of its input the command that is being answered was. Redis counts that, too. */
static void line_add(struct buffer *text, const struct client *client, size_t taken)
{
	const struct session *session = client->session;
	const struct sessions *sessions = session->sessions;
	uint64_t now_ms = turn_clock_now(sessions->clock)->unix_ms;
	char flags[8];
	flags_write(session, flags);
	buffer_add_text(text, "id=");
	buffer_add_uint64(text, client->id);
	field_add(text, "addr", slice_of(client->peer));
	field_add(text, "laddr", slice_of(client->local));
	field_add_number(text, "fd", client->fd);
	field_add(text, "name", session->name);
	field_add_number(text, "age", (int64_t)(now_ms - client->connected_ms) / 1000);
	field_add_number(text, "idle", (int64_t)(now_ms - client->active_ms) / 1000);
	field_add(text, "flags", slice_of(flags));
	field_add_number(text, "db", session->db);
	field_add_number(text, "sub", session->subscription == NULL ? 0 : pinned_channels(session->subscription, false));
	field_add_number(text, "psub", 0);
	if (sessions_server_is(sessions, 7, 0))
		field_add_number(text, "ssub", session->subscription == NULL ? 0 : pinned_channels(session->subscription, true));
	field_add_number(text, "multi", session_queued(session));
	field_add_number(text, "qbuf", (int64_t)(client->in.len + taken));
	field_add_number(text, "qbuf-free", (int64_t)(client->in.cap - client->in.len));
	field_add_number(text, "argv-mem", 0);
	field_add_number(text, "multi-mem", 0);
	field_add_number(text, "rbs", (int64_t)client->out.cap);
	field_add_number(text, "rbp", (int64_t)client->out.cap);
	field_add_number(text, "obl", 0);
	field_add_number(text, "oll", answers_due(&client->answers));
	field_add_number(text, "omem", (int64_t)client->out.len);
	field_add_number(text, "tot-mem", (int64_t)(sizeof(*client) + client->in.cap + client->out.cap));
	field_add(text, "events", client->is_blocked ? SLICE("rw") : SLICE("r"));
	field_add(text, "cmd", session->last_row != NULL ? slice_of(session->last_row->name) : SLICE("NULL"));
	field_add(text, "user", session->user);
	field_add_number(text, "redir", tracking_of(session) != NULL ? (int64_t)tracking_of(session)->redirect : -1);
	field_add_number(text, "resp", session->protocol);
	if (sessions_server_is(sessions, 7, 2)) {
		field_add(text, "lib-name", session->library_name);
		field_add(text, "lib-ver", session->library_version);
	}
	buffer_add_byte(text, '\n');
}

static bool listing_has_id(const struct listing *listing, uint64_t id)
{
	if (listing->ids_at == 0)
		return true;
	for (uint32_t i = listing->ids_at; i < listing->request->argc; i++) {
		int64_t wanted;
		if (slice_to_int64(listing->request->argv[i], &wanted) && (uint64_t)wanted == id)
			return true;
	}
	return false;
}

static void listing_visit(void *context, struct client *client)
{
	struct listing *listing = context;
	if (client_types_have(&listing->types, client) && listing_has_id(listing, client->id))
		line_add(&listing->text, client, client == listing->asker ? listing->request->raw.len : 0);
}

static void session_reply_text(struct session *session, struct buffer *text)
{
	struct buffer *reply = session_reply_begin(session);
	if (session->protocol == 3) {
		buffer_add_byte(reply, '=');
		buffer_add_uint64(reply, text->len + 4);
		buffer_add_text(reply, "\r\ntxt:");
		buffer_add(reply, buffer_slice(text));
		buffer_add_text(reply, "\r\n");
	} else {
		resp_add_bulk(reply, buffer_slice(text));
	}
	buffer_free(text);
	session_reply_built(session);
}

/* False: an error was answered. */
static bool listing_read(struct listing *listing, struct session *session, const struct request *request)
{
	*listing = (struct listing){ .request = request, .asker = session->client, .types = { true, true } };
	if (request->argc == 2)
		return true;
	if (request->argc == 4 && word_is(request->argv[2], "TYPE"))
		return client_types_read(&listing->types, session, request->argv[3]);
	if (request->argc < 4 || !word_is(request->argv[2], "ID")) {
		session_reply_error(session, "ERR syntax error");
		return false;
	}
	for (uint32_t i = 3; i < request->argc; i++) {
		int64_t id;
		if (slice_to_int64(request->argv[i], &id))
			continue;
		session_reply_error(session, "ERR Invalid client ID");
		return false;
	}
	listing->ids_at = 3;
	return true;
}

void session_client_list(struct session *session, const struct request *request)
{
	struct listing listing;
	if (!listing_read(&listing, session, request))
		return;
	client_table_visit(session->sessions->clients, listing_visit, &listing);
	session_reply_text(session, &listing.text);
}

void session_client_info(struct session *session, const struct request *request)
{
	struct buffer text = { 0 };
	line_add(&text, session->client, request->raw.len);
	session_reply_text(session, &text);
}
