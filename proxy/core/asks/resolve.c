/* Resolve: a client decides an open conflict. Its choice becomes an ordinary write here, marked as a decision. That write covers every version
 * applied here, so the conflict ends at every DC where the write arrives (docs/replication-model.md, "Records"). */
#include "proxy/core/conflicts/conflict.h"
#include "base/number.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "asked.h"
#include "proxy/core/versions/version.h"

const char *ask_name_conflict(struct asks *asks, struct asked *asked)
{
	struct episode *episode = episodes_find_open(asks->keyspace, asked->id);
	if (episode == NULL)
		return "HOMEPORT no open conflict has this id here: it has ended, or its writes have not arrived yet (HOMEPORT CONFLICTS STATUS "
		       "open)";
	const struct element *element = episode->element;
	asked->db = element->key->db;
	asked->kind = element->kind;
	bytes_free(asked->key);
	bytes_free(asked->element);
	asked->key = buffer_copy(element->key->name);
	asked->element = buffer_copy(element->name);
	asked->is_keeping_ttl = true;
	if (asked->ask == ASK_RETRY && !element->key->policy->rule->is_handling)
		return "HOMEPORT this conflict has no handler: its rule is not custom; resolve it with HOMEPORT RESOLVE";
	if (asked->ask == ASK_RETRY) {
		episode->is_retried = true;
		asks->look_pause_ms = 0;
	}
	return NULL;
}

static bool is_dot(const struct asks *asks, const struct stamp *stamp, struct slice text)
{
	const struct origin *origin = &asks->causes->origins.items[stamp->origin];
	struct buffer dot = { 0 };
	buffer_add_text(&dot, asks->causes->origins.dcs[origin->dc]);
	buffer_add_byte(&dot, '/');
	buffer_add_uint64(&dot, origin->incarnation);
	buffer_add_byte(&dot, '/');
	buffer_add_uint64(&dot, stamp->seq);
	bool is_same = slice_equal(buffer_slice(&dot), text);
	buffer_free(&dot);
	return is_same;
}

/* Finds the live version with this dot. A version that a newer write of another type outdid is not alive: choosing it would remove the value. */
static const struct version *side_of(const struct asks *asks, const struct element *element, struct slice dot)
{
	for (unsigned i = 0; i < element->version_count; i++)
		if (!element->versions[i].is_outdone && is_dot(asks, &element->versions[i].stamp, dot))
			return &element->versions[i];
	return NULL;
}

/* The ask writes what VERSION is: its value, or a removal. NULL is a removal, too. */
static void take_version(struct asked *asked, const struct element *element, const struct version *version)
{
	if (version == NULL || !version->is_present) {
		asked->is_removal = true;
		return;
	}
	struct buffer value = { 0 };
	if (element->kind == KIND_ZSET)
		buffer_add_double(&value, version->score);
	else
		buffer_add(&value, version->value);
	bytes_free(asked->value);
	asked->value = buffer_copy(buffer_slice(&value));
	buffer_free(&value);
}

const char *ask_choose(struct asks *asks, struct asked *asked, const struct element *element)
{
	const struct version *version = NULL;
	const struct rule *rule = NULL;
	double score;
	if (element->version_count < 2)
		return "HOMEPORT this conflict has ended meanwhile: a write has replaced all of its versions";
	asked->write_choice = asked->choice == CHOICE_WINNER ? WRITE_IGNORES : WRITE_RESOLVES;
	switch (asked->choice) {
	case CHOICE_WINNER:
		take_version(asked, element, element->key->policy->rule->decide(asks->keyspace, element));
		return NULL;
	case CHOICE_SIDE:
		version = side_of(asks, element, asked->value);
		if (version == NULL)
			return "HOMEPORT no live version of this conflict has that dot (dc/incarnation/seq): HOMEPORT CONFLICT shows its sides";
		take_version(asked, element, version);
		return NULL;
	case CHOICE_RULE:
		rule = rule_find(asked->value);
		if (rule == NULL || !rule->is_choosing)
			return "HOMEPORT only the rules lww and merge choose by themselves: name one of them, or a side, or a value";
		take_version(asked, element, rule->decide(asks->keyspace, element));
		return NULL;
	case CHOICE_REMOVAL:
		asked->is_removal = true;
		return NULL;
	case CHOICE_VALUE:
		if (element->kind == KIND_SET)
			return "HOMEPORT a member is there or it is not: choose a side, WINNER or REMOVE";
		/* We check it, as nobody could tell whether the store had refused it if the store's answer were lost. */
		return element->kind == KIND_ZSET && !slice_to_double(asked->value, &score)
		               ? "HOMEPORT a score is a number: choose one, a side, WINNER or REMOVE"
		               : NULL;
	}
	return NULL;
}
