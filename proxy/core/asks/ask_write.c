/* Ask, writing: a client with a context of its own replaces only what it has seen (docs/replication-model.md, "Contexts of clients"). Every live
 * value that its context does not cover stays alive. Such a value is shipped with the write as a sibling, so that DCs which have dropped its
 * metadata know it again. The write is the newest here and so the provisional winner: the store gets a plain command. */
#include "proxy/core/commands/command.h"
#include "proxy/core/topology/admission.h"
#include "asked.h"

#include <assert.h>

/* What the write covers: all that is applied here, but of each origin only up to its first value that the client has not seen. Removals, and values
 * that others cover, count as seen. At some DCs their metadata is forgotten and at others it is not; the outcome must not depend on that. */
static struct context *covered(struct asks *asks, const struct asked *asked, const struct element *element)
{
	struct context *covered = causes_applied(asks->causes, false);
	covered->seqs[asks->causes->self] = asks->causes->answered_seq;
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		if (version->is_present && context_at(asked->context, version->stamp.origin) < version->stamp.seq &&
		    context_at(covered, version->stamp.origin) >= version->stamp.seq)
			context_cut(&covered, version->stamp.origin, version->stamp.seq - 1);
	}
	return covered;
}

static bool is_sibling(const struct context *covered, const struct version *version)
{
	return covered != NULL && !version->is_outdone && context_at(covered, version->stamp.origin) < version->stamp.seq;
}

static unsigned siblings_left(const struct context *covered, const struct element *element)
{
	unsigned count = 0;
	for (unsigned i = 0; i < element->version_count; i++)
		count += is_sibling(covered, &element->versions[i]);
	return count;
}

static unsigned live_versions(const struct element *element)
{
	unsigned count = 0;
	for (unsigned i = 0; i < element->version_count; i++)
		count += !element->versions[i].is_outdone;
	return count;
}

static void add_siblings(struct asks *asks, const struct asked *asked, const struct element *element, const struct context *covered)
{
	const unsigned bits = (asked->kind == KIND_HASH ? SIBLING_FIELD : 0) | (live_versions(element) == 1 ? SIBLING_ALONE : 0);
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		if (!is_sibling(covered, version))
			continue;
		const struct origin *origin = &asks->causes->origins.items[version->stamp.origin];
		struct change *change = changes_add(&asks->step->changes, CHANGE_SIBLING, asked->db, asked->key);
		change->element = asked->element;
		change->value = version->value;
		change->sibling_bits = bits | (version->is_present ? 0 : SIBLING_REMOVAL) | (version->is_clearing ? SIBLING_CLEARING : 0);
		change->dc = slice_of(asks->causes->origins.dcs[origin->dc]);
		change->incarnation = origin->incarnation;
		change->seq = version->stamp.seq;
		change->hlc = version->stamp.hlc;
	}
}

/* The change that is shipped, and the command that the store gets. Resolving a conflict keeps the key's deadline. */
struct intent { enum change_kind kind; struct told_command command; };

static struct intent removal_of(const struct asked *asked)
{
	switch (asked->kind) {
	case KIND_HASH:
		return (struct intent){ CHANGE_FIELD_REMOVE, { PLAN_FIELDS_REMOVE, 3, { SLICE("HDEL"), asked->key, asked->element } } };
	case KIND_SET:
		return (struct intent){ CHANGE_MEMBER_REMOVE, { PLAN_MEMBERS_REMOVE, 3, { SLICE("SREM"), asked->key, asked->element } } };
	case KIND_ZSET:
		return (struct intent){ CHANGE_SCORE_REMOVE, { PLAN_SCORES_REMOVE, 3, { SLICE("ZREM"), asked->key, asked->element } } };
	case KIND_STRING: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT: break;
	}
	return (struct intent){ CHANGE_CLEAR, { PLAN_CLEAR, 2, { SLICE("DEL"), asked->key } } };
}

