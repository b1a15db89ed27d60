#include "compete.h"

#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"
#include "delta_walk.h"
#include "list.h"

/* ---- types ---- */

/* Returns whether a delta died that was alive. */
static bool kill_deltas(const struct keyspace *keyspace, struct history *history, const struct stamp *killer)
{
	bool has_died = false;
	uint32_t count = 0;
	for (; count < history->len; count++) {
		struct mark *mark = history_mark(history, count);
		struct stamp stamp = history_stamp(history, count);
		if (stamp_compare(keyspace->origins, &stamp, killer) > 0)
			break;
		has_died |= mark_is_live_delta(mark);
		/* Of a mark that is a value, DEAD is all that is kept: its killer may be forgotten before it. */
		if ((mark->flags & (MARK_PRESENT | MARK_DELTA)) == MARK_PRESENT)
			mark->flags |= MARK_DEAD;
	}
	if (!has_died)
		return false;
	for (uint32_t i = 0; i < count; i++)
		history_mark(history, i)->flags |= MARK_DEAD;
	history_kill(history, count);
	return true;
}

static bool kill_element(struct keyspace *keyspace, struct element *element, const struct party *party)
{
	const struct stamp *killer = party->stamp;
	bool has_died = false;
	episodes_kill(keyspace, element, party);
	for (unsigned i = 0; i < element->version_count; i++) {
		struct version *version = &element->versions[i];
		if (!version->is_present || stamp_compare(keyspace->origins, &version->stamp, killer) > 0)
			continue;
		version_kill(keyspace, version);
		has_died = true;
	}
	for (unsigned i = 0; i < element->history_count; i++)
		has_died |= kill_deltas(keyspace, &element->histories[i], killer);
	return has_died;
}

bool type_survives(struct keyspace *keyspace, const struct arrival *arriving)
{
	const struct origins *origins = keyspace->origins;
	struct key *key = arriving->key;
	enum kind kind = arriving->element->kind;
	const struct stamp *stamp = arriving->party.stamp;
	unsigned visible = key_visible_type(origins, key);
	bool is_alive = type_outlives_others(origins, key, kind, stamp);
	bool is_flip = is_alive && visible != KIND_TYPES && visible != kind;
	key_note_type(origins, key, kind, stamp);
	/* What is known of the list may be removals only: it was not there then. */
	if (kind != KIND_LIST)
		list_erase(keyspace, key, stamp, true);
	/* A key may have very many elements: look at them only where another type was ever present. */
	if (!key_has_other_type(key, kind))
		return true;
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		if (element->kind >= KIND_TYPES || element->kind == kind || !kill_element(keyspace, element, &arriving->party))
			continue;
		/* Elements that died have to leave the list. */
		if (element->kind == KIND_LIST && arrival_is_remote(arriving))
			keyspace_set_key_dirty(keyspace, key);
		if (!arrival_is_remote(arriving) || element->kind != visible || is_flip)
			continue;
		element->is_redecided = true;
		keyspace_set_dirty(keyspace, element);
	}
	/* The key changes its type in the store, so it is written anew from the metadata. That holds all of the new type: what was of it before was
	 * cleared in the write's past. */
	if (is_flip && arrival_is_remote(arriving))
		keyspace_set_key_dirty(keyspace, key);
	return is_alive;
}

/* ---- versions ---- */

static bool is_same_verdict(const struct version *before, const struct version *after)
{
	if (before == NULL || after == NULL)
		return before == after;
	return before->stamp.origin == after->stamp.origin && before->stamp.seq == after->stamp.seq &&
	       before->is_present == after->is_present;
}

static void enter(struct keyspace *keyspace, const struct arrival *arriving, struct element *element, const struct version *version)
{
	episodes_compete(keyspace, element, &arriving->party);
	element_compete(keyspace, element, version);
}

void version_compete(struct keyspace *keyspace, const struct arrival *arriving, struct element *element, const struct version *version)
{
	if (element_is_of_stream(element)) {
		episodes_compete(keyspace, element, &arriving->party);
		return;
	}
	if (!arrival_is_remote(arriving)) {
		enter(keyspace, arriving, element, version);
		return;
	}
	const struct rule *rule = rule_for(element);
	const struct version *decider = rule->decide(keyspace, element);
	struct version before = decider != NULL ? *decider : (struct version){ 0 };
	bool had_decider = decider != NULL;
	enter(keyspace, arriving, element, version);
	decider = rule->decide(keyspace, element);
	bool is_own = decider != NULL && decider->stamp.origin == version->stamp.origin && decider->stamp.seq == version->stamp.seq;
	if (!is_own && is_same_verdict(had_decider ? &before : NULL, decider))
		return;
	element->is_redecided = true;
	keyspace_set_dirty(keyspace, element);
}
