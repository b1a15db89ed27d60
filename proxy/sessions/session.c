/* Session: its state (see session.h). */
#include "session.h"

#include <string.h>

void session_changed(struct session *session)
{
	bool is_known = session_is_known(session);
	session->is_plain = is_known && session->transaction == NULL && session->subscription == NULL && session->afar == NULL &&
	                    session->reply_mode == REPLY_MODE_ON && session->tracker == NULL;
	session->is_ruled = session->rights != NULL || (!is_known && session->sessions->is_probing) || (is_known && (session->sessions->is_in_doubt || session->account->is_restricted));
	session->is_allowed &= session->is_ruled;
	session->is_gated = session->is_ruled || session->sessions->pause.mode != PAUSE_NONE || session->sessions->scripts.is_holding || session->sessions->status->isolation.id != 0 || session->promise != NULL;
	const struct client_commons *commons = session->client->commons;
	/* As long as nobody knows whether a login is wanted, a large request gets an answer that says so, not the end of its connection. */
	bool is_stranger = !is_known && session->sessions->is_probed;
	session->client->limits = is_stranger ? &commons->limits_before_auth : &commons->limits;
}

bool session_is_known(const struct session *session)
{
	return session->is_logged_in || session->sessions->is_open_to_strangers;
}

void session_put_off(struct session *session)
{
	session->is_allowed = session->is_ruled;
	client_defer(session->client);
}

void session_resume(struct session *session)
{
	if (!session->is_settling && !session->is_held && session->parts == NULL && session->blocked == NULL && session->deferred == NULL && !session->is_queued && !session->is_paused && !session->is_behind_script && !session->is_awaiting)
		client_resume(session->client);
}

void session_check(struct session *session)
{
	session->is_checking = true;
	client_defer(session->client);
}

void session_stop_checking(struct session *session)
{
	if (!session->is_checking)
		return;
	session->is_checking = false;
	session_resume(session);
}

void session_end_skip(struct session *session)
{
	if (session->reply_mode != REPLY_MODE_SKIP)
		return;
	session->reply_mode = REPLY_MODE_ON;
	session_changed(session);
}

void session_spoil(struct session *session)
{
	if (session->transaction != NULL || session->afar != NULL)
		session->is_spoiled = true;
}

void credentials_set(struct credentials *credentials, const struct slice *auth, unsigned count)
{
	for (unsigned i = 0; i < credentials->count; i++) {
		explicit_bzero((void *)(uintptr_t)credentials->auth[i].ptr, credentials->auth[i].len);
		bytes_free(credentials->auth[i]);
	}
	credentials->count = count;
	for (unsigned i = 0; i < count; i++)
		credentials->auth[i] = buffer_copy(auth[i]);
}

struct slice session_no_array(const struct session *session)
{
	return session->protocol == 3 ? SLICE("_\r\n") : SLICE("*-1\r\n");
}

static void session_leave_queue(struct session *session)
{
	struct guarded *guarded = &session->sessions->guarded;
	struct session **link = &guarded->first;
	guarded->looks_due -= session->is_looking;
	if (guarded->running == session)
		guarded->running = NULL;
	while (session->is_queued && *link != session)
		link = &(*link)->next_guarded;
	if (session->is_queued)
		*link = session->next_guarded;
	session->is_queued = session->is_looking = false;
}

void session_unwatch(struct session *session)
{
	session_leave_queue(session);
	if (session->watcher != NULL)
		store_guard_free(session->watcher);
	session->watcher = NULL;
	session->is_touched = false;
}

void greeting_forget(struct greeting *greeting)
{
	credentials_set(&greeting->credentials, NULL, 0);
	memory_free((void *)greeting->user.ptr);
	memory_free((void *)greeting->name.ptr);
	*greeting = (struct greeting){ 0 };
}

void session_add_by(const struct session *session, struct buffer *by)
{
	buffer_add(by, session->user);
	buffer_add_byte(by, '@');
	buffer_add_text(by, session->client->peer);
}

const char *session_read_db(const struct sessions *sessions, struct slice text, int64_t *db)
{
	if (sessions->databases == 0)
		return SESSION_LOADING;
	if (!slice_to_int64(text, db))
		return "ERR value is not an integer or out of range";
	bool is_there = *db >= 0 && *db < sessions->databases && (uint64_t)*db != sessions->status->settings->redis_database;
	return is_there ? NULL : "ERR DB index is out of range";
}

struct request *request_copy(const struct request *request)
{
	size_t len = 0;
	for (uint32_t i = 0; i < request->argc; i++)
		len += request->argv[i].len;
	struct request *copy = memory_new(sizeof(*copy) + request->argc * sizeof(*copy->argv) + len);
	struct slice *words = (struct slice *)(void *)(copy + 1);
	char *bytes = (char *)(words + request->argc);
	*copy = (struct request){ .argv = words, .argc = request->argc };
	for (uint32_t i = 0; i < request->argc; i++) {
		words[i] = (struct slice){ bytes, request->argv[i].len };
		if (request->argv[i].len > 0)
			memcpy(bytes, request->argv[i].ptr, request->argv[i].len);
		bytes += request->argv[i].len;
	}
	return copy;
}

void slice_replace(struct slice *place, struct slice text)
{
	memory_free((void *)place->ptr);
	*place = buffer_copy(text);
}

bool word_is(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_of(text));
}

bool name_is_good(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < '!' || name.ptr[i] > '~')
			return false;
	}
	return true;
}
