/* Session parts: what the session*.c files share. Nobody else includes this. */
#ifndef PROXY_SESSION_PARTS_H
#define PROXY_SESSION_PARTS_H

#include "proxy/conflicts/conflicts.h"
#include "proxy/core/commands/command.h"
#include "login.h"
#include "session.h"
#include "watch.h"

struct pinned;
struct session_command;
struct transaction;

enum reply_mode { REPLY_MODE_ON, REPLY_MODE_OFF, REPLY_MODE_SKIP };

/* What is to be done with an answer besides passing it on. */
enum answer_kind {
	ANSWER_PLAIN,
	ANSWER_INFO,                 /* must not show the reserved database */
	ANSWER_INFO_OURS,            /* and gets our section */
	ANSWER_ACCESS,               /* who is let in may have changed */
	ANSWER_ASKED,                /* the client waits for it before it goes on */
};

/* What an AUTH or a HELLO asked for. */
struct greeting {
	bool is_hello;
	unsigned protocol;
	struct slice user, name;     /* owned; NAME.ptr is NULL: leave it */
};

struct session {
	struct sessions *sessions;
	struct client *client;
	bool is_plain;               /* no state below asks for a closer look at each request: kept by session_changed */
	uint32_t db;
	unsigned protocol;           /* 2 or 3 */
	bool is_logged_in;           /* by name; who is not is let in as the default user, where Redis asks for no password */
	enum reply_mode reply_mode;
	uint64_t gathering;          /* turn_gathering at the last write */
	const struct command *row;   /* of the last request found by its name alone: clients repeat themselves */
	const struct command *last_row; /* of the last request, for CLIENT LIST */
	struct transaction *transaction; /* owned; NULL outside MULTI */
	struct watch_list watched;
	struct login *login;         /* owned; under way */
	struct greeting greeting;    /* what waits for it */
	struct pinned *subscription; /* owned; NULL: none */
	struct pinned *detour;       /* owned; under way */
	struct slice user;           /* these are owned */
	struct slice name;
	struct slice library_name, library_version;
};

struct sessions {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	struct turn *turn;
	struct client_table *clients;
	struct watches *watches;
	struct conflicts *conflicts;
	uint32_t databases;          /* of the store, the reserved one included; 0: not known yet */
	struct login *probe;         /* owned; asks whether strangers are let in */
	struct event *probe_retry;   /* libevent's; owned */
	bool is_store_behind;        /* more is under way to it than limits.store */
	bool is_probed;
	bool is_open_to_strangers;   /* the default user needs no password and may do everything */
	struct buffer reply;         /* where an answer is put together; good until the next one */
	struct buffer encoded;       /* an inline command as RESP, likewise */
	const struct session_command **commands; /* by row of the command table; NULL: not of class SESSION */
};

/* ---- session.c ---- */

/* Call when anything that is_plain sums up has changed. */
void session_changed(struct session *session);
/* NOTE says what to use instead; may be empty. */
void session_refuse_unsupported(struct session *session, const char *name, const char *note);
bool session_is_known(const struct session *session);
void session_keep(struct slice *place, struct slice text);
bool session_is(struct slice word, const char *text);

/* ---- session_answers.c ---- */

void session_reply(struct session *session, struct slice reply);
void session_reply_ok(struct session *session);
/* An error that the session itself words, without '-'. */
void session_reply_error(struct session *session, const char *text);
void session_reply_error_about(struct session *session, const char *before, struct slice what, const char *after);
/* What sessions->reply holds. */
void session_reply_built(struct session *session);
/* An array of simple strings, as HELP answers. */
void session_reply_lines(struct session *session, const char *const *lines, size_t count);
struct buffer *session_reply_begin(struct session *session);
/* Counts an answer that was refused or could not be replicated. */
void session_refuse(struct session *session, enum command_result result, const char *text);
struct slice session_encode(struct session *session, const struct request *request);
/* Remembers a question that the store answers; returns its token. */
uint64_t session_expect(struct session *session, uint32_t parts, bool is_array, enum answer_kind kind);
/* As turn_callbacks.answered and .refused; CONTEXT is the sessions. */
void sessions_answer(void *context, uint64_t token, struct slice reply);
void sessions_refuse(void *context, uint64_t token, struct slice error);

#define SESSION_BAD_NAME "ERR Client names cannot contain spaces, newlines or special characters."
#define SESSION_LOADING "LOADING Homeport has no working connection to its Redis right now (/readyz?verbose says why), try again"

#endif
