#include "forget.h"

#include "note.h"
#include "policy.h"
#include "sequence.h"
#include "version.h"

#include <assert.h>

#define FORGET_AHEAD 4

/* Stable increments may go only when no write that has not seen them can decide any more. */
static void element_prune_marks(struct keyspace *keyspace, struct element *element)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		struct history *history = &element->histories[i];
		uint32_t count = history_upto(history, keyspace->origins->items[history->origin].stable);
		if (count == 0)
			continue;
		history->total_before = history_total(history, count - 1);
		history_note_killed(keyspace, element, history, count);
		history_forget(keyspace, history, count);
	}
}

/* The dot of the last live version goes to the store. Under a rule that keeps no versions, the dot that an earlier rule left there is removed instead. */
static void element_spill(struct keyspace *keyspace, const struct element *element)
{
	const struct key *key = element->key;
	const struct policy *policy = key->policy;
	if (key->db == DB_RESERVED || !policy->may_have_dots || element->version_count == 0 || !kind_has_dots(element->kind))
		return;
	const struct version *version = &element->versions[0];
	for (unsigned i = 0; i < element->version_count; i++)
		if (!element->versions[i].is_outdone)
			version = &element->versions[i];
	/* A key that was contested when its rule was replaced (rules_change.c). */
	if (policy->is_replaced) {
		struct policy *newer = keyspace->policy_for(keyspace->policy_context, key->name);
		newer->may_have_dots = newer->is_dot_met = true;
	}
	spills_add(&keyspace->spills, &(struct spill){
		.db = key->db, .kind = element->kind, .key = buffer_copy(key->name), .element = buffer_copy(element->name),
		.origin = version->stamp.origin, .seq = version->stamp.seq, .hlc = version->stamp.hlc,
		.is_present = version->is_present && policy->is_keeping,
	});
}

/* A stable deadline is kept as long as other elements of the key are not stable: the key may be written anew, with its deadline (render.c). */
static bool is_kept_deadline(const struct element *element)
{
	return element->kind == KIND_TTL && (element->key->elements != element || element->next != NULL);
}

static void element_prune(struct keyspace *keyspace, struct element *element)
{
	if (element->sequence != NULL)
		sequence_prune(keyspace, element->sequence);
	bool versions_stable = versions_are_stable(keyspace, element);
	if (element_is_open(element)) {
		if (!element->has_deltas)
			element_prune_marks(keyspace, element);
		element_set_kept(keyspace, element, element->unstable == 0 && versions_stable);
		return;
	}
	if (versions_stable && element->version_count > 0 && is_kept_deadline(element)) {
		element_prune_marks(keyspace, element);
		return;
	}
	bool is_sequence_stable = element->sequence == NULL || sequence_is_stable(keyspace, element->sequence);
	if (element->unstable == 0 && versions_stable && element->episodes == NULL && is_sequence_stable) {
		element_spill(keyspace, element);
		/* A conflict that begins later must not take for alive what these writes killed. */
		for (unsigned i = 0; i < element->history_count; i++)
			history_note_killed(keyspace, element, &element->histories[i], element->histories[i].len);
		element_free(keyspace, element);
		return;
	}
	if (!versions_stable)
		return;
	element_spill(keyspace, element);
	/* All DCs have these versions, so the store's value stands for them: increments that are not stable yet are added to that. */
	element_drop_versions(keyspace, element);
	element_prune_marks(keyspace, element);
}

static void key_prune_last(struct keyspace *keyspace, struct key *key)
{
	struct element *ttl = key->fixed[KIND_TTL];
	if (ttl != NULL && !ttl->is_dirty && !is_kept_deadline(ttl))
		element_prune(keyspace, ttl);
	keyspace_release_key(keyspace, key);
}

void keyspace_settle_element(struct keyspace *keyspace, struct element *element)
{
	struct key *key = element->key;
	if (!element->is_dirty)
		element_prune(keyspace, element);
	key_prune_last(keyspace, key);
}

