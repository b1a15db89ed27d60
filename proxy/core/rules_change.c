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
#include "state.h"

#include <string.h>

#define SUSPECTS_MAX 1000000U        /* more are dropped, counted, and left to a comparison with the peers */

static bool is_contested(const struct key *key)
{
	for (const struct element *element = key->elements; element != NULL; element = element->next)
		if (element->version_count > 1)
			return true;
	return false;
}

static bool add_suspect(struct core *core, uint32_t db, struct slice key, bool is_again)
{
	if (core->suspect_count == SUSPECTS_MAX) {
		core->status.dropped_rereads++;
		return false;
	}
	if (core->suspect_count == core->suspect_cap) {
		core->suspect_cap = core->suspect_cap ? core->suspect_cap * 2 : 16;
		core->suspects = memory_resize(core->suspects, core->suspect_cap * sizeof *core->suspects);
	}
	core->suspects[core->suspect_count++] = (struct suspect){ db, buffer_copy(key), is_again };
	return true;
}

static void suspect(struct core *core, struct key *key)
{
	if (!key->is_suspect)
		key->is_suspect = add_suspect(core, key->db, key->name, false);
}

static void suspect_again(struct core *core, struct key *key)
{
	if (!key->is_decided_again)
		key->is_suspect = key->is_decided_again = add_suspect(core, key->db, key->name, true);
}

static void suspect_contested(void *context, struct key *key)
{
	if (is_contested(key))
		suspect(context, key);
}

static void suspect_contested_again(void *context, struct key *key)
{
	if (is_contested(key))
		suspect_again(context, key);
}

void suspects_drop(struct core *core)
{
	for (unsigned i = 0; i < core->suspect_count; i++)
		memory_free((void *)(uintptr_t)core->suspects[i].key.ptr);
	core->suspect_count = core->suspects_written = 0;
}

/* ---- what differs ---- */

static bool do_rules_differ(const struct core *core)
{
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (core->peers[dc].applied_digest != 0 && core->peers[dc].applied_digest != core->policies->digest)
			return true;
	return false;
}

static void begin_suspecting(struct core *core)
{
	core->is_rules_due |= !core->is_suspecting;
	core->is_suspecting = true;
	core->is_settling = false;
	keyspace_each_key(&core->keyspace, suspect_contested, core);
}

void rules_hear(struct core *core, unsigned dc, uint64_t digest)
{
	struct peer *peer = &core->peers[dc];
	if (digest == 0 || peer->applied_digest == digest)
		return;
	peer->applied_digest = digest;
	if (do_rules_differ(core) || core->is_suspecting)
		begin_suspecting(core);
}

/* Our store had it before this incarnation, and others know that. */
static bool is_applied_again(const struct core *core, const struct stamp *stamp)
{
	const struct context *before = core->origins.items[core->self].before;
	return core->origins.items[stamp->origin].dc == 0 || (before != NULL && stamp->seq <= context_at(before, stamp->origin));
}

void rules_note(struct core *core, const struct stamp *stamp, const struct changes *changes)
{
	if (!core->is_suspecting)
		return;
	void (*note)(void *context, struct key *key) = is_applied_again(core, stamp) ? suspect_contested_again : suspect_contested;
	for (unsigned i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		struct key *key = change->kind == CHANGE_FLUSH ? NULL : keyspace_find(&core->keyspace, change->db, change->key);
		if (change->kind == CHANGE_FLUSH)
			keyspace_each_key(&core->keyspace, note, core);
		else if (key != NULL)
			note(core, key);
	}
}

/* ---- changing ours ---- */

/* They choose the same of any versions; a handler decides nothing by itself. */
static bool do_decide_alike(const struct policy *a, const struct policy *b)
{
	return a->rule->decide == b->rule->decide && a->rule->is_keeping == b->rule->is_keeping && a->ttl == b->ttl &&
	       memcmp(a->ranks, b->ranks, sizeof a->ranks) == 0;
}

static void adopt(void *context, struct key *key)
{
	struct core *core = context;
	const struct policy *policy = policies_find(core, key->name);
	if (!is_contested(key) || do_decide_alike(key->policy, policy))
		key->policy = policy;
}

void rules_change(struct core *core, const struct core_rule *rules, unsigned count)
{
	const char *error;
	struct policies *fresh = policies_new(core, rules, count, &error);
	if (error != NULL || fresh->digest == core->policies->digest) {
		if (error != NULL)
			core_alarm(core, 0, error);
		policies_free(fresh);
		return;
	}
	/* Their keys are still under the old ones. */
	keyspace_take_latent(&core->keyspace);
	for (unsigned i = 0; i < core->policies->count; i++)
		core->policies->items[i].is_replaced = true;
	core->policies->fallback.is_replaced = true;
	fresh->older = core->policies;
	core->policies = fresh;
	keyspace_each_key(&core->keyspace, adopt, core);
	if (core->keyspace.keys.count == 0)
		policies_free_older(core);
	begin_suspecting(core);
	core->is_rules_due = true;
	core->heartbeat_ms = 0;              /* the others are to know soon */
}

