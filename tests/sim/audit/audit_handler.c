/* Handlers of custom rules: checks the versions that a handler was given, its results, and that no conflict stays open that a handler could have
 * merged. */
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"

static int sibling_order(const void *left, const void *right)
{
	const struct audited_sibling *a = left, *b = right;

	if (a->origin != b->origin)
		return a->origin < b->origin ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool is_same_question(const struct audited_handling *a, const struct audited_handling *b)
{
	if (a->db != b->db || a->key != b->key || a->element != b->element || a->version_count != b->version_count)
		return false;
	for (unsigned i = 0; i < a->version_count; i++)
		if (sibling_order(&a->versions[i], &b->versions[i]) != 0)
			return false;
	return true;
}

static struct audited_handling *handling_add(struct auditor *auditor, unsigned dc, const struct told_handling *told)
{
	struct pool *pool = auditor->options.pool;
	struct audited_handling *handling;

	auditor->handlings = array_grow(auditor->handlings, auditor->handling_count, &auditor->handling_cap, sizeof(*auditor->handlings));
	handling = &auditor->handlings[auditor->handling_count++];
	*handling = (struct audited_handling){
		.dc = dc, .db = told->db, .key = pool_intern(pool, told->key), .element = pool_intern(pool, told->element),
		.version_count = told->count, .versions = memory_new((told->count + 1) * sizeof(*handling->versions)),
	};
	for (unsigned i = 0; i < told->count; i++) {
		const struct told_version *version = &told->versions[i];
		int origin_dc = audit_dc(auditor, version->dc);

		if (origin_dc < 0) {
			auditor_find(auditor, "a handler is shown a version of nobody");
			origin_dc = 0;
		}
		handling->versions[i] = (struct audited_sibling){
			.is_known = true, .is_removal = !version->is_present, .origin = audit_origin(auditor, (unsigned)origin_dc, version->incarnation),
			.seq = version->seq, .value = version->is_present ? pool_intern(pool, version->value) : 0,
		};
	}
	return handling;
}

void auditor_handle(struct auditor *auditor, unsigned dc, const struct told_handling *told, bool is_calm)
{
	struct audited_handling *handling = handling_add(auditor, dc, told);

	if (handling->version_count < 2)
		auditor_find(auditor, "a handler is asked to merge %u versions", handling->version_count);
	qsort(handling->versions, handling->version_count, sizeof(*handling->versions), sibling_order);
	for (unsigned i = 0; is_calm && i + 1 < auditor->handling_count; i++)
		if (auditor->handlings[i].dc != dc && is_same_question(&auditor->handlings[i], handling))
			auditor_find(auditor, "%s and %s ask their handlers for the same versions of %s", auditor->options.dc_names[auditor->handlings[i].dc],
			             auditor->options.dc_names[dc], pool_text(auditor->options.pool, handling->key).ptr);
}

/* ---- the end ---- */

/* Was an increment added to the value that WRITE set? Then the handler is given the sum. */
static bool has_additions(const struct audited_key *key, const struct audited_write *write, const struct fact *set)
{
	for (unsigned i = 0; key != NULL && i < key->count; i++) {
		const struct touch *touch = &key->touches[i];

		if (touch->fact->kind == FACT_DELTA && touch->fact->type == set->type && touch->fact->element == set->element && !audit_covers(write, touch->write))
			return true;
	}
	return false;
}

/* The versions that a handler was given must have the values that were written. */
static void judge_versions(struct auditor *auditor, const struct audited_keys *keys, const struct audited_handling *handling)
{
	const struct audited_key *key = audited_key_at(keys, handling->db, handling->key);

	for (unsigned i = 0; i < handling->version_count; i++) {
		const struct audited_sibling *shown = &handling->versions[i];
		const struct audited_write *write = audit_find(auditor, shown->origin, shown->seq);
		bool is_right = shown->is_removal;

		for (unsigned j = 0; write != NULL && write->is_shipped && j < write->shipped.count; j++) {
			const struct fact *fact = &write->shipped.items[j];

			is_right = is_right || (fact->kind == FACT_SET && fact->db == handling->db && fact->key == handling->key &&
			                        fact->element == handling->element && (fact->value == shown->value || has_additions(key, write, fact)));
		}
		if (write != NULL && write->is_shipped && !is_right)
			auditor_find(auditor, "a handler is shown %s of %s, which %s has not written", pool_text(auditor->options.pool, shown->value).ptr,
			             pool_text(auditor->options.pool, handling->key).ptr, audit_dot(auditor, shown->origin, shown->seq));
	}
}

/* ---- results ---- */

/* A handler's result with what it replaces. */
struct handled {
	const struct audited_write *write;
	const struct touch **inputs; /* owned */
	unsigned input_count;
};

static bool has_word(struct slice text, struct slice word)
{
	while (text.len > 0) {
		const char *plus = memchr(text.ptr, '+', text.len);
		size_t len = plus == NULL ? text.len : (size_t)(plus - text.ptr);

		if (slice_equal((struct slice){ text.ptr, len }, word))
			return true;
		text = (struct slice){ text.ptr + len + (plus != NULL), text.len - len - (plus != NULL) };
	}
	return false;
}

/* The handlers of these worlds join the words of all versions, so no word may be missing. (BITFIELD can make a + of the first byte: nothing is no word.) */
static void judge_words(struct auditor *auditor, const struct audited_key *key, const struct handled *handled, uint32_t result)
{
	for (unsigned i = 0; i < handled->input_count; i++) {
		struct slice text = pool_text(auditor->options.pool, handled->inputs[i]->fact->value);

		if (has_additions(key, handled->inputs[i]->write, handled->inputs[i]->fact))
			continue;
		while (handled->inputs[i]->fact->kind == FACT_SET && text.len > 0) {
			const char *plus = memchr(text.ptr, '+', text.len);
			size_t len = plus == NULL ? text.len : (size_t)(plus - text.ptr);

			if (len > 0 && !has_word(pool_text(auditor->options.pool, result), (struct slice){ text.ptr, len }))
				auditor_find(auditor, "the handler's result %s replaces %s and lacks its %.*s", audit_dot(auditor, handled->write->origin, handled->write->seq),
				             audit_dot(auditor, handled->inputs[i]->write->origin, handled->inputs[i]->write->seq), (int)len, text.ptr);
			text = (struct slice){ text.ptr + len + (plus != NULL), text.len - len - (plus != NULL) };
		}
	}
}

/* Finds the versions that were alive where the result was written and that it covers. */
static void inputs_gather(const struct auditor *auditor, const struct audited_key *key, const struct fact *fact, struct handled *handled)
{
	const struct audit_contest contest = { .type = fact->type, .element = fact->element };
	struct touch *subset = memory_new((key->count + 1) * sizeof(*subset));
	unsigned count = 0, live;

	for (unsigned i = 0; i < key->count; i++)
		if (vector_at(&handled->write->executed_at, key->touches[i].write->origin) >= key->touches[i].write->seq)
			subset[count++] = key->touches[i];
	handled->inputs = memory_new((count + 1) * sizeof(*handled->inputs));
	live = audit_live(auditor, subset, count, &contest, handled->inputs);
	for (unsigned i = 0; i < live; i++)
		if (audit_covers(handled->write, handled->inputs[i]->write))
			handled->inputs[handled->input_count++] = handled->inputs[i];
	/* They outlive SUBSET as touches of KEY. */
	for (unsigned i = 0; i < handled->input_count; i++)
		for (unsigned j = 0; j < key->count; j++)
			if (key->touches[j].write == handled->inputs[i]->write && key->touches[j].order == handled->inputs[i]->order) {
				handled->inputs[i] = &key->touches[j];
				break;
			}
	memory_free(subset);
}

static void judge_result(struct auditor *auditor, struct audited_keys *keys, const struct audited_write *write)
{
	for (unsigned i = 0; i < write->shipped.count; i++) {
		const struct fact *fact = &write->shipped.items[i];
		struct handled handled = { .write = write };

		if (fact->kind != FACT_SET)
			continue;
		const struct audited_key *key = audited_key_find(keys, fact->db, fact->key);
		inputs_gather(auditor, key, fact, &handled);
		judge_words(auditor, key, &handled, fact->value);
		memory_free(handled.inputs);
	}
}

static void judge_results(struct auditor *auditor, struct audited_keys *keys)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (unsigned i = 0; i < auditor->origins[origin].count; i++) {
			const struct audited_write *write = auditor->origins[origin].writes[i];

			if (write != NULL && write->is_shipped && write->choice == PROTO_RESOLVES && !write->is_asked)
				judge_result(auditor, keys, write);
		}
	}
}

