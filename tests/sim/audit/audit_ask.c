/* Asks: compares what clients were told about versions and contexts with what was shipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"

static struct audited_ask *ask_find(const struct auditor *auditor, uint64_t token)
{
	for (unsigned i = 0; i < auditor->ask_count; i++)
		if (auditor->asks[i].token == token)
			return &auditor->asks[i];
	return NULL;
}

static const struct client_request *request_of(const struct auditor *auditor, const struct audited_ask *ask)
{
	return requests_find(auditor->options.requests, ask->token);
}

void auditor_asked(struct auditor *auditor, const struct client_request *request)
{
	struct audited_ask *ask;

	auditor->asks = array_grow(auditor->asks, auditor->ask_count, &auditor->ask_cap, sizeof(*auditor->asks));
	ask = &auditor->asks[auditor->ask_count++];
	*ask = (struct audited_ask){ .token = request->token };
	vector_copy(&ask->floor, &auditor->dcs[request->dc].answered);
}

/* ---- replies ---- */

/* Reads the next "*n", ":n", or "$n" with its text. For nil, TEXT.ptr is NULL. */
static bool reply_take(struct slice *reply, char sign, int64_t *number, struct slice *text)
{
	const char *end = reply->len == 0 ? NULL : memchr(reply->ptr, '\n', reply->len);

	if (end == NULL || reply->ptr[0] != sign)
		return false;
	*number = strtoll(reply->ptr + 1, NULL, 10);
	*reply = (struct slice){ end + 1, reply->len - (size_t)(end + 1 - reply->ptr) };
	*text = (struct slice){ NULL, 0 };
	if (sign != '$' || *number < 0)
		return true;
	if ((size_t)*number + 2 > reply->len)
		return false;
	*text = (struct slice){ reply->ptr, (size_t)*number };
	*reply = (struct slice){ reply->ptr + *number + 2, reply->len - (size_t)*number - 2 };
	return true;
}

/* "dc/incarnation/seq" */
static bool dot_read(struct auditor *auditor, struct slice text, struct audited_sibling *sibling)
{
	const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
	char room[64], *end;
	uint64_t incarnation;
	int dc;

	if (slash == NULL || text.len >= sizeof(room))
		return false;
	dc = audit_dc(auditor, (struct slice){ text.ptr, (size_t)(slash - text.ptr) });
	snprintf(room, sizeof(room), "%.*s", (int)(text.ptr + text.len - slash - 1), slash + 1);
	incarnation = strtoull(room, &end, 10);
	if (dc < 0 || *end != '/')
		return false;
	sibling->origin = audit_origin(auditor, (unsigned)dc, incarnation);
	sibling->seq = strtoull(end + 1, NULL, 10);
	return true;
}

static bool sibling_take(struct auditor *auditor, struct slice *reply, struct audited_sibling *sibling)
{
	struct slice text;
	int64_t number;

	*sibling = (struct audited_sibling){ .is_known = true };
	if (!reply_take(reply, '*', &number, &text) || number != 4 || !reply_take(reply, '$', &number, &text))
		return false;
	sibling->is_removal = text.ptr == NULL;
	sibling->value = text.ptr == NULL ? 0 : pool_intern(auditor->options.pool, text);
	if (!reply_take(reply, '$', &number, &text))
		return false;
	sibling->is_known = text.len > 0;
	if (!reply_take(reply, '$', &number, &text) || (sibling->is_known && !dot_read(auditor, text, sibling)))
		return false;
	return reply_take(reply, ':', &number, &text);
}

static bool told_read(struct auditor *auditor, struct audited_ask *ask, struct slice reply)
{
	struct slice text;
	int64_t number;

	if (!reply_take(&reply, '*', &number, &text) || number != 2 || !reply_take(&reply, '$', &number, &text) ||
	    !audit_context_read(auditor, text, &ask->seen) || !reply_take(&reply, '*', &number, &text))
		return false;
	for (int64_t i = 0; i < number; i++) {
		ask->siblings = array_grow(ask->siblings, ask->sibling_count, &ask->sibling_cap, sizeof(*ask->siblings));
		if (!sibling_take(auditor, &reply, &ask->siblings[ask->sibling_count++]))
			return false;
	}
	return reply.len == 0;
}

/* What the core has applied may not have reached the store yet, but it is in a log. */
static bool is_founded(const struct auditor *auditor, unsigned dc, const struct vector *seen)
{
	for (unsigned origin = 0; origin < seen->count; origin++) {
		const struct audited_write *last = audit_find(auditor, origin, vector_at(seen, origin));

		if (vector_at(seen, origin) > vector_at(&auditor->dcs[dc].applied, origin) && (last == NULL || !last->is_shipped))
			return false;
	}
	return true;
}

