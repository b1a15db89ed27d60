/* Ask, writing: what a client with a context of its own replaces (docs/replication-model.md, "Contexts of clients"). The write covers what
 * the context has seen, and nothing else: every other live version travels along as a sibling, so that DCs which have long dropped
 * its metadata know it again. It is the newest write here, so it is the provisional winner: the store gets a plain command. */
#include "command.h"
#include "state.h"

#include <assert.h>

/* Removals are no siblings (version.c). */
static bool is_seen(const struct asked *asked, const struct version *version)
{
	return asked->context == NULL || !version->is_present || context_at(asked->context, version->stamp.origin) >= version->stamp.seq;
}

static unsigned siblings_left(const struct asked *asked, const struct element *element)
{
	unsigned count = 0;
	for (unsigned i = 0; i < element->version_count; i++)
		count += !is_seen(asked, &element->versions[i]);
	return count;
}

static void add_siblings(struct core *core, const struct asked *asked, const struct element *element)
{
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		if (is_seen(asked, version))
			continue;
		const struct origin *origin = &core->origins.items[version->stamp.origin];
		struct change *change = changes_add(&core->changes, CHANGE_SIBLING, asked->db, asked->key);
		change->element = asked->element;
		change->value = version->value;
		change->number = (version->is_present ? 0 : 1) | (asked->is_field ? 2 : 0);
		change->dc = slice_of(core->dc_names[origin->dc]);
		change->incarnation = origin->incarnation;
		change->seq = version->stamp.seq;
		change->hlc = version->stamp.hlc;
	}
}

struct intent { enum change_kind kind; enum plan plan; unsigned argc; struct slice argv[4]; };

static struct intent intent_of(const struct asked *asked, bool is_removal)
{
	if (asked->is_field && is_removal)
		return (struct intent){ CHANGE_FIELD_REMOVE, PLAN_FIELDS_REMOVE, 3, { SLICE("HDEL"), asked->key, asked->element } };
	if (asked->is_field)
		return (struct intent){ CHANGE_FIELD_SET, PLAN_FIELDS_SET, 4, { SLICE("HSET"), asked->key, asked->element, asked->value } };
	if (is_removal)
		return (struct intent){ CHANGE_CLEAR, PLAN_CLEAR, 2, { SLICE("DEL"), asked->key } };
	return (struct intent){ CHANGE_SET, PLAN_SET, 3, { SLICE("SET"), asked->key, asked->value } };
}

static const char *refusal(const struct core *core, const struct asked *asked, const struct element *element)
{
	const struct rule *rule = element->key->policy->rule;
	if (asked->is_explicit && !rule->is_keeping)
		return "HOMEPORT the rule of this key keeps no versions: give it the rule record or custom, or write it with SET";
	if (siblings_left(asked, element) + 1 > core->options.siblings_max)
		return "HOMEPORT too many siblings (conflicts.siblings_max): read them with HOMEPORT GET, and write what they come to with that context";
	return gather_limit(core);
}

void ask_write(struct core *core, struct asked *asked, struct element *element)
{
	const char *error = refusal(core, asked, element);
	if (error != NULL) {
		core->status.refused_siblings += asked->context != NULL && siblings_left(asked, element) + 1 > core->options.siblings_max;
		ask_refuse(core, asked, error);
		return;
	}
	struct buffer positions = { 0 };
	struct position room[ORIGINS_MAX];
	changes_reset(&core->changes);
	core->changes.facts = (struct write_facts){
		.command = SLICE("homeport"), .client = asked->client, .choice = asked->write_choice, .by = asked->by,
		.is_explicit = asked->context != NULL,
	};
	if (asked->context != NULL)
		envelope_add_context(&positions, room, core_positions(core, asked->context, room));
	core->changes.facts.context = buffer_slice(&positions);
	add_siblings(core, asked, element);
	struct intent intent = intent_of(asked, asked->ask == ASK_DELETE || (asked->ask == ASK_RESOLVE && asked->choice == CHOICE_REMOVAL));
	struct change *change = changes_add(&core->changes, intent.kind, asked->db, asked->key);
	change->element = asked->is_field ? asked->element : (struct slice){ "", 0 };
	if (intent.kind == CHANGE_SET || intent.kind == CHANGE_FIELD_SET)
		change->value = asked->value;
	asked->phase = ASK_WRITING;
	gather_asked(core, asked, intent.plan, intent.argc, intent.argv);
	buffer_free(&positions);
}
