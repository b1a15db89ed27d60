/* Tracking requests (see tracking_requests.h). A key counts as read once its read is given to the store: a message about an earlier change, which comes before the
 * answer does, is given out behind that answer. */
#include "tracking_requests.h"

#include "proxy/core/scripting/libraries.h"
#include "session_answers.h"
#include "tracking_dues.h"
#include "tracking_tell.h"

#include <string.h>

/* What a script reads counts, too. */
static bool row_reads(const struct command *row)
{
	return row->class == COMMAND_READ || scripts_are_meant(row) || libraries_are_meant(row) || strcmp(row->name, "pfcount") == 0;
}

static bool tracker_wants(const struct tracker *tracker)
{
	bool is_chosen = tracker->is_optin ? tracker->is_caching : !tracker->is_optout || !tracker->is_caching;
	return tracker->is_on && !tracker->is_broadcast && is_chosen;
}

bool tracking_wants(struct session *session, const struct command *row)
{
	return session->tracker != NULL && tracker_wants(session->tracker) && row_reads(row);
}

static void read_key(void *context, struct slice key)
{
	struct tracker *tracker = context;
	struct source *source = &tracker->session->sessions->tracking->sources[tracking_source_of(tracker)];
	tracked_keys_add(&source->keys, &tracker->reader, key);
	if (source->keys.keys.count > tracker->session->sessions->status->settings->limits_tracking)
		tracking_drop_oldest(source);
}

static void note_key(void *context, struct slice key)
{
	tracking_keys_note(context, key);
}

/* XREAD's keys stand behind STREAMS, as many as ids behind them. */
static void request_keys(const struct command *row, const struct request *request, void (*visit)(void *context, struct slice key), void *context)
{
	if (strcmp(row->name, "xread") != 0) {
		command_keys(row, request, visit, context);
		return;
	}
	uint32_t at = 1;
	while (at < request->argc && !word_is(request->argv[at], "STREAMS"))
		at++;
	for (uint32_t i = at + 1; i + (request->argc - at - 1) / 2 < request->argc; i++)
		visit(context, request->argv[i]);
}

static bool can_be_remembered(const struct tracker *tracker)
{
	return tracker->session->sessions->tracking->sources[tracking_source_of(tracker)].state == SOURCE_ON;
}

bool tracking_note_read(struct session *session, const struct command *row, const struct request *request, uint64_t token)
{
	if (can_be_remembered(session->tracker)) {
		request_keys(row, request, read_key, session->tracker);
		return true;
	}
	request_keys(row, request, note_key, &tracking_due_add(session->tracker, token)->unseen);
	return false;
}

/* ---- requests for the core ---- */

void tracking_note_writer(struct session *session)
{
	struct tracking *tracking = session->sessions->tracking;
	uint64_t gathering = turn_gathering(session->sessions->turn);
	tracking->is_mixed = tracking->gathering == gathering && (tracking->is_mixed || tracking->writer != session);
	tracking->gathering = gathering;
	tracking->writer = session;
}

static bool request_writes(const struct tracked_request *request)
{
	for (uint32_t i = 0; i < request->count; i++)
		if (request->rows[i]->class == COMMAND_WRITE)
			return true;
	return false;
}

/* Its answer waits for what Redis tells of it. */
static bool is_gated(const struct tracker *tracker)
{
	return tracker->is_broadcast && !tracker->is_noloop && tracker->redirect == 0 && can_be_remembered(tracker) && tracker->session->parts == NULL;
}

uint64_t tracking_gate(struct session *session)
{
	if (session->tracker == NULL || !session->tracker->is_on || !is_gated(session->tracker))
		return 0;
	enum reply_mode mode = session->reply_mode;
	session->reply_mode = REPLY_MODE_OFF;
	uint64_t gate = session_expect(session, 1, false, ANSWER_PLAIN);
	session->reply_mode = mode;
	return gate;
}

/* To clients that track all keys Redis tells what their own scripts have changed, NOLOOP or not. */
static void due_note_writes(struct tracking_due *due, const struct tracked_request *request)
{
	due->is_own = due->tracker->is_noloop;
	due->groups_sent = turn_groups_sent(due->tracker->session->sessions->turn);
	due->gathering = turn_gathering(due->tracker->session->sessions->turn);
	for (uint32_t i = 0; due->is_own && i < request->count; i++) {
		bool is_script = scripts_are_meant(request->rows[i]) || libraries_are_meant(request->rows[i]);
		due->is_script |= is_script && !due->tracker->is_broadcast;
		if (request->rows[i]->class == COMMAND_WRITE && !is_script)
			command_keys(request->rows[i], &request->commands[i], note_key, &due->written);
	}
}

static void due_note_reads(struct tracking_due *due, const struct tracked_request *request)
{
	struct tracker *tracker = due->tracker;
	bool is_remembered = !request->is_elsewhere && can_be_remembered(tracker);
	for (uint32_t i = 0; i < request->count; i++) {
		if (!tracker_wants(tracker) || !row_reads(request->rows[i]))
			continue;
		request_keys(request->rows[i], &request->commands[i], is_remembered ? read_key : note_key, is_remembered ? (void *)tracker : (void *)&due->unseen);
		if (!is_remembered || due->is_grouped)
			continue;
		due->is_grouped = true;
		if (tracker->session->sessions->tracking->grouped++ == 0)
			turn_remember_groups(tracker->session->sessions->turn, true);
	}
}

void tracking_note(struct session *session, const struct tracked_request *request)
{
	struct tracker *tracker = session->tracker;
	bool writes = request_writes(request);
	if (writes && session->sessions->tracking != NULL)
		tracking_note_writer(session);
	if (tracker == NULL || !tracker->is_on)
		return;
	struct tracking_due *due = tracking_due_find(tracker, request->token);      /* it is given once more, without what was wrong in itself */
	if (due == NULL)
		due = tracking_due_add(tracker, request->token);
	if (request->gate != 0)
		due->gate = request->gate;
	if (writes)
		due_note_writes(due, request);
	due_note_reads(due, request);
}

/* Nothing of it was remembered. */
void tracking_note_elsewhere(struct session *session, const struct tracked_request *request)
{
	struct tracking_due *due = session->tracker == NULL ? NULL : tracking_due_find(session->tracker, request->token);
	if (due != NULL)
		due_note_reads(due, request);
}

void tracking_answered(struct session *session, uint64_t token)
{
	struct tracking_due *due = tracking_due_find(session->tracker, token);
	if (due == NULL)
		return;
	for (unsigned i = 0; i < due->unseen.count; i++)
		tracker_tell(due->tracker, &due->unseen.names[i], 1);
	tracking_due_await(due);
}

void tracking_end_caching(struct session *session, const struct command *row)
{
	if (session->transaction == NULL && (row == NULL || strncmp(row->name, "client|", strlen("client|")) != 0))
		session->tracker->is_caching = false;
}
