/* Tracking dues (see tracking_dues.h). */
#include "tracking_dues.h"

#include "session_answers.h"
#include "tracking_feed.h"

static struct tracking *tracking_of_due(const struct tracking_due *due)
{
	return due->tracker->session->sessions->tracking;
}

struct tracking_due *tracking_due_add(struct tracker *tracker, uint64_t token)
{
	struct tracking_due *due = memory_new(sizeof(*due)), **end = &tracker->dues;
	due->tracker = tracker;
	due->kind = tracking_source_of(tracker);
	due->token = token;
	while (*end != NULL)
		end = &(*end)->next;
	*end = due;
	return due;
}

struct tracking_due *tracking_due_find(const struct tracker *tracker, uint64_t token)
{
	struct tracking_due *due = tracker->dues;
	while (due != NULL && (due->token != token || due->is_answered))
		due = due->next;
	return due;
}

void tracking_keys_note(struct tracking_keys *keys, struct slice name)
{
	keys->names = array_reserve(keys->names, keys->count, &keys->cap, sizeof(*keys->names));
	keys->names[keys->count++] = buffer_copy(name);
}

static void keys_free(struct tracking_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		bytes_free(keys->names[i]);
	memory_free(keys->names);
}

static void due_free(struct tracking_due *due)
{
	struct tracking *tracking = tracking_of_due(due);
	struct tracking_due **link = &due->tracker->dues;
	while (*link != due)
		link = &(*link)->next;
	*link = due->next;
	if (due->is_grouped && --tracking->grouped == 0)
		turn_remember_groups(tracking->sessions->turn, false);
	if (due->is_answered && due->kind == TRACKING_RESP3)
		turn_forget(tracking->sessions->turn, due);
	else if (due->is_answered && tracking->sources[due->kind].feed != NULL)
		tracking_feed_forget(tracking->sources[due->kind].feed, due);
	keys_free(&due->written);
	keys_free(&due->unseen);
	memory_free(due);
}

void tracking_due_end(struct tracking_due *due)
{
	struct sessions *sessions = due->tracker->session->sessions;
	uint64_t gate = due->gate;
	due_free(due);
	if (gate != 0)
		sessions_answer(sessions, gate, SLICE("+\r\n"));
}

void tracking_drop_dues(struct tracker *tracker)
{
	while (tracker->dues != NULL)
		due_free(tracker->dues);
}

void tracking_on_pong(void *context, void *due)
{
	(void)context;
	tracking_due_end(due);
}

static void due_on_pong(void *context, enum errand_end end, struct slice reply)
{
	(void)end;
	(void)reply;
	tracking_due_end(context);
}

void tracking_due_await(struct tracking_due *due)
{
	struct tracking *tracking = tracking_of_due(due);
	struct source *source = &tracking->sources[due->kind];
	if (source->state != SOURCE_ON || (due->gate == 0 && !due->is_own)) {
		tracking_due_end(due);
		return;
	}
	due->is_answered = true;
	if (source->feed != NULL)
		tracking_feed_ping(source->feed, due);
	else
		turn_fetch_by(tracking->sessions->turn, 3, SLICE("*1\r\n$4\r\nPING\r\n"), &(struct errand){ due, due_on_pong });
}

/* ---- what a client has changed itself ---- */

static bool due_writes(const struct tracking_due *due, struct slice key)
{
	for (unsigned i = 0; i < due->written.count && !due->is_script; i++)
		if (slice_equal(due->written.names[i], key))
			return true;
	return due->is_script;
}

/* What comes between is not told apart: then the client is told. */
static bool due_is_alone(const struct tracking_due *due)
{
	const struct tracking *tracking = tracking_of_due(due);
	bool is_mixed = tracking->gathering == due->gathering && tracking->is_mixed;
	return !is_mixed && turn_groups_sent(tracking->sessions->turn) - due->groups_sent <= 1;
}

bool tracking_is_own(const struct tracker *tracker, struct slice key)
{
	for (const struct tracking_due *due = tracker->dues; due != NULL; due = due->next)
		if (due->is_own && due_writes(due, key) && due_is_alone(due))
			return true;
	return false;
}
