/* Session route (see session_route.h). The usual way is short: a session in no special state, a command known since the last request, then
 * straight to the store or to the core. Everything else turns off before that. */
#include "session_route.h"

#include "block_form.h"
#include "monitor.h"
#include "pinned.h"
#include "session_access.h"
#include "session_afar.h"
#include "session_answers.h"
#include "session_block.h"
#include "session_busy.h"
#include "session_order.h"
#include "session_pause.h"
#include "session_promise.h"
#include "session_reply.h"
#include "session_transaction.h"
#include "tracking_requests.h"
#include "proxy/core/scripting/libraries.h"

#include <string.h>

static void session_route_special(struct session *session, const struct command *row, const struct request *request);
static void session_route_to_queue(struct session *session, const struct command *row, const struct request *request);
static void session_route(struct session *session, const struct command *row, const struct request *request);

/* The row of the last request serves again if this one has the same name. */
static const struct command *session_find(struct session *session, const struct request *request)
{
	const struct command *row = session->row;
	struct slice name = request->argv[0];
	if (row != NULL && slice_equal_nocase(name, slice_of(row->name)))
		return row;
	row = command_find(request->argc, request->argv);
	if (row != NULL && !row->is_container && strchr(row->name, '|') == NULL)
		session->row = row;
	return row;
}

/* The client gets Redis's refusal. */
static void session_deny(struct session *session, const struct command *row, struct slice denial)
{
	session->sessions->status->counters.commands[COMMAND_RESULT_REFUSED]++;
	client_reply(session->client, denial, session->reply_mode != REPLY_MODE_ON);
	if (row != NULL && strcmp(row->name, "exec") == 0)
		session_leave_transaction(session);
	else
		session_spoil(session);
	session_end_skip(session);
}

/* Do the rules of its user let it? False: it has the refusal, or the request comes again. */
static bool session_may(struct session *session, const struct command *row, const struct request *request)
{
	struct slice denial;
	switch (access_verdict(session, row, request, &denial)) {
	case RIGHTS_ALLOW:
		if (session->rights == NULL || row == NULL || (!scripts_are_meant(row) && !libraries_are_meant(row)))
			return true;
		session_refuse(session, COMMAND_RESULT_REFUSED, "NOPERM only users who may do everything may run scripts through Homeport");
		session_end_skip(session);
		break;
	case RIGHTS_DENY:
		session_deny(session, row, denial);
		break;
	case RIGHTS_ASK:
		session_check(session);
		break;
	case RIGHTS_CANNOT_ASK:
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		session_end_skip(session);
		break;
	}
	return false;
}

/* An EXEC that is refused ends the transaction, and what is watched. */
static void session_wrong_arity(struct session *session, const struct command *row)
{
	if (strcmp(row->name, "exec") != 0) {
		session_reply_arity(session, row);
		return;
	}
	session_leave_transaction(session);
	session_reply_error(session, "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
}

/* While this datacenter is cut off for a drill, all are refused but those who ask what is the matter, and other sidecars. PING, too: whoever looks for a
 * datacenter that is alive shall find another one. */
static bool session_is_cut_off(struct session *session, const struct command *row)
{
	static const char *const open[] = { "auth", "client|setinfo", "client|setname", "hello", "homeport|forward", "homeport|help", "homeport|peer", "homeport|status", "quit" };
	if (session->sessions->status->isolation.id == 0)
		return false;
	for (size_t i = 0; row != NULL && i < sizeof(open) / sizeof(open[0]); i++)
		if (strcmp(row->name, open[i]) == 0)
			return false;
	session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_CUT_OFF);
	session_end_skip(session);
	return true;
}

static bool session_is_kept_back(struct session *session, const struct command *row, const struct request *request, bool is_whole)
{
	if (session_is_cut_off(session, row))
		return true;
	if (session->is_ruled && !session->is_allowed && !session_may(session, row, request))
		return true;
	session->is_allowed = false;
	if (session->promise != NULL && is_whole && session_waits_for_promise(session, row))
		return true;
	return is_whole && (session_waits_for_script(session, row) || session_waits_for_pause(session, row, request));
}

void session_request(void *context, struct client *client, const struct request *request)
{
	(void)context;
	struct session *session = client->session;
	const struct command *row = session_find(session, request);
	bool is_whole = row != NULL && command_arity_ok(row, request->argc);
	if (session->is_gated && session_is_kept_back(session, row, request, is_whole))
		return;
	session->last_row = row;
	if (row == NULL)
		session_reply_unknown(session, request);
	else if (!is_whole)
		session_wrong_arity(session, row);
	else if (session->is_plain)
		session_route(session, row, request);
	else
		session_route_special(session, row, request);
	if (session->tracker != NULL)
		tracking_end_caching(session, row);
}

/* The long way, for clients that have not logged in, are in a transaction, subscribe, or want no answers. */
static void session_route_special(struct session *session, const struct command *row, const struct request *request)
{
	const struct session_command *command = session_command_of(session, row);
	bool is_skipping = session->reply_mode == REPLY_MODE_SKIP;
	if (!session_is_known(session) && (command == NULL || !command->is_for_strangers))
		session_refuse(session, COMMAND_RESULT_REFUSED,
		               session->sessions->is_probed ? "NOAUTH Authentication required." : SESSION_LOADING);
	else if (session->transaction != NULL && (command == NULL || !command->is_immediate))
		session_route_to_queue(session, row, request);
	else if (session->probes_due > 0 && command != NULL)
		session_defer(session, command, request);
	else if (session_is_pinned(session, row))
		session_pinned_request(session, row, request);
	else if (session->afar == NULL || !session_ask_afar(session, row, request))
		session_route(session, row, request);
	if (is_skipping)
		session_end_skip(session);
}

