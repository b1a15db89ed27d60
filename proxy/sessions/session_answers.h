/* Session answers: questions to the store or the core that are under way, and their answers. A question is named by a token; its answer is
 * found by it, adapted where needed, and given out in the order of asking (client_answers.h). */
#ifndef PROXY_SESSION_ANSWERS_H
#define PROXY_SESSION_ANSWERS_H

#include "server_view.h"

/* Remembers a question; returns its token. PARTS: the replies that make up the answer; IS_ARRAY: they are elements of one array. */
uint64_t session_expect(struct session *session, uint32_t parts, bool is_array, enum answer_kind kind);
/* COMMAND, about REQUEST, is to run once all earlier answers are there. */
void session_defer(struct session *session, const struct session_command *command, const struct request *request);
/* The question was asked in parts, and none has come: its answer comes whole instead. */
void session_expect_whole(struct session *session, uint64_t token);
/* The bytes of REQUEST in RESP, which an inline command is not. Good until the next call. */
struct slice session_encode(struct session *session, const struct request *request);
/* As turn_callbacks.answered and .refused; CONTEXT is the sessions. Nothing happens if the client is gone. */
void sessions_answer(void *context, uint64_t token, struct slice reply);
void sessions_refuse(void *context, uint64_t token, struct slice error);
/* Likewise, of a request that another datacenter has answered: REPLY stands for all its parts. */
void sessions_answer_whole(void *context, uint64_t token, struct slice reply);

/* The question that TOKEN names. NULL: nobody waits for its answer any more. */
struct client *sessions_find(struct sessions *sessions, uint64_t token, uint32_t *number, struct client_answer **answer);
/* Of a question by another sidecar. */
uint64_t session_expect_tagged(struct session *session, uint32_t parts, bool is_array, uint64_t tag);
/* The command that ANSWER is about is no longer at another datacenter. */
void session_note_return(struct session *session, struct client_answer *answer);
/* The core no longer holds it. */
void session_end_hold(struct session *session, struct client_answer *answer);

#endif
