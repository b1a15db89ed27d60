/* Tracking: who tracks, and where Redis tells (see tracking.h). Each source is on as long as somebody needs it, so nobody else pays for it. */
#include "tracking.h"

#include "session_answers.h"
#include "session_reply.h"
#include "tracking_dues.h"
#include "tracking_feed.h"
#include "tracking_requests.h"
#include "tracking_tell.h"

#include <stdlib.h>
#include <string.h>

static void source_start(struct source *source);

/* ---- sources ---- */

static bool source_is_needed(const struct source *source)
{
	for (const struct tracker *tracker = source->tracking->first; tracker != NULL; tracker = tracker->next)
		if (tracker->is_on && tracker->is_broadcast == (source->kind == TRACKING_BROADCAST))
			return true;
	return false;
}

/* REPLY: +OK, or why not. */
static void source_answer_waiting(struct source *source, struct slice reply)
{
	struct sessions *sessions = source->tracking->sessions;
	while (source->waiting_count > 0) {
		struct tracking_wait wait = source->waiting[--source->waiting_count];
		if (reply_is_error(reply))
			tracking_end(wait.session);
		sessions_answer(sessions, wait.token, reply);
	}
}

static void source_forget_waiting(struct source *source, const struct session *session)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < source->waiting_count; i++)
		if (source->waiting[i].session != session)
			source->waiting[kept++] = source->waiting[i];
	source->waiting_count = kept;
}

/* What waits for Redis to tell something need not wait any more. */
static void source_end_dues(struct source *source)
{
	for (struct tracker *tracker = source->tracking->first; tracker != NULL; tracker = tracker->next) {
		struct tracking_due *due = tracker->dues, *next;
		for (; due != NULL; due = next) {
			next = due->next;
			if (due->kind == source->kind && due->is_answered)
				tracking_due_end(due);
		}
	}
}

static void source_put_out(struct source *source)
{
	source->state = SOURCE_OFF;
	source_end_dues(source);
	tracking_feed_free(source->feed);
	source->feed = NULL;
	tracked_keys_free(&source->keys);
	turn_forget(source->tracking->sessions->turn, source);
}

static void tracking_on_off(void *context, enum errand_end end, struct slice reply)
{
	(void)context;
	(void)end;
	(void)reply;
}

static void source_stop(struct source *source)
{
	static int nobody;
	struct turn *turn = source->tracking->sessions->turn;
	if (source->state == SOURCE_OFF)
		return;
	source_put_out(source);
	if (source->kind != TRACKING_BROADCAST && turn_is_open(turn))
		turn_fetch_by(turn, source->kind == TRACKING_RESP3 ? 3 : 2, SLICE("*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$3\r\nOFF\r\n"),
		              &(struct errand){ &nobody, tracking_on_off });
}

static void source_is_on(struct source *source)
{
	source->state = SOURCE_ON;
	source_answer_waiting(source, SLICE("+OK\r\n"));
}

static void source_fail(struct source *source, struct slice error)
{
	source_put_out(source);
	source_answer_waiting(source, reply_is_error(error) ? error : SLICE(UPSTREAM_LOST));
}

static void source_on_set(void *context, enum errand_end end, struct slice reply)
{
	struct source *source = context;
	if (end == ERRAND_ANSWERED && !reply_is_error(reply))
		source_is_on(source);
	else
		source_fail(source, end == ERRAND_ANSWERED ? reply : SLICE(""));
}

/* REDIRECT: the connection that is to be told instead; 0: none. */
static void source_set(struct source *source, unsigned protocol, int64_t redirect)
{
	struct buffer command = { 0 }, number = { 0 };
	buffer_add_int64(&number, redirect);
	struct slice argv[] = { SLICE("CLIENT"), SLICE("TRACKING"), SLICE("ON"), SLICE("OPTIN"), SLICE("REDIRECT"), buffer_slice(&number) };
	resp_add_command(&command, redirect != 0 ? 6 : 4, argv);
	turn_fetch_by(source->tracking->sessions->turn, protocol, buffer_slice(&command), &(struct errand){ source, source_on_set });
	buffer_free(&command);
	buffer_free(&number);
}

/* ---- its connection ---- */

static void source_on_ready(void *context, int64_t id)
{
	struct source *source = context;
	if (source->kind == TRACKING_BROADCAST)
		source_is_on(source);
	else if (turn_is_open(source->tracking->sessions->turn))
		source_set(source, 2, id);
}