void auditor_replied(struct auditor *auditor, const struct client_request *request, struct slice reply)
{
	struct audited_ask *ask = ask_find(auditor, request->token);

	if (ask->is_replied)
		auditor_find(auditor, "request %llu is answered twice", (unsigned long long)request->token);
	/* Redis's error for another type, or a value that has no versions. */
	if ((reply.len > 0 && reply.ptr[0] == '-') || request->ask.verb > VERB_DELETE || auditor->dcs[request->dc].is_doubtful)
		return;
	if (!told_read(auditor, ask, reply)) {
		auditor_find(auditor, "request %llu has an answer that cannot be read: %.*s", (unsigned long long)request->token, (int)reply.len, reply.ptr);
		return;
	}
	ask->is_replied = true;
	if (!is_founded(auditor, request->dc, &ask->seen))
		auditor_find(auditor, "request %llu was given a context that says more than its store has, or will get from logs", (unsigned long long)request->token);
	if (!vector_reaches(&ask->seen, &ask->floor))
		auditor_find(auditor, "request %llu was given a context without what had been answered before", (unsigned long long)request->token);
}

/* ---- writes with a context ---- */

/* The request that a write belongs to: clients that ask are named after their request. */
static struct audited_ask *ask_of_client(const struct auditor *auditor, const struct proto_write *shipped)
{
	char room[32];

	snprintf(room, sizeof(room), "%.*s", (int)shipped->client.len, shipped->client.len > 0 ? shipped->client.ptr : "");
	return strncmp(room, "ask-", 4) == 0 ? ask_find(auditor, strtoull(room + 4, NULL, 10)) : NULL;
}

void audit_asked_execution(struct auditor *auditor, const struct audited_write *write, const struct proto_write *shipped)
{
	struct audited_ask *ask = ask_of_client(auditor, shipped);

	/* A handler's result belongs to no client. */
	if (ask == NULL && shipped->choice == PROTO_ORDINARY)
		auditor_find(auditor, "%s is a write of a client that asked for none", audit_dot(auditor, write->origin, write->seq));
	if (ask != NULL)
		ask->is_executed = true;
}

/* Does WRITE claim all that its client SAW? What was lost with both store and sidecar is in no log, so a later incarnation cannot claim it. */
static bool claims_all(const struct auditor *auditor, const struct audited_write *write, const struct vector *saw)
{
	for (unsigned origin = 0; origin < saw->count; origin++)
		if (vector_at(&write->claimed, origin) < vector_at(saw, origin) &&
		    (origin == write->origin || audit_is_heard(auditor, origin, vector_at(&write->claimed, origin) + 1)))
			return false;
	return true;
}

void audit_asked_write(struct auditor *auditor, unsigned dc, struct audited_write *write, const struct proto_write *shipped)
{
	struct audited_ask *ask = ask_of_client(auditor, shipped);
	struct vector saw = { .count = 0 };
	const struct client_request *request;

	if (ask == NULL) {
		if (write->is_explicit && write->choice == PROTO_ORDINARY)
			auditor_find(auditor, "%s has a context of its own, and nobody brought it", audit_dot(auditor, write->origin, write->seq));
		return;
	}
	write->is_asked = true;
	request = request_of(auditor, ask);
	if (request->dc != dc || ++ask->writes > 1)
		auditor_find(auditor, "%s: request %llu was carried out twice", audit_dot(auditor, write->origin, write->seq), (unsigned long long)ask->token);
	ask->write = write;
	if (request->ask.verb != VERB_RESOLVE && (!audit_context_read(auditor, pool_text(auditor->options.pool, request->ask.context), &saw) || !claims_all(auditor, write, &saw)))
		auditor_find(auditor, "%s does not cover what its client had seen", audit_dot(auditor, write->origin, write->seq));
	vector_free(&saw);
}

/* ---- the end ---- */

/* WITH_VALUES: the sibling must also have the value that the write set, unless an increment was added to it. */
static bool has_sibling(const struct audited_sibling *siblings, unsigned count, const struct touch *touch, bool with_values)
{
	for (unsigned i = 0; i < count; i++) {
		const struct audited_sibling *sibling = &siblings[i];

		if (sibling->is_known && sibling->origin == touch->write->origin && sibling->seq == touch->write->seq)
			return sibling->is_removal ? touch->fact->kind != FACT_SET
			                           : touch->fact->kind == FACT_SET && (!with_values || sibling->value == touch->fact->value);
	}
	return false;
}

