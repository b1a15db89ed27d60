#include "conflict.h"

#include "compete.h"
#include "conflict_count.h"
#include "fraction.h"
#include "list.h"
#include "patch.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/policy.h"
#include "proxy/core/versions/version.h"
#include "sibling.h"
#include "stranded.h"
#include "stream.h"

/* ---- changes of one element ---- */

/* A string SET clears elements of other types that it has seen or is newer than, and writes the TTL. */
static void apply_set_aside(struct keyspace *keyspace, const struct arrival *arriving)
{
	struct key *key = arriving->key;
	for (struct element *other = key->elements; other != NULL; other = other->next) {
		if (other->kind >= KIND_TYPES || other->kind == KIND_STRING)
			continue;
		version_compete(keyspace, arriving, other, &(struct version){ .stamp = arrival_competing(arriving), .is_outdone = true });
		if (other->kind == KIND_LIST)
			list_erase(keyspace, key, arriving->party.stamp, true);
		if (arrival_is_remote(arriving))
			keyspace_set_key_dirty(keyspace, key);
	}
	if (!(arriving->party.flags & MARK_TTL))
		return;
	struct element *ttl = keyspace_element(keyspace, key, KIND_TTL, (struct slice){ "", 0 });
	struct version deadline = { .stamp = arrival_competing(arriving), .is_present = true, .expire_at_ms = arriving->change->expire_at_ms };
	version_compete(keyspace, arriving, ttl, &deadline);
}

/* The key may have been absent while a deadline was decided: that deadline is written again with the key. */
static void note_deadline(struct keyspace *keyspace, struct key *key)
{
	struct element *ttl = key->fixed[KIND_TTL];
	const struct version *deadline = ttl == NULL ? NULL : key->policy->rule->decide(keyspace, ttl);
	if (deadline == NULL || !deadline->is_present || deadline->expire_at_ms <= 0)
		return;
	ttl->is_redecided = true;
	keyspace_set_dirty(keyspace, ttl);
}

/* A key that was contested when the rules changed comes to the new ones with the first write that was made under them (rules_change.c). While
 * a decision about it is open, it keeps the old ones. */
static void adopt_policy(struct keyspace *keyspace, const struct arrival *arriving)
{
	struct key *key = arriving->key;
	if (key->policy->is_replaced && arriving->write->is_under_our_rules && !key_is_open(key))
		key->policy = keyspace->policy_for(keyspace->policy_context, key->name);
}

/* The change's own version competes: it is no increment. */
static void apply_version(struct keyspace *keyspace, const struct arrival *arriving, bool is_alive)
{
	const struct change *change = arriving->change;
	struct element *element = arriving->element;
	struct version version = {
		.stamp = arrival_competing(arriving), .is_present = is_alive && !change_is_removal(change), .is_set = change->kind == CHANGE_SET,
		.is_outdone = !is_alive, .is_final = change->kind == CHANGE_STREAM_REMOVE && change->number == 1, .expire_at_ms = change->expire_at_ms, .score = change->score,
	};
	if (version.is_present) {
		version.value = change->value;
		version.note = arriving->party.note;
	}
	bool was_redecided = element->is_redecided;
	version_compete(keyspace, arriving, element, &version);
	/* A dead string tells the store nothing: the key is there with another type. */
	if (!is_alive && element->kind == KIND_STRING)
		element->is_redecided = was_redecided;
}

static void apply_element(struct conflicts *conflicts, struct arrival *arriving, enum kind kind)
{
	struct keyspace *keyspace = conflicts->keyspace;
	const struct stamp *stamp = arriving->party.stamp;
	adopt_policy(keyspace, arriving);
	struct element *element = keyspace_element(keyspace, arriving->key, kind, arriving->change->element);
	arriving->element = element;
	arrival_classify(arriving);
	const unsigned flags = arriving->party.flags;
	if (arrival_is_remote(arriving))
		conflicts_count(conflicts, arriving);
	if (keyspace->take_over_count > 0)
		stranded_meet(conflicts, arriving);
	bool has_rounding = arriving->write->mode != APPLY_LOCAL && kind < KIND_TYPES && fraction_is_ours_to_round(keyspace, element, arriving);
	bool is_alive = !(flags & MARK_PRESENT) || kind >= KIND_TYPES || type_survives(keyspace, arriving);
	bool is_delta = flags & MARK_DELTA;
	if (is_delta && is_alive && kind != KIND_LIST && arrival_is_remote(arriving))
		(flags & MARK_PATCH ? patch_note : delta_note)(keyspace, arriving);
	keyspace_mark(keyspace, element, &(struct marking){
		stamp, is_alive ? flags : flags | MARK_DEAD, is_alive ? arriving->delta : 0, arriving->party.note });
	if (kind == KIND_STREAM)
		stream_see(conflicts, arriving);
	if (kind == KIND_LIST)
		list_apply(conflicts, arriving, is_alive);
	else if (change_is_of_stream(arriving->change))
		stream_apply(conflicts, arriving);
	else if (!is_delta)
		apply_version(keyspace, arriving, is_alive);
	if (arriving->change->kind == CHANGE_SET)
		apply_set_aside(keyspace, arriving);
	if (has_rounding && is_alive)
		roundings_add(conflicts, element);
	if (is_alive && (flags & MARK_PRESENT) && arrival_is_remote(arriving))
		note_deadline(keyspace, arriving->key);
}