static void source_on_pushed(void *context, struct slice push)
{
	tracking_take_push(context, push);
}

/* Clients learn of it as from a Redis whose connection breaks: theirs is closed, and what they keep is not to be used any more. */
static void source_on_lost(void *context, struct slice error)
{
	struct source *source = context;
	bool was_on = source->state == SOURCE_ON;
	source_fail(source, error);
	for (struct tracker *tracker = source->tracking->first; was_on && tracker != NULL; tracker = tracker->next)
		if (tracker->is_on && tracking_source_of(tracker) == source->kind)
			client_end(tracker->session->client, CLIENT_ENDS);
}

static void source_start(struct source *source)
{
	struct sessions *sessions = source->tracking->sessions;
	struct tracking_feed_callbacks callbacks = { source, source_on_ready, source_on_pushed, tracking_on_pong, source_on_lost };
	if (source->state != SOURCE_OFF || !turn_is_open(sessions->turn))
		return;
	source->state = SOURCE_STARTING;
	if (source->kind == TRACKING_RESP3)
		source_set(source, 3, 0);
	else
		source->feed = tracking_feed_new(sessions->loop, sessions->status, source->kind == TRACKING_BROADCAST, &callbacks);
}

/* ---- clients ---- */

static struct tracking *tracking_get(struct sessions *sessions)
{
	struct tracking *tracking = sessions->tracking;
	if (tracking != NULL)
		return tracking;
	tracking = sessions->tracking = memory_new(sizeof(*tracking));
	tracking->sessions = sessions;
	for (unsigned i = 0; i < TRACKING_SOURCES; i++) {
		tracking->sources[i].tracking = tracking;
		tracking->sources[i].kind = (enum tracking_source)i;
	}
	sessions->tracked_answered = tracking_answered;
	return tracking;
}

static struct tracker *tracker_get(struct session *session)
{
	struct tracking *tracking = tracking_get(session->sessions);
	struct tracker *tracker = session->tracker;
	if (tracker != NULL)
		return tracker;
	tracker = session->tracker = memory_new(sizeof(*tracker));
	tracker->reader.id = session->client->id;
	tracker->session = session;
	tracker->next = tracking->first;
	tracking->first = tracker;
	return tracker;
}

static int prefix_compare(const void *a, const void *b)
{
	const struct slice *one = a, *other = b;
	size_t len = one->len < other->len ? one->len : other->len;
	int order = len > 0 ? memcmp(one->ptr, other->ptr, len) : 0;
	return order != 0 ? order : one->len < other->len ? -1 : one->len > other->len;
}

static void tracker_add_prefix(struct tracker *tracker, struct slice prefix)
{
	for (unsigned i = 0; i < tracker->prefix_count; i++)
		if (slice_equal(tracker->prefixes[i], prefix))
			return;
	tracker->prefixes = array_reserve(tracker->prefixes, tracker->prefix_count, &tracker->prefix_cap, sizeof(*tracker->prefixes));
	tracker->prefixes[tracker->prefix_count++] = buffer_copy(prefix);
	qsort(tracker->prefixes, tracker->prefix_count, sizeof(*tracker->prefixes), prefix_compare);
}

static void tracker_drop_prefixes(struct tracker *tracker)
{
	for (unsigned i = 0; i < tracker->prefix_count; i++)
		bytes_free(tracker->prefixes[i]);
	memory_free(tracker->prefixes);
	tracker->prefixes = NULL;
	tracker->prefix_count = tracker->prefix_cap = 0;
}

static void tracker_set(struct tracker *tracker, const struct tracking_options *options)
{
	tracker->session->sessions->status->counters.tracking_clients += !tracker->is_on;
	tracker->is_on = true;
	tracker->session->client->is_patient = true;      /* what it has changed itself is told with the answer */
	tracker->is_broken = false;
	tracker->is_broadcast = options->is_broadcast;
	tracker->is_optin = options->is_optin;
	tracker->is_optout = options->is_optout;
	tracker->is_noloop = options->is_noloop;
	tracker->redirect = options->redirect;
	tracker->target = options->target;
	for (unsigned i = 0; options->is_broadcast && i < options->prefix_count; i++)
		tracker_add_prefix(tracker, options->prefixes[i]);
	if (options->is_broadcast && options->prefix_count == 0)
		tracker_add_prefix(tracker, SLICE(""));
}

