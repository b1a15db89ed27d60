/* Session reply: answers that the sidecar words itself. Each stands behind all answers that the client is still owed. */
#ifndef PROXY_SESSION_REPLY_H
#define PROXY_SESSION_REPLY_H

#include "session.h"

void session_reply(struct session *session, struct slice reply);
void session_reply_ok(struct session *session);
/* An error; TEXT is without '-'. */
void session_reply_error(struct session *session, const char *text);
void session_reply_error_about(struct session *session, const char *before, struct slice what, const char *after);
/* As Redis quotes what a client sent: up to its first NUL. */
struct slice slice_to_nul(struct slice text);
/* An array of simple strings, as HELP answers. */
void session_reply_lines(struct session *session, const char *const *lines, size_t count);
/* To put an answer together: add to the buffer, then give it out by session_reply_built. */
struct buffer *session_reply_begin(struct session *session);
void session_reply_built(struct session *session);

/* An error for a command that is not executed: counted under RESULT, and it spoils a transaction. */
void session_refuse(struct session *session, enum command_result result, const char *text);
/* NOTE says what to use instead; may be empty. */
void session_refuse_unsupported(struct session *session, const char *name, const char *note);
/* No command has this name. */
void session_reply_unknown(struct session *session, const struct request *request);
/* ROW takes another number of arguments. */
void session_reply_arity(struct session *session, const struct command *row);

#define SESSION_BAD_NAME "ERR Client names cannot contain spaces, newlines or special characters."

#endif