static struct intent intent_of(const struct asked *asked)
{
	switch (asked->kind) {
	case KIND_HASH:
		return (struct intent){ CHANGE_FIELD_SET, { PLAN_FIELDS_SET, 4, { SLICE("HSET"), asked->key, asked->element, asked->value } } };
	case KIND_SET:
		return (struct intent){ CHANGE_MEMBER_ADD, { PLAN_MEMBERS_ADD, 3, { SLICE("SADD"), asked->key, asked->element } } };
	case KIND_ZSET:
		return (struct intent){ CHANGE_SCORE_SET, { PLAN_SCORES_SET, 4, { SLICE("ZADD"), asked->key, asked->value, asked->element } } };
	case KIND_STRING: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT: break;
	}
	return asked->is_keeping_ttl
		? (struct intent){ CHANGE_SET, { PLAN_SET, 4, { SLICE("SET"), asked->key, asked->value, SLICE("KEEPTTL") } } }
		: (struct intent){ CHANGE_SET, { PLAN_SET, 3, { SLICE("SET"), asked->key, asked->value } } };
}

static void add_change(struct asks *asks, const struct asked *asked, const struct intent *intent)
{
	struct change *change = changes_add(&asks->step->changes, intent->kind, asked->db, asked->key);
	if (asked->kind != KIND_STRING)
		change->element = asked->element;
	if (intent->kind == CHANGE_SET || intent->kind == CHANGE_FIELD_SET)
		change->value = asked->value;
	if (intent->kind == CHANGE_SET && asked->is_keeping_ttl)
		change->expire_at_ms = EXPIRE_KEEP;
	bool has_score = intent->kind != CHANGE_SCORE_SET || slice_to_double(asked->value, &change->score);
	assert(has_score);
}

/* It leaves fewer versions than there are. Conflicts that stay open may be what fills the metadata: they must be decidable then. */
static bool is_ending_conflict(const struct asked *asked, const struct element *element, unsigned siblings)
{
	return asked->write_choice != WRITE_ORDINARY || (asked->is_explicit && siblings == 0 && element->version_count > 1);
}

static const char *refusal(const struct asks *asks, const struct asked *asked, const struct element *element, unsigned siblings)
{
	const struct rule *rule = element->key->policy->rule;
	if (asked->is_explicit && !rule->is_keeping)
		return "HOMEPORT the rule of this key keeps no versions: give it the rule record or custom, or write it with SET";
	if (siblings + 1 > asks->options->siblings_max)
		return "HOMEPORT too many siblings (conflicts.siblings_max): read them with HOMEPORT GET, and write what they come to with that "
		       "context";
	const char *error = asked->is_internal ? NULL : admission_error(asks->topology, asked->key);
	if (error != NULL)
		return error;
	return gather_limit(asks->local, is_ending_conflict(asked, element, siblings));
}

void ask_write(struct asks *asks, struct asked *asked, struct element *element)
{
	const char *error = asked->ask == ASK_RESOLVE ? ask_choose(asks, asked, element) : NULL;
	struct context *context = asked->context == NULL ? NULL : covered(asks, asked, element);
	unsigned siblings = siblings_left(context, element);
	if (error == NULL)
		error = refusal(asks, asked, element, siblings);
	if (error != NULL) {
		asks->step->status.refused_siblings += siblings + 1 > asks->options->siblings_max;
		asks_refuse(asks, asked, error);
		if (context != NULL)
			context_drop(context);
		return;
	}
	struct buffer positions = { 0 };
	changes_reset(&asks->step->changes);
	asks->step->changes.facts = (struct write_facts){
		.command = SLICE("homeport"), .client = asked->client, .choice = asked->write_choice, .by = asked->by,
		.is_explicit = context != NULL,
	};
	unsigned count;
	const struct position *named = context == NULL ? NULL : causes_positions(asks->causes, context, &count);
	if (named != NULL)
		envelope_add_context(&positions, named, count);
	asks->step->changes.facts.context = buffer_slice(&positions);
	add_siblings(asks, asked, element, context);
	struct intent intent = asked->is_removal ? removal_of(asked) : intent_of(asked);
	add_change(asks, asked, &intent);
	asked->phase = ASK_WRITING;
	gather_asked(asks->local, asked->token, asked->db, &intent.command);
	buffer_free(&positions);
	if (context != NULL)
		context_drop(context);
}