void tracking_begin(struct session *session, const struct tracking_options *options)
{
	if (!turn_is_open(session->sessions->turn)) {
		session_refuse(session, COMMAND_RESULT_REFUSED, SESSION_LOADING);
		return;
	}
	struct tracker *tracker = tracker_get(session);
	tracker_set(tracker, options);
	session_changed(session);
	struct source *source = &session->sessions->tracking->sources[tracking_source_of(tracker)];
	if (source->state == SOURCE_ON) {
		session_reply_ok(session);
		return;
	}
	uint64_t token = session_expect(session, 1, false, ANSWER_ASKED);
	client_stall(session->client);
	source->waiting = array_reserve(source->waiting, source->waiting_count, &source->waiting_cap, sizeof(*source->waiting));
	source->waiting[source->waiting_count++] = (struct tracking_wait){ session, token };
	source_start(source);
}

void tracking_end(struct session *session)
{
	struct tracker *tracker = session->tracker;
	if (tracker == NULL || !tracker->is_on)
		return;
	struct tracking *tracking = session->sessions->tracking;
	tracked_keys_forget(&tracker->reader);
	tracker_drop_prefixes(tracker);
	tracker->is_on = tracker->is_broadcast = tracker->is_optin = tracker->is_optout = tracker->is_noloop = tracker->is_caching = tracker->is_broken = false;
	tracker->redirect = 0;
	session->sessions->status->counters.tracking_clients--;
	session->client->is_patient = false;
	session_changed(session);
	for (unsigned i = 0; i < TRACKING_SOURCES; i++)
		if (!source_is_needed(&tracking->sources[i]))
			source_stop(&tracking->sources[i]);
}

void tracking_leave(struct session *session)
{
	struct tracker *tracker = session->tracker;
	if (tracker == NULL)
		return;
	struct tracking *tracking = session->sessions->tracking;
	struct tracker **link = &tracking->first;
	for (unsigned i = 0; i < TRACKING_SOURCES; i++)
		source_forget_waiting(&tracking->sources[i], session);
	tracking_drop_dues(tracker);
	tracking_end(session);
	while (*link != tracker)
		link = &(*link)->next;
	*link = tracker->next;
	session->tracker = NULL;
	memory_free(tracker);
}

void tracking_follow_protocol(struct session *session)
{
	if (tracking_of(session) != NULL)
		source_start(&session->sessions->tracking->sources[tracking_source_of(session->tracker)]);
}

const struct tracker *tracking_of(const struct session *session)
{
	return session->tracker != NULL && session->tracker->is_on ? session->tracker : NULL;
}

/* ---- all of them ---- */

/* What Redis tells on the connection of RESP2 comes from its feed. */
void sessions_tracked(void *context, unsigned protocol, struct slice push)
{
	struct sessions *sessions = context;
	if (sessions->tracking == NULL)
		return;
	struct source *source = &sessions->tracking->sources[protocol == 3 ? TRACKING_RESP3 : TRACKING_RESP2];
	if (push.len == 0)
		tracking_tell_all(source);
	else
		tracking_take_push(source, push);
}

void sessions_lose_tracking(struct sessions *sessions)
{
	struct tracking *tracking = sessions->tracking;
	if (tracking == NULL)
		return;
	for (struct tracker *tracker = tracking->first; tracker != NULL; tracker = tracker->next)
		tracking_drop_dues(tracker);
	for (unsigned i = 0; i < TRACKING_SOURCES; i++) {
		struct source *source = &tracking->sources[i];
		bool was_on = source->state == SOURCE_ON;
		source_put_out(source);
		source->waiting_count = 0;
		if (was_on)
			tracking_tell_all(source);
	}
}

void sessions_resume_tracking(struct sessions *sessions)
{
	struct tracking *tracking = sessions->tracking;
	for (struct tracker *tracker = tracking != NULL ? tracking->first : NULL; tracker != NULL; tracker = tracker->next)
		if (tracker->is_on)
			source_start(&tracking->sources[tracking_source_of(tracker)]);
}

/* All clients are gone. */
void sessions_free_tracking(struct sessions *sessions)
{
	struct tracking *tracking = sessions->tracking;
	for (unsigned i = 0; tracking != NULL && i < TRACKING_SOURCES; i++) {
		tracking_feed_free(tracking->sources[i].feed);
		tracked_keys_free(&tracking->sources[i].keys);
		memory_free(tracking->sources[i].waiting);
	}
	memory_free(tracking);
	sessions->tracking = NULL;
}