/* XREAD: what is in order by now is what the store has, whenever it runs it. */
static enum answer_kind session_answer_kind(struct session *session, const struct command *row, const struct request *request)
{
	if (!row->is_blocking || row->class != COMMAND_READ || !session_may_order(session))
		return answer_kind_of(row, request);
	session->wanted = turn_entries_until_ms(session->sessions->turn);
	return ANSWER_ORDERED;
}

static void session_gather(struct session *session, const struct command *row, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	uint64_t gate = row->class == COMMAND_WRITE ? tracking_gate(session) : 0;
	enum answer_kind kind = session_answer_kind(session, row, request);
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = session_expect(session, 1, false, kind),
			.db = session->db,
			.protocol = session->protocol,
			.commands = request,
			.rows = &row,
			.count = 1,
			.client = session->name,
		},
	};
	if (sessions->tracking != NULL)
		tracking_note(session, &(struct tracked_request){ .token = event.request.token, .commands = request, .rows = &row, .count = 1, .gate = gate });
	session_note_scripts(session, &row, 1);
	turn_request(sessions->turn, &event);
	session->gathering = turn_gathering(sessions->turn);
}

/* A read is sent at once, ahead of the group that is being gathered, unless the client would then miss a write of its own, or
 * it is about a user whose reads go home. */
static void session_read(struct session *session, const struct command *row, const struct request *request)
{
	struct turn *turn = session->sessions->turn;
	bool is_script = scripts_are_meant(row) || libraries_are_meant(row);
	if (session->gathering == turn_gathering(turn) || is_script || turn_concerns_read(turn, row, request)) {
		session_gather(session, row, request);
		return;
	}
	enum answer_kind kind = session_answer_kind(session, row, request);
	uint64_t token = session_expect(session, 1, false, kind);
	session_note_read(session, token);
	if (tracking_wants(session, row) && tracking_note_read(session, row, request, token))
		turn_read_remembered(turn, session->protocol, session->db, session_encode(session, request), token);
	else
		turn_read(turn, session->protocol, session->db, session_encode(session, request), token);
}

/* CONFIG SET name value …: a policy with which Redis evicts what the sidecar keeps in it. */
static bool is_setting_eviction(const struct command *row, const struct request *request)
{
	if (row->class != COMMAND_SERVER || strcmp(row->name, "config|set") != 0)
		return false;
	for (uint32_t i = 2; i + 1 < request->argc; i += 2)
		if (slice_equal_nocase(request->argv[i], SLICE("maxmemory-policy")) && store_policy_is_evicting_all(request->argv[i + 1]))
			return true;
	return false;
}

static bool session_refuses_eviction(struct session *session, const struct command *row, const struct request *request)
{
	if (!is_setting_eviction(row, request))
		return false;
	session_refuse(session, COMMAND_RESULT_REFUSED,
	               "HOMEPORT Redis would evict what homeportd keeps in it: " TURN_EVICTION_REMEDY);
	return true;
}

static void session_route_to_queue(struct session *session, const struct command *row, const struct request *request)
{
	const char *busy = turn_busy(session->sessions->turn);
	if (busy != NULL)
		session_refuse(session, COMMAND_RESULT_REFUSED, busy);
	else if (!session_refuses_eviction(session, row, request))
		session_queue(session, row, server_view_ask(session, row, request, false));
}

/* Redis tells of a command once it has run, so MONITOR shows EXEC behind what it ran. */
static void session_route(struct session *session, const struct command *row, const struct request *request)
{
	const struct session_command *command = session_command_of(session, row);
	if (command != NULL) {
		command->run(session, request);
		if (session->deferred == NULL)
			monitor_note(session, row, request);
		return;
	}
	if (row->class == COMMAND_UNSUPPORTED) {
		session_refuse_unsupported(session, row->name, row->note);
		return;
	}
	const char *refusal = command_refusal(row, request);
	if (refusal != NULL) {
		session_refuse(session, COMMAND_RESULT_UNSUPPORTED, refusal);
		return;
	}
	if (!turn_is_open(session->sessions->turn)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	const char *busy = turn_busy(session->sessions->turn);
	if (busy != NULL && !session_is_kill(row)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, busy);
		return;
	}
	refusal = row->class == COMMAND_SERVER ? NULL : turn_refusal(session->sessions->turn);
	if (refusal != NULL) {
		session_refuse(session, COMMAND_RESULT_REFUSED, refusal);
		return;
	}
	if (session_refuses_eviction(session, row, request))
		return;
	monitor_note(session, row, request);
	if (row->class == COMMAND_PINNED && session_pin(session, row, request))
		return;
	if (row->is_blocking && session_block(session, row, request))
		return;
	if (row->class == COMMAND_WRITE || (row->is_blocking && block_is_asked(request)))
		session_gather(session, row, request);
	else
		session_read(session, row, row->class == COMMAND_SERVER ? server_view_ask(session, row, request, true) : request);
}
