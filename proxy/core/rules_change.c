/* Rules that change while writes are under way. DCs change them at different moments, and a conflict may have been decided by the old ones at one
 * and by the new ones at another: the visible value is a function of the live versions *and* the rules. So (docs/replication-model.md,
 * "Changing rules"):
 *
 *   1. A key whose decision is open to rules (several live versions) keeps the rule it had, until a write to it comes that was made under the
 *      new ones. Others take the new one at once.
 *   2. Each batch tells the digest of its DC's rules. As long as one differs from ours, every key decided between several versions is suspect.
 *      Batches are taken in causal order: once all digests are equal, all that was decided under others has been seen here.
 *   3. Then the DC with the smallest name reads the suspects back and ships what it holds: a write that has seen all of it, and brings their keys
 *      to the new rules wherever it arrives.
 *   4. What our store had lost and gets again may have been decided, and forgotten, everywhere before any rules differed: nobody else suspects it. Such
 *      keys are decided *again*, and each DC reads back its own.
 *
 * The store keeps all of that, in fields beside the positions: "rules" with the digest and whether all agreed, and "suspect:<db>:<key>" for each suspect
 * (1; 2: decided again).
 *
 * Where no DC's rules differ this costs a comparison for each batch. */
#include "core_parts.h"

#include <string.h>

/* ---- changing ours ---- */

/* True if both policies choose the same of any versions. Handlers do not count, as they decide nothing by themselves. */
static bool do_decide_alike(const struct policy *a, const struct policy *b)
{
	return a->rule->decide == b->rule->decide && a->rule->is_keeping == b->rule->is_keeping && a->ttl == b->ttl &&
	       memcmp(a->ranks, b->ranks, sizeof a->ranks) == 0;
}

static void adopt(void *context, struct key *key)
{
	struct core *core = context;
	const struct policy *policy = policies_find(&core->policies, key->name);
	if (!key_is_contested(key) || do_decide_alike(key->policy, policy))
		key->policy = policy;
}

void rules_change(struct core *core, const struct core_rule *rules, unsigned count)
{
	const char *error;
	struct policy_set *fresh = policy_set_new(&core->causes.origins, rules, count, &error);
	if (error != NULL || fresh->digest == core->policies.current->digest) {
		if (error != NULL)
			step_alarm(&core->step, 0, error);
		policy_set_free(fresh);
		return;
	}
	/* Latent writes were made under the old rules: their metadata is built before the rules change. */
	keyspace_take_latent(&core->keyspace);
	for (unsigned i = 0; i < core->policies.current->count; i++)
		core->policies.current->items[i].is_replaced = true;
	core->policies.current->fallback.is_replaced = true;
	fresh->older = core->policies.current;
	core->policies.current = fresh;
	keyspace_each_key(&core->keyspace, adopt, core);
	if (core->keyspace.keys.count == 0)
		policies_free_older(&core->policies);
	suspects_begin(&core->suspects);
	core->suspects.is_rules_due = true;
	core->outbox.heartbeat_ms = 0;              /* a heartbeat tells the peers soon */
}

/* ---- reading suspects back ---- */

static bool is_reader(const struct core *core)
{
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (strcmp(core->dc_names[dc], core->dc_names[0]) < 0)
			return false;
	return true;
}

static bool have_all_spoken(const struct core *core)
{
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (core->causes.peers[dc].applied_digest == 0)
			return false;
	return true;
}

static bool is_kept_open(struct core *core, const struct suspect *suspect)
{
	const struct key *key = keyspace_recall(&core->keyspace, suspect->db, suspect->key);
	return key != NULL && key_is_open(key);
}

static void trust(void *context, struct key *key)
{
	(void)context;
	key->is_suspect = key->is_decided_again = false;
}

/* True if all that was to be read back is in the outbox. */
static bool is_read_back(const struct core *core)
{
	return core->rereads.count == 0 && core->groups.local_unanswered == 0 && !local_has_open(core->local) && !local_is_rerunning(core->local);
}

void rules_pump(struct core *core)
{
	if (core->suspects.is_reading_back && is_read_back(core)) {
		core->suspects.is_reading_back = false;
		core->suspects.is_rules_due = true;
	}
	if (!core->suspects.is_suspecting || !core->causes.is_recalled || !have_all_spoken(core) || suspects_differ(&core->suspects))
		return;
	keyspace_each_key(&core->keyspace, suspects_add_contested, &core->suspects);
	for (unsigned i = 0; i < core->suspects.count; i++) {
		const struct suspect *suspect = &core->suspects.items[i];
		/* If several versions wait for a decision, nothing is to be replaced: all rules that keep several versions show the same one. */
		if ((suspect->is_again || is_reader(core)) && !is_kept_open(core, suspect))
			rereads_add(&core->rereads, suspect->db, suspect->key, false);
	}
	keyspace_each_key(&core->keyspace, trust, core);
	core->suspects.is_suspecting = false;
	core->suspects.is_reading_back = true;
}