/* ---- settling ---- */

static bool is_settler(const struct core *core)
{
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (strcmp(core->dc_names[dc], core->dc_names[0]) < 0)
			return false;
	return true;
}

static bool have_all_spoken(const struct core *core)
{
	for (unsigned dc = 1; dc < core->options.dc_count; dc++)
		if (core->peers[dc].applied_digest == 0)
			return false;
	return true;
}

static bool is_kept_open(struct core *core, const struct suspect *suspect)
{
	const struct key *key = keyspace_find(&core->keyspace, suspect->db, suspect->key);
	return key != NULL && key_is_open(key);
}

static void trust(void *context, struct key *key)
{
	(void)context;
	key->is_suspect = key->is_decided_again = false;
}

/* What was read back is in the outbox. */
static bool is_settled(const struct core *core)
{
	return core->reread_count == 0 && core->local_unanswered == 0 && core->open[0] == NULL && core->open[1] == NULL && core->aborted == NULL;
}

void rules_pump(struct core *core)
{
	if (core->is_settling && is_settled(core)) {
		core->is_settling = false;
		core->is_rules_due = true;
	}
	if (!core->is_suspecting || !core->is_recalled || !have_all_spoken(core) || do_rules_differ(core))
		return;
	keyspace_each_key(&core->keyspace, suspect_contested, core);
	for (unsigned i = 0; i < core->suspect_count; i++) {
		const struct suspect *suspect = &core->suspects[i];
		/* Several versions wait for a decision anyway: nothing is to be replaced. All rules that keep show the same one. */
		if ((suspect->is_again || is_settler(core)) && !is_kept_open(core, suspect))
			reread_add(core, suspect->db, suspect->key, false);
	}
	keyspace_each_key(&core->keyspace, trust, core);
	core->is_suspecting = false;
	core->is_settling = true;
}

/* ---- what the store keeps of it: fields beside the positions ---- */

static const char suspect_prefix[] = "suspect:";

static void write_suspect(struct script *script, const struct suspect *suspect, bool is_dropped)
{
	struct buffer field = { 0 };
	buffer_add_text(&field, suspect_prefix);
	buffer_add_uint64(&field, suspect->db);
	buffer_add_byte(&field, ':');
	buffer_add(&field, suspect->key);
	struct slice argv[] = { is_dropped ? SLICE("HDEL") : SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), buffer_slice(&field),
		suspect->is_again ? SLICE("2") : SLICE("1") };
	script_add(script, is_dropped ? 3 : 4, argv);
	buffer_free(&field);
}

/* Suspects stand in the same transaction as what was decided. They go when what was read back of them is in the outbox. */
void suspects_write(struct core *core, struct script *script)
{
	for (; core->suspects_written < core->suspect_count; core->suspects_written++)
		write_suspect(script, &core->suspects[core->suspects_written], false);
	if (!core->is_rules_due)
		return;
	core->is_rules_due = false;
	bool is_agreed = !core->is_suspecting && !core->is_settling;
	for (unsigned i = 0; is_agreed && i < core->suspect_count; i++)
		write_suspect(script, &core->suspects[i], true);
	struct buffer value = { 0 };
	buffer_add_uint64(&value, core->policies->digest >> 1);
	buffer_add_text(&value, is_agreed ? " agreed" : " differing");
	script_add(script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("rules"), buffer_slice(&value) });
	buffer_free(&value);
	if (is_agreed)
		suspects_drop(core);
}

void suspects_unwritten(struct core *core)
{
	core->is_rules_due = true;
	core->suspects_written = 0;
}

bool suspects_read(struct core *core, struct slice field, struct slice value)
{
	int64_t number = 0;
	size_t prefix_len = sizeof suspect_prefix - 1;
	if (slice_equal(field, SLICE("rules"))) {
		struct slice digest = slice_take_until(&value, ' ');
		bool is_same = slice_to_int64(digest, &number) && (uint64_t)number == core->policies->digest >> 1;
		core->is_suspecting = !is_same || !slice_equal(value, SLICE("agreed"));
		return true;
	}
	if (field.len < prefix_len || memcmp(field.ptr, suspect_prefix, prefix_len) != 0)
		return false;
	struct slice key = { field.ptr + prefix_len, field.len - prefix_len };
	if (slice_to_int64(slice_take_until(&key, ':'), &number))
		add_suspect(core, (uint32_t)number, key, slice_equal(value, SLICE("2")));
	core->suspects_written = core->suspect_count;
	return true;
}