static void describe_siblings(struct auditor *auditor, const struct audited_ask *ask, const struct touch *const *live, unsigned count)
{
	for (unsigned i = 0; i < ask->sibling_count; i++) {
		const struct audited_sibling *sibling = &ask->siblings[i];

		auditor_find(auditor, "    told: %s %s", sibling->is_known ? audit_dot(auditor, sibling->origin, sibling->seq) : "no dot",
		             sibling->is_removal ? "removed" : pool_text(auditor->options.pool, sibling->value).ptr);
	}
	for (unsigned i = 0; i < count; i++)
		auditor_find(auditor, "    live: %s %s", audit_dot(auditor, live[i]->write->origin, live[i]->write->seq),
		             live[i]->fact->kind == FACT_SET ? pool_text(auditor->options.pool, live[i]->fact->value).ptr : "removed");
}

/* Checks the siblings of a write with a client's context. Every value that was alive where the write was made and that its client had not seen must
 * stay alive, and must be shipped as a sibling. A value whose deadline had passed there is gone. */
static void judge_live(struct auditor *auditor, const struct audited_ask *ask, const struct touch *live, const struct vector *context, bool is_plain)
{
	bool is_seen = vector_at(context, live->write->origin) >= live->write->seq, is_covered = audit_covers(ask->write, live->write);

	if (live->fact->kind == FACT_SET && is_covered != is_seen && !audit_has_expired(auditor, request_of(auditor, ask)->dc, live, &ask->write->executed_at))
		auditor_find(auditor, "%s %s %s, which its client had%s seen", audit_dot(auditor, ask->write->origin, ask->write->seq),
		             is_covered ? "covers" : "leaves", audit_dot(auditor, live->write->origin, live->write->seq), is_seen ? "" : " not");
	if (!is_covered && !has_sibling(ask->write->siblings, ask->write->sibling_count, live, is_plain))
		auditor_find(auditor, "%s leaves %s alive and does not say so", audit_dot(auditor, ask->write->origin, ask->write->seq),
		             audit_dot(auditor, live->write->origin, live->write->seq));
}

static void judge_context_write(struct auditor *auditor, const struct audited_keys *keys, const struct audited_ask *ask)
{
	const struct client_request *request = request_of(auditor, ask);
	const struct audited_key *key = audited_key_at(keys, request->db, request->ask.key);
	const struct audit_contest contest = { .type = request->ask.is_field ? SIM_HASH : SIM_STRING, .element = request->ask.element };
	struct touch *subset = memory_new((key->count + 1) * sizeof(*subset));
	const struct touch **live = memory_new((key->count + 1) * sizeof(*live));
	struct vector context = { .count = 0 };
	unsigned count = 0, stay = 0;
	bool is_plain = touches_select(key, &ask->write->executed_at, &contest, subset, &count);

	if (!ask->write->is_unsure && audit_all_shipped(auditor, &ask->write->executed_at) &&
	    audit_context_read(auditor, pool_text(auditor->options.pool, request->ask.context), &context)) {
		count = audit_live(auditor, subset, count, &contest, live);
		for (unsigned i = 0; i < count; i++) {
			judge_live(auditor, ask, live[i], &context, is_plain);
			stay += !audit_covers(ask->write, live[i]->write);
		}
		for (unsigned i = 0; i < ask->write->sibling_count; i++)
			if (ask->write->siblings[i].is_alone != (count == 1))
				auditor_find(auditor, "%s finds %u versions alive and says otherwise", audit_dot(auditor, ask->write->origin, ask->write->seq), count);
		if (stay < ask->write->sibling_count)
			auditor_find(auditor, "%s names %u siblings, %u are alive", audit_dot(auditor, ask->write->origin, ask->write->seq),
			             ask->write->sibling_count, stay);
	}
	vector_free(&context);
	memory_free(subset);
	memory_free(live);
}

static bool concerns_key(const struct facts *facts, uint32_t db, uint32_t key)
{
	for (unsigned i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->items[i];

		if (fact->kind == FACT_FLUSH ? fact->db == ANY_DB || fact->db == db : fact->db == db && fact->key == key)
			return true;
	}
	return false;
}

/* When a crash takes a write's answer, the write is shipped as nothing and its effect as a new write. A client that was told of the old write, or of
 * what it left, was told right. */
static bool has_told_changed(const struct auditor *auditor, const struct audited_ask *ask)
{
	const struct client_request *request = request_of(auditor, ask);

	for (unsigned i = 0; i < ask->sibling_count; i++)
		if (ask->siblings[i].is_known && audit_has_changed(auditor, ask->siblings[i].origin, ask->siblings[i].seq))
			return true;
	for (unsigned origin = 0; origin < auditor->origin_count; origin++)
		for (uint64_t seq = 1; auditor->origins[origin].dc == request->dc && seq <= vector_at(&ask->seen, origin); seq++)
			if (audit_has_changed(auditor, origin, seq) &&
			    concerns_key(&audit_find(auditor, origin, seq)->derived, request->db, request->ask.key))
				return true;
	return false;
}