static void key_prune_all(struct keyspace *keyspace, struct key *key)
{
	for (struct element *element = key->elements, *next; element != NULL; element = next) {
		next = element->next;
		element_prune(keyspace, element);
	}
	key_prune_last(keyspace, key);
}

/* A clear of the key, a SET, or a trim of a stream may decide other elements, too: they are all looked at. */
static void key_prune(struct keyspace *keyspace, struct key *key, struct element *element)
{
	if (element->kind == KIND_KEY || element->kind == KIND_STRING || element_is_of_stream(element)) {
		key_prune_all(keyspace, key);
		return;
	}
	/* What kills a list is a mark of another element. */
	struct element *list = element->kind == KIND_LIST ? NULL : key->fixed[KIND_LIST];
	element_prune(keyspace, element);
	if (list != NULL && !list->is_dirty)
		element_prune(keyspace, list);
	key_prune_last(keyspace, key);
}

static void key_sweep(void *context, struct key *key)
{
	struct keyspace *keyspace = context;
	key_prune_all(keyspace, key);
}

void keyspace_prune(struct keyspace *keyspace)
{
	keyspace_each_key(keyspace, key_sweep, keyspace);
}

/* Prefetches what the next entries need: far ahead the element, nearer what it points to. */
static void forget_warm(const struct keyspace *keyspace, const struct ledger *ledger)
{
	const struct element *far = ledger_ahead(ledger, 2 * FORGET_AHEAD), *near = ledger_ahead(ledger, FORGET_AHEAD);
	if (far != NULL)
		memory_warm(far, sizeof *far);
	if (near == NULL)
		return;
	memory_warm(near->key, sizeof *near->key);
	table_warm(&keyspace->elements, near->node.hash);
	if (near->history_count > 0 && near->histories[0].len > 0)
		memory_warm(history_mark(&near->histories[0], 0)->note, 1);
}

/* Returns how many of MOST are left. */
static uint32_t forget_marks(struct keyspace *keyspace, struct origin *origin, uint32_t most)
{
	struct element *element;
	while (most > 0 && (element = ledger_take(&origin->ledger, origin->stable)) != NULL) {
		forget_warm(keyspace, &origin->ledger);
		element->unstable--;
		key_prune(keyspace, element->key, element);
		most--;
	}
	return most;
}

/* Is it stable? Then all had heard of it before they made what comes from now on, and what is held of it is let go. */
static bool forget_one(struct keyspace *keyspace, const struct stamp *stamp, struct note *note)
{
	if (!mark_is_stable(keyspace, stamp->origin, stamp->seq))
		return false;
	context_drop(stamp->context);
	note_drop(keyspace, note);
	return true;
}

static void forget_take_overs(struct keyspace *keyspace)
{
	for (unsigned i = 0; i < keyspace->take_over_count;) {
		if (forget_one(keyspace, &keyspace->take_overs[i].stamp, keyspace->take_overs[i].note))
			keyspace->take_overs[i] = keyspace->take_overs[--keyspace->take_over_count];
		else
			i++;
	}
}

static void forget_flushes(struct keyspace *keyspace)
{
	unsigned before = keyspace->flush_count;
	for (unsigned i = 0; i < keyspace->flush_count;) {
		if (forget_one(keyspace, &keyspace->flushes[i].stamp, keyspace->flushes[i].note))
			keyspace->flushes[i] = keyspace->flushes[--keyspace->flush_count];
		else
			i++;
	}
	if (keyspace->flush_count < before)
		keyspace_prune(keyspace);
}

void keyspace_forget(struct keyspace *keyspace, uint32_t most)
{
	assert(keyspace->dirty_elements == NULL && keyspace->dirty_keys == NULL && most > 0);
	for (unsigned i = 0; i < keyspace->origins->count; i++)
		most = forget_marks(keyspace, &keyspace->origins->items[i], most);
	keyspace->is_forgetting = most == 0;
	if (keyspace->is_forgetting)
		return;
	latents_forget(&keyspace->latents, keyspace->origins);
	forget_take_overs(keyspace);
	forget_flushes(keyspace);
}
