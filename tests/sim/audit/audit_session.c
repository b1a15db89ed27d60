/* Sessions: what a token promises. Whoever is told that all it tells is here finds in that store whatever clients could read, or had been answered, where the
 * token was given out, but for what was lost there before it was shipped. The text of a token is not looked into. */
#include <stdlib.h>

#include "audit_outcome.h"

void auditor_session_asked(struct auditor *auditor, const struct client_request *request)
{
	struct audited_session *session;

	if (request->ask.verb != VERB_TOKEN)
		return;
	auditor->sessions = array_grow(auditor->sessions, auditor->session_count, &auditor->session_cap, sizeof(*auditor->sessions));
	session = &auditor->sessions[auditor->session_count++];
	*session = (struct audited_session){ .token = request->token };
	vector_copy(&session->seen, &auditor->dcs[request->dc].answered);
}

static void judge_here(struct auditor *auditor, const struct client_request *request, const struct audited_session *session)
{
	const struct vector *applied = &auditor->dcs[request->dc].applied;

	for (unsigned origin = 0; origin < session->seen.count; origin++) {
		const struct audited_write *last = audit_find(auditor, origin, vector_at(&session->seen, origin));
		bool is_lost = last == NULL || !last->is_shipped;

		if (!is_lost && last->seq > vector_at(applied, origin))
			auditor_find(auditor, "request %llu at %s is told that all is here, and %s, which token %llu had seen, is not", (unsigned long long)request->token,
			             auditor->options.dc_names[request->dc], audit_dot(auditor, origin, vector_at(&session->seen, origin)),
			             (unsigned long long)session->token);
	}
}

void auditor_session_replied(struct auditor *auditor, const struct client_request *request, struct slice reply)
{
	bool is_here = slice_equal(reply, SLICE("+OK\r\n"));

	for (unsigned i = 0; i < auditor->session_count; i++) {
		struct audited_session *session = &auditor->sessions[i];

		if (request->ask.verb == VERB_TOKEN && session->token == request->token)
			session->text = request->ask.given;
		if (request->ask.verb != VERB_WAIT || session->text != request->ask.context)
			continue;
		auditor->judged_sessions += is_here;
		if (is_here)
			judge_here(auditor, request, session);
		else if (auditor->is_at_rest && audit_all_shipped(auditor, &session->seen))
			auditor_find(auditor, "request %llu waits at rest for token %llu: %.*s", (unsigned long long)request->token,
			             (unsigned long long)session->token, (int)reply.len, reply.ptr);
	}
}

void auditor_session_rest(struct auditor *auditor)
{
	auditor->is_at_rest = true;
}

void audit_sessions_free(struct auditor *auditor)
{
	for (unsigned i = 0; i < auditor->session_count; i++)
		vector_free(&auditor->sessions[i].seen);
	free(auditor->sessions);
}