/* The versions that a client was told of must be those that are alive among the writes of the context it was given. */
static void judge_reply(struct auditor *auditor, const struct audited_keys *keys, const struct audited_ask *ask)
{
	const struct client_request *request = request_of(auditor, ask);
	const struct audited_key *key = audited_key_at(keys, request->db, request->ask.key);
	const struct audit_contest contest = { .type = request->ask.is_field ? SIM_HASH : SIM_STRING, .element = request->ask.element };
	unsigned room = key == NULL ? 1 : key->count + 1, count = 0, live_count = 0, present = 0, told = 0, expired = 0;
	struct touch *subset = memory_new(room * sizeof(*subset));
	const struct touch **live = memory_new(room * sizeof(*live));

	if (audit_all_shipped(auditor, &ask->seen) && !has_told_changed(auditor, ask)) {
		bool is_plain = key == NULL || touches_select(key, &ask->seen, &contest, subset, &count);
		bool is_wrong;

		live_count = audit_live(auditor, subset, count, &contest, live);
		for (unsigned i = 0; i < live_count; i++) {
			present += live[i]->fact->kind == FACT_SET;
			told += has_sibling(ask->siblings, ask->sibling_count, live[i], is_plain);
			expired += live[i]->fact->kind == FACT_SET && audit_has_expired(auditor, request->dc, live[i], &ask->seen);
		}
		auditor->judged_replies++;
		/* A version whose deadline has passed there may be gone already. */
		if (present > 0 && expired == present && ask->sibling_count == 0)
			present = 0;
		is_wrong = ask->sibling_count != (present == 0 ? 0 : live_count) || (present > 0 && told != live_count);
		/* An increment of an element without a value leaves a value that has no version. */
		if (is_wrong && (is_plain || present > 0)) {
			auditor_find(auditor, "%s: request %llu was told of %u versions of %s %s in db %u, %u are alive:", auditor->options.dc_names[request->dc],
			             (unsigned long long)ask->token, ask->sibling_count, pool_text(auditor->options.pool, request->ask.key).ptr,
			             pool_text(auditor->options.pool, request->ask.element).ptr, request->db, live_count);
			describe_siblings(auditor, ask, live, live_count);
		}
	}
	memory_free(subset);
	memory_free(live);
}

static void judge_write(struct auditor *auditor, const struct audited_keys *keys, const struct audited_ask *ask)
{
	const struct client_request *request = request_of(auditor, ask);

	if (request->ask.verb == VERB_RESOLVE)
		audit_choice(auditor, audited_key_at(keys, request->db, request->ask.key), request, ask->write);
	else
		judge_context_write(auditor, keys, ask);
}

static bool is_keeping(const struct auditor *auditor, uint32_t key)
{
	enum audit_rule rule = auditor->options.rule_of(pool_text(auditor->options.pool, key));

	return rule == AUDIT_RECORD || rule == AUDIT_CUSTOM;
}

void audit_asks(struct auditor *auditor, const struct audited_keys *keys)
{
	for (unsigned i = 0; i < auditor->ask_count; i++) {
		const struct audited_ask *ask = &auditor->asks[i];
		enum ask_verb verb = request_of(auditor, ask)->ask.verb;
		bool is_write = verb == VERB_SET || verb == VERB_DELETE;
		bool is_kept = is_keeping(auditor, request_of(auditor, ask)->ask.key);

		if (ask->write != NULL && ask->write->is_shipped && ask->write->shipped.count > 0 && !audit_is_exempt(auditor, request_of(auditor, ask)->db, request_of(auditor, ask)->ask.key))
			judge_write(auditor, keys, ask);
		if (ask->is_executed && !is_kept)
			auditor_find(auditor, "request %llu wrote with a context where no versions are kept", (unsigned long long)ask->token);
		if (!ask->is_replied || !is_kept)
			continue;
		if (is_write && !ask->is_executed)
			auditor_find(auditor, "request %llu was answered, and nothing was written for it", (unsigned long long)ask->token);
		if (!audit_is_exempt(auditor, request_of(auditor, ask)->db, request_of(auditor, ask)->ask.key))
			judge_reply(auditor, keys, ask);
	}
}

void audit_asks_free(struct auditor *auditor)
{
	for (unsigned i = 0; i < auditor->ask_count; i++) {
		vector_free(&auditor->asks[i].floor);
		vector_free(&auditor->asks[i].seen);
		free(auditor->asks[i].siblings);
	}
	free(auditor->asks);
}