/* ---- clears ---- */

static void clear_elements(struct conflicts *conflicts, const struct arrival *arriving, struct key *key)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct version absent = { .stamp = arrival_competing(arriving) };
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		if (element->kind == KIND_KEY)
			continue;
		bool has_rounding = arriving->write->mode != APPLY_LOCAL && kind_has_number(element->kind) &&
		                  fraction_is_ours_to_round(keyspace, element, arriving);
		version_compete(keyspace, arriving, element, &absent);
		if (element->kind == KIND_LIST)
			list_erase(keyspace, key, &absent.stamp, false);
		if (has_rounding)
			roundings_add(conflicts, element);
	}
	if (arrival_is_remote(arriving))
		keyspace_set_key_dirty(keyspace, key);
}

static void apply_clear(struct conflicts *conflicts, struct arrival *arriving)
{
	struct keyspace *keyspace = conflicts->keyspace;
	adopt_policy(keyspace, arriving);
	arrival_classify(arriving);
	if (arrival_is_remote(arriving))
		conflicts_count(conflicts, arriving);
	if (keyspace->take_over_count > 0)
		stranded_meet(conflicts, arriving);
	struct element *clears = keyspace_element(keyspace, arriving->key, KIND_KEY, (struct slice){ "", 0 });
	keyspace_mark(keyspace, clears, &(struct marking){ arriving->party.stamp, arriving->party.flags, 0, arriving->party.note });
	element_compete(keyspace, clears, &(struct version){ .stamp = arrival_competing(arriving) });
	clear_elements(conflicts, arriving, arriving->key);
}

struct flushing { struct conflicts *conflicts; const struct arrival *arriving; };

static void flush_key(void *context, struct key *key)
{
	const struct flushing *flushing = context;
	uint32_t db = flushing->arriving->change->db;
	if (key->elements != NULL && flush_concerns(db, key->db))
		clear_elements(flushing->conflicts, flushing->arriving, key);
}

static void apply_flush(struct conflicts *conflicts, const struct arrival *arriving)
{
	struct keyspace *keyspace = conflicts->keyspace;
	if (arrival_is_remote(arriving)) {
		conflicts_count(conflicts, arriving);
		keyspace_set_flush_dirty(keyspace, arriving->change->db);
	}
	keyspace_add_flush(keyspace, arriving->party.stamp, arriving->change->db, arriving->party.note);
	keyspace_visit_keys(keyspace, flush_key, &(struct flushing){ conflicts, arriving });
}

void conflicts_apply(struct conflicts *conflicts, struct arriving_write *write, const struct change *change, struct key *key)
{
	enum kind kind;
	struct context *seen = write->explicit_context != NULL ? write->explicit_context : write->stamp->context;
	struct context *context = change->kind == CHANGE_SIBLING ? context_new(NULL, 0) : context_hold(seen);
	struct note *note = note_new(conflicts->keyspace, change, write->facts, context);
	context_drop(context);
	struct arrival arriving = { .write = write, .change = change, .key = key, .party = { write->stamp, note, 0 } };
	if (change->kind == CHANGE_SIBLING)
		sibling_apply(conflicts, &arriving);
	else if (change_kind_of(change, &kind))
		apply_element(conflicts, &arriving, kind);
	else if (change->kind == CHANGE_CLEAR)
		apply_clear(conflicts, &arriving);
	else
		apply_flush(conflicts, &arriving);
	note_drop(conflicts->keyspace, note);
}

void conflicts_take_over(struct conflicts *conflicts, const struct arriving_write *write, const struct change *change, const uint64_t user[2])
{
	stranded_begin(conflicts, write, change, user);
}