bool audit_differ(const struct touch *const *live, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		const struct fact *fact = live[i]->fact, *first = live[0]->fact;
		bool is_present = fact->kind == FACT_SET, was_present = first->kind == FACT_SET;

		if (is_present != was_present || (is_present && (fact->value != first->value || fact->score != first->score)))
			return true;
	}
	return false;
}

bool audit_is_open(const struct auditor *auditor, const struct audited_key *key, const struct audit_contest *contest)
{
	const struct touch **live = memory_new((key->count + 1) * sizeof(*live));
	bool is_one = audit_differ(live, audit_live(auditor, key->touches, key->count, contest, live));

	memory_free(live);
	return is_one;
}

struct unmerged { struct auditor *auditor; struct audited_keys keys; unsigned count; bool is_told; };

static void count_unmerged(void *context, uint32_t db, uint32_t key, bool is_field, uint32_t element)
{
	struct unmerged *unmerged = context;
	const struct audit_contest contest = { .type = is_field ? SIM_HASH : SIM_STRING, .element = element };
	struct slice name = pool_text(unmerged->auditor->options.pool, key);

	if (unmerged->auditor->options.rule_of(name) != AUDIT_CUSTOM || audit_is_exempt(unmerged->auditor, db, key) ||
	    !audit_is_open(unmerged->auditor, audited_key_find(&unmerged->keys, db, key), &contest))
		return;
	unmerged->count++;
	if (unmerged->is_told)
		auditor_find(unmerged->auditor, "%s %s in db %u was never merged", name.ptr, pool_text(unmerged->auditor->options.pool, element).ptr, db);
}

static unsigned each_unmerged(struct auditor *auditor, bool is_told)
{
	struct unmerged unmerged = { .auditor = auditor, .is_told = is_told };

	/* After a change of rules an open conflict may have a rule whose handler is gone. Then it waits for a client to resolve it. */
	if (auditor->is_changed != NULL)
		return 0;
	audited_keys_gather(auditor, &unmerged.keys);
	auditor_each_subject(auditor, count_unmerged, &unmerged);
	audited_keys_free(&unmerged.keys);
	return unmerged.count;
}

unsigned auditor_unmerged(struct auditor *auditor)
{
	return each_unmerged(auditor, false);
}

void audit_handlings(struct auditor *auditor, struct audited_keys *keys)
{
	judge_results(auditor, keys);
	for (unsigned i = 0; i < auditor->handling_count; i++)
		judge_versions(auditor, keys, &auditor->handlings[i]);
	each_unmerged(auditor, true);
}

void audit_handlings_free(struct auditor *auditor)
{
	for (unsigned i = 0; i < auditor->handling_count; i++)
		memory_free(auditor->handlings[i].versions);
	free(auditor->handlings);
}
