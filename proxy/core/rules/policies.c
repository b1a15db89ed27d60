/* Policies: the operator's rules as they are configured. A set of them lives until no key was made under it (keyspace.h, struct key). */
#include "glob.h"
#include "proxy/core/state.h"

/* Which rank each DC has: the ones named first, in their order, then all others alike. */
static const char *ranks_load(const struct core *core, const struct core_rule *configured, struct policy *policy)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		policy->ranks[dc] = configured->order_count;
	for (unsigned i = 0; i < configured->order_count; i++) {
		int dc = origins_dc(&core->origins, slice_of(configured->order[i]));
		if (dc < 0)
			return "a rule's order names a datacenter that does not exist: name this one and its peers";
		if (policy->ranks[dc] != configured->order_count)
			return "a rule's order names a datacenter twice: name each once";
		policy->ranks[dc] = i;
	}
	return NULL;
}

static const char *policy_load(const struct core *core, const struct core_rule *configured, struct policy *policy)
{
	*policy = (struct policy){ .rule = rule_find(slice_of(configured->rule)) };
	if (policy->rule == NULL)
		return "unknown rule name: use lww, priority, record, merge or custom";
	policy->is_keeping = policy->rule->is_keeping;
	if (!ttl_choice_find(configured->ttl, &policy->ttl))
		return "a rule's ttl is unknown: use newest, longest or shortest";
	if (policy->ttl != TTL_NEWEST && !policy->rule->takes_ttl)
		return "only rule merge has a ttl: remove it, or use merge";
	const char *error = ranks_load(core, configured, policy);
	if (error == NULL)
		policy->match = buffer_copy(slice_of(configured->match));
	return error;
}

/* What the digest is made of: all that makes two DCs decide alike. */
static void add_policy_text(const struct core_rule *configured, struct buffer *text)
{
	buffer_add_text(text, configured->match);
	buffer_add_byte(text, '\0');
	buffer_add_text(text, configured->rule);
	buffer_add_byte(text, '\0');
	for (unsigned i = 0; i < configured->order_count; i++) {
		buffer_add_text(text, configured->order[i]);
		buffer_add_byte(text, '\0');
	}
	if (configured->handler_digest != 0)
		buffer_add_uint64(text, configured->handler_digest);
	if (configured->ttl != NULL) {
		buffer_add_text(text, configured->ttl);
		buffer_add_byte(text, '\0');
	}
}

struct policy *policies_find(void *context, struct slice key)
{
	const struct core *core = context;
	struct policies *policies = core->policies;
	for (unsigned i = 0; i < policies->count; i++)
		if (glob_match(policies->items[i].match, key))
			return &policies->items[i];
	return &policies->fallback;
}

static void note_dots(struct policy *policy, bool is_walked)
{
	if (is_walked)
		policy->may_have_dots = policy->rule->is_keeping || policy->is_dot_met;
	policy->is_dot_met = false;
}

void policies_doubt_dots(struct policies *policies)
{
	for (unsigned i = 0; i < policies->count; i++)
		policies->items[i].may_have_dots = true;
	policies->fallback.may_have_dots = true;
	policies->is_walking = policies->is_walked = false;
}

void policies_walk_ended(struct policies *policies)
{
	for (unsigned i = 0; i < policies->count; i++)
		note_dots(&policies->items[i], policies->is_walking);
	note_dots(&policies->fallback, policies->is_walking);
	policies->is_walked |= policies->is_walking;
}

struct policies *policies_new(const struct core *core, const struct core_rule *rules, unsigned count, const char **error)
{
	struct buffer text = { 0 };
	struct policies *policies = memory_new(sizeof *policies);
	policies->items = memory_new((count + 1) * sizeof *policies->items);
	policies->fallback = (struct policy){ .rule = &rule_lww, .index = UINT32_MAX };
	*error = NULL;
	for (unsigned i = 0; i < count && *error == NULL; i++) {
		*error = policy_load(core, &rules[i], &policies->items[i]);
		if (*error != NULL)
			break;
		policies->items[i].index = policies->count++;
		policies->is_handling |= policies->items[i].rule->is_handling;
		add_policy_text(&rules[i], &text);
	}
	policies->digest = slice_hash(buffer_slice(&text));
	policies_doubt_dots(policies);
	buffer_free(&text);
	return policies;
}

void policies_free(struct policies *policies)
{
	for (unsigned i = 0; i < policies->count; i++)
		bytes_free(policies->items[i].match);
	memory_free(policies->items);
	memory_free(policies);
}

/* Once no key is left that was made under them. */
void policies_free_older(struct core *core)
{
	while (core->policies->older != NULL) {
		struct policies *older = core->policies->older;
		core->policies->older = older->older;
		policies_free(older);
	}
}
