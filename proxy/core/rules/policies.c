/* Policies: the operator's rules as they are configured. A set of them lives until no key was made under it (keyspace.h, struct key). */
#include "policies.h"
#include "glob.h"

/* Which rank each DC has: the ones named first, in their order, then all others alike. */
static const char *ranks_load(const struct origins *origins, const struct core_rule *configured, struct policy *policy)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		policy->ranks[dc] = configured->order_count;
	for (unsigned i = 0; i < configured->order_count; i++) {
		int dc = origins_dc(origins, slice_of(configured->order[i]));
		if (dc < 0)
			return "a rule's order names a datacenter that does not exist: name this one and its peers";
		if (policy->ranks[dc] != configured->order_count)
			return "a rule's order names a datacenter twice: name each once";
		policy->ranks[dc] = i;
	}
	return NULL;
}

static const char *policy_load(const struct origins *origins, const struct core_rule *configured, struct policy *policy)
{
	*policy = (struct policy){ .rule = rule_find(slice_of(configured->rule)) };
	if (policy->rule == NULL)
		return "unknown rule name: use lww, priority, record, merge or custom";
	policy->is_keeping = policy->rule->is_keeping;
	policy->is_bits_merged = configured->is_bits_merged;
	policy->is_stream_ordered = configured->is_stream_ordered;
	if (!ttl_choice_find(configured->ttl, &policy->ttl))
		return "a rule's ttl is unknown: use newest, longest or shortest";
	if (policy->ttl != TTL_NEWEST && !policy->rule->takes_ttl)
		return "only rule merge has a ttl: remove it, or use merge";
	const char *error = ranks_load(origins, configured, policy);
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
	if (configured->is_bits_merged)
		buffer_add_text(text, "bits");
}

struct policy *policies_find(void *context, struct slice key)
{
	const struct policies *policies = context;
	struct policy_set *set = policies->current;
	/* Homes are under lww, whatever is configured. */
	if (slice_equal(key, SLICE(CORE_HOMES_KEY)))
		return &set->fallback;
	for (unsigned i = 0; i < set->count; i++)
		if (glob_match(set->items[i].match, key))
			return &set->items[i];
	return &set->fallback;
}

static void note_dots(struct policy *policy, bool is_walked)
{
	if (is_walked)
		policy->may_have_dots = policy->rule->is_keeping || policy->is_dot_met;
	policy->is_dot_met = false;
}

void policy_set_doubt_dots(struct policy_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		set->items[i].may_have_dots = true;
	set->fallback.may_have_dots = true;
	set->is_walking = set->is_walked = false;
}

void policy_set_end_walk(struct policy_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		note_dots(&set->items[i], set->is_walking);
	note_dots(&set->fallback, set->is_walking);
	set->is_walked |= set->is_walking;
}

struct policy_set *policy_set_new(const struct origins *origins, const struct core_rule *rules, unsigned count, const char **error)
{
	struct buffer text = { 0 };
	struct policy_set *set = memory_new(sizeof *set);
	set->items = memory_new((count + 1) * sizeof *set->items);
	set->fallback = (struct policy){ .rule = &rule_lww, .index = UINT32_MAX };
	*error = NULL;
	for (unsigned i = 0; i < count && *error == NULL; i++) {
		*error = policy_load(origins, &rules[i], &set->items[i]);
		if (*error != NULL)
			break;
		set->items[i].index = set->count++;
		set->is_ordering |= set->items[i].is_stream_ordered;
		set->is_handling |= set->items[i].rule->is_handling;
		add_policy_text(&rules[i], &text);
	}
	set->digest = slice_hash(buffer_slice(&text));
	policy_set_doubt_dots(set);
	buffer_free(&text);
	return set;
}

void policy_set_free(struct policy_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		bytes_free(set->items[i].match);
	memory_free(set->items);
	memory_free(set);
}

/* Once no key is left that was made under them. */
void policies_free_older(struct policies *policies)
{
	while (policies->current->older != NULL) {
		struct policy_set *older = policies->current->older;
		policies->current->older = older->older;
		policy_set_free(older);
	}
}

void policies_free(struct policies *policies)
{
	policies_free_older(policies);
	policy_set_free(policies->current);
}
