#include "conflict.h"

#include "conflict_count.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/types.h"
#include "proxy/core/versions/version.h"

void settle_free(struct settle *settle)
{
	bytes_free(settle->key);
	bytes_free(settle->element);
}

/* ---- what a change means ---- */

static long double number_of(struct slice text)
{
	long double number = 0;
	return slice_to_long_double(text, &number) ? number : 0;
}

/* Sums of whole numbers of this size are exact in any order, also as doubles. */
static bool is_exact(long double number)
{
	const long double limit = 9007199254740992.0L;   /* 2^53 */
	return number < limit && number > -limit && (long double)(int64_t)number == number;
}

static unsigned delta_of(const struct change *change, long double *delta)
{
	switch (change->kind) {
	case CHANGE_INCREMENT: case CHANGE_FIELD_INCREMENT:
		*delta = (long double)change->number;
		return MARK_DELTA | MARK_PRESENT;
	case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_INCREMENT_FLOAT:
		*delta = number_of(change->value);
		break;
	case CHANGE_SCORE_INCREMENT:
		*delta = (long double)change->score;
		break;
	default:
		*delta = 0;
		return 0;
	}
	bool is_whole = is_exact(*delta) && change->result.len > 0 && is_exact(number_of(change->result));
	return MARK_DELTA | MARK_PRESENT | (is_whole ? 0 : MARK_FRACTION);
}

static bool is_removal(const struct change *change)
{
	return change->kind == CHANGE_FIELD_REMOVE || change->kind == CHANGE_MEMBER_REMOVE || change->kind == CHANGE_SCORE_REMOVE;
}

static unsigned flags_of(const struct change *change, long double *delta)
{
	unsigned flags = delta_of(change, delta);
	if (flags != 0)
		return flags;
	if (change->kind == CHANGE_EXPIRE || is_removal(change))
		return 0;
	if (change->kind == CHANGE_CLEAR)
		return change->number == 1 ? MARK_EXPIRY : 0;
	if (change->kind == CHANGE_SET && change->expire_at_ms != EXPIRE_KEEP)
		return MARK_PRESENT | MARK_TTL;
	return MARK_PRESENT;
}

/* ---- verdicts ---- */

bool version_is_number(const struct element *element, const struct version *version)
{
	long double number;
	return !version->is_present || element->kind == KIND_ZSET || slice_to_long_double(version->value, &number);
}

static bool is_live_delta(const struct mark *mark)
{
	return (mark->flags & (MARK_DELTA | MARK_DEAD)) == MARK_DELTA;
}

struct verdict element_verdict(const struct keyspace *keyspace, const struct element *element)
{
	struct verdict verdict = { element->key->policy->rule->decide(keyspace, element), 0, false };
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		uint32_t seen = verdict.decider == NULL ? 0 : history_upto(history, stamp_follows(&verdict.decider->stamp, history->origin));
		if (seen == history->len)
			continue;
		long double before = seen == 0 ? history->total_before : history_total(history, seen - 1);
		verdict.sum += history_total(history, history->len - 1) - before;
		for (uint32_t j = history->len; element->has_deltas && j-- > seen && !verdict.has_deltas;)
			verdict.has_deltas = is_live_delta(history_mark(history, j));
	}
	return verdict;
}

/* ---- types: a newer write of another type kills older ones for good (rule 7) ---- */

/* Returns whether a delta died that was alive. */
static bool kill_deltas(const struct keyspace *keyspace, struct history *history, const struct stamp *killer)
{
	bool has_died = false;
	uint32_t count = 0;
	for (; count < history->len; count++) {
		struct mark *mark = history_mark(history, count);
		struct stamp stamp = { .seq = mark->seq, .hlc = mark->hlc, .origin = history->origin };
		if (stamp_compare(keyspace->origins, &stamp, killer) > 0)
			break;
		has_died |= is_live_delta(mark);
		/* Of a value only that: its killer may be forgotten before it. */
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

static bool kill_element(struct conflicts *conflicts, struct element *element, const struct stamp *killer)
{
	struct keyspace *keyspace = conflicts->keyspace;
	bool has_died = false;
	episodes_kill(keyspace, element, &conflicts->party);
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

/* Is a write of this type alive beside those of other types? Kills what it outdoes. */
static bool type_survives(struct conflicts *conflicts, struct key *key, enum kind kind, const struct stamp *stamp)
{
	const struct origins *origins = conflicts->keyspace->origins;
	unsigned visible = key_visible_type(origins, key);
	bool is_alive = type_outlives_others(origins, key, kind, stamp);
	bool is_flip = is_alive && visible != KIND_TYPES && visible != kind;
	key_note_type(origins, key, kind, stamp);
	/* A key may have very many elements: look at them only where another type was ever present. */
	if (!key_has_other_type(key, kind))
		return true;
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		if (element->kind >= KIND_TYPES || element->kind == kind || !kill_element(conflicts, element, stamp))
			continue;
		if (conflicts->mode != APPLY_REMOTE || element->kind != visible || is_flip)
			continue;
		element->is_redecided = true;
		keyspace_set_dirty(conflicts->keyspace, element);
	}
	/* The key changes its type in the store. All of the new type has metadata: what came before was cleared in the write's past. */
	if (is_flip && conflicts->mode == APPLY_REMOTE)
		keyspace_set_key_dirty(conflicts->keyspace, key);
	return is_alive;
}

/* ---- changes of one element ---- */

static bool is_same_verdict(const struct version *before, const struct version *after)
{
	if (before == NULL || after == NULL)
		return before == after;
	return before->stamp.origin == after->stamp.origin && before->stamp.seq == after->stamp.seq &&
	       before->is_present == after->is_present;
}

/* As what a write competes: a client's own context counts for what it covers; its batch's for what it meets (conflict_count.c). */
static struct stamp competing(const struct conflicts *conflicts, const struct stamp *stamp)
{
	struct stamp competing = *stamp;
	if (conflicts->explicit_context != NULL)
		competing.context = conflicts->explicit_context;
	return competing;
}

static void enter(struct conflicts *conflicts, struct element *element, const struct version *version)
{
	episodes_compete(conflicts->keyspace, element, &conflicts->party);
	element_compete(conflicts->keyspace, element, version);
}

/* Lets VERSION compete; notes for the store, which does not have it yet, when another version decides now. */
static void compete(struct conflicts *conflicts, struct element *element, const struct version *version)
{
	if (conflicts->mode != APPLY_REMOTE) {
		enter(conflicts, element, version);
		return;
	}
	const struct rule *rule = element->key->policy->rule;
	const struct version *decider = rule->decide(conflicts->keyspace, element);
	struct version before = decider != NULL ? *decider : (struct version){ 0 };
	bool had_decider = decider != NULL;
	enter(conflicts, element, version);
	decider = rule->decide(conflicts->keyspace, element);
	bool is_own = decider != NULL && decider->stamp.origin == version->stamp.origin && decider->stamp.seq == version->stamp.seq;
	if (!is_own && is_same_verdict(had_decider ? &before : NULL, decider))
		return;
	element->is_redecided = true;
	keyspace_set_dirty(conflicts->keyspace, element);
}

static void add_settle(struct conflicts *conflicts, const struct element *element)
{
	conflicts->settles = array_reserve(conflicts->settles, conflicts->settle_count, &conflicts->settle_cap, sizeof *conflicts->settles);
	static const enum change_kind kinds[KIND_TYPES] = {
		[KIND_STRING] = CHANGE_SET, [KIND_HASH] = CHANGE_FIELD_SET, [KIND_SET] = CHANGE_MEMBER_ADD, [KIND_ZSET] = CHANGE_SCORE_SET,
	};
	conflicts->settles[conflicts->settle_count++] = (struct settle){
		element->key->db, kinds[element->kind], buffer_copy(element->key->name), buffer_copy(element->name),
	};
}

/* A write of another type that STAMP has not seen may have killed part of what it added to. */
static bool has_seen_types(const struct element *element, const struct stamp *stamp)
{
	for (unsigned type = 0; type < KIND_TYPES; type++) {
		const struct stamp *top = &element->key->tops[type];
		if (type != element->kind && top->hlc != 0 && top->seq > stamp_sees(stamp, top->origin))
			return false;
	}
	return true;
}

/* A delta reaches the store as an addition; a fraction that has seen everything brings its result along. */
static void note_delta(struct conflicts *conflicts, struct element *element, const struct effectual *arriving, long double delta)
{
	const struct version *decider = element->key->policy->rule->decide(conflicts->keyspace, element);
	if (decider != NULL && (!version_is_number(element, decider) || arriving->stamp->seq <= stamp_follows(&decider->stamp, arriving->stamp->origin)))
		return;
	int64_t whole;
	keyspace_set_dirty(conflicts->keyspace, element);
	const struct slice result = arriving->change->result;
	if (result.len > 0 && !element_has_concurrent(element, arriving->stamp) && has_seen_types(element, arriving->stamp)) {
		bytes_free(element->result);
		element->result = buffer_copy(result);
		element->is_redecided = false;
		element->has_pending = false;
		element->pending = 0;
		return;
	}
	element->has_pending = true;
	element->is_pending_float |= arriving->change->kind == CHANGE_INCREMENT_FLOAT || arriving->change->kind == CHANGE_FIELD_INCREMENT_FLOAT ||
	                             element->has_fractions || (decider != NULL && decider->is_present && !slice_to_int64(decider->value, &whole));
	element->pending += delta;
}

/* A string SET clears elements of other types that it has seen or outdoes, and writes the TTL. */
static void apply_set_aside(struct conflicts *conflicts, const struct effectual *arriving)
{
	struct key *key = arriving->key;
	for (struct element *other = key->elements; other != NULL; other = other->next) {
		if (other->kind >= KIND_TYPES || other->kind == KIND_STRING)
			continue;
		compete(conflicts, other, &(struct version){ .stamp = competing(conflicts, arriving->stamp), .is_outdone = true });
		if (conflicts->mode == APPLY_REMOTE)
			keyspace_set_key_dirty(conflicts->keyspace, key);
	}
	if (!(arriving->flags & MARK_TTL))
		return;
	struct element *ttl = keyspace_element(conflicts->keyspace, key, KIND_TTL, (struct slice){ "", 0 });
	struct version deadline = { .stamp = competing(conflicts, arriving->stamp), .is_present = true, .expire_at_ms = arriving->change->expire_at_ms };
	compete(conflicts, ttl, &deadline);
}

/* A key that comes back: a deadline decided while it was away goes with it. */
static void note_deadline(struct conflicts *conflicts, struct key *key)
{
	struct element *ttl = key->fixed[KIND_TTL];
	const struct version *deadline = ttl == NULL ? NULL : key->policy->rule->decide(conflicts->keyspace, ttl);
	if (deadline == NULL || !deadline->is_present || deadline->expire_at_ms <= 0)
		return;
	ttl->is_redecided = true;
	keyspace_set_dirty(conflicts->keyspace, ttl);
}

/* A key that was contested when the rules changed comes to the new ones with the first write that was made under them (rules_change.c). Where a
 * decision is open it stays as it was. */
static struct key *find_key(struct conflicts *conflicts, const struct change *change)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct key *key = keyspace_key(keyspace, change->db, change->key);
	if (key->policy->is_replaced && conflicts->is_under_our_rules && !key_is_open(key))
		key->policy = keyspace->policy_for(keyspace->policy_context, key->name);
	return key;
}

static void apply_element(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change, enum kind kind)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct key *key = find_key(conflicts, change);
	struct element *element = keyspace_element(keyspace, key, kind, change->element);
	long double delta;
	struct effectual arriving = { stamp, change, key, element, flags_of(change, &delta), conflicts->party.note };
	conflicts->party.flags = arriving.flags;
	if (conflicts->mode == APPLY_REMOTE)
		conflicts_count(conflicts, &arriving);
	bool has_settle = conflicts->mode != APPLY_LOCAL && kind < KIND_TYPES &&
	                  conflicts_must_settle(conflicts, element, stamp, arriving.flags);
	bool is_alive = true;
	if ((arriving.flags & MARK_PRESENT) && kind < KIND_TYPES)
		is_alive = type_survives(conflicts, key, kind, stamp);
	bool is_delta = arriving.flags & MARK_DELTA;
	if (is_delta && is_alive && conflicts->mode == APPLY_REMOTE)
		note_delta(conflicts, element, &arriving, delta);
	keyspace_mark(keyspace, element, &(struct marking){
		stamp, is_alive ? arriving.flags : arriving.flags | MARK_DEAD, is_alive ? delta : 0, arriving.note });
	if (!is_delta) {
		struct version version = {
			.stamp = competing(conflicts, stamp), .is_present = is_alive && !is_removal(change), .is_set = change->kind == CHANGE_SET, .is_outdone = !is_alive,
			.expire_at_ms = change->expire_at_ms, .score = change->score,
		};
		if (version.is_present) {
			version.value = change->value;
			version.note = arriving.note;
		}
		bool was_redecided = element->is_redecided;
		compete(conflicts, element, &version);
		/* A dead string tells the store nothing: the key is there with another type. */
		if (!is_alive && kind == KIND_STRING)
			element->is_redecided = was_redecided;
	}
	if (change->kind == CHANGE_SET)
		apply_set_aside(conflicts, &arriving);
	if (has_settle && is_alive)
		add_settle(conflicts, element);
	if (is_alive && (arriving.flags & MARK_PRESENT) && conflicts->mode == APPLY_REMOTE)
		note_deadline(conflicts, key);
}

/* ---- clears ---- */

static void clear_elements(struct conflicts *conflicts, struct key *key, const struct stamp *stamp)
{
	struct version absent = { .stamp = competing(conflicts, stamp) };
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		if (element->kind == KIND_KEY)
			continue;
		bool has_settle = conflicts->mode != APPLY_LOCAL && element->kind < KIND_TYPES && element->kind != KIND_SET &&
		                  conflicts_must_settle(conflicts, element, stamp, 0);
		compete(conflicts, element, &absent);
		if (has_settle)
			add_settle(conflicts, element);
	}
	if (conflicts->mode == APPLY_REMOTE)
		keyspace_set_key_dirty(conflicts->keyspace, key);
}

static void apply_clear(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct key *key = find_key(conflicts, change);
	long double delta;
	struct effectual arriving = { stamp, change, key, NULL, flags_of(change, &delta), conflicts->party.note };
	conflicts->party.flags = arriving.flags;
	if (conflicts->mode == APPLY_REMOTE)
		conflicts_count(conflicts, &arriving);
	struct element *clears = keyspace_element(keyspace, key, KIND_KEY, (struct slice){ "", 0 });
	keyspace_mark(keyspace, clears, &(struct marking){ stamp, arriving.flags, 0, arriving.note });
	element_compete(keyspace, clears, &(struct version){ .stamp = competing(conflicts, stamp) });
	clear_elements(conflicts, key, stamp);
}

struct flushing { struct conflicts *conflicts; const struct stamp *stamp; uint32_t db; };

static void flush_key(void *context, struct key *key)
{
	const struct flushing *flushing = context;
	if (key->elements != NULL && (flushing->db == DB_ALL || flushing->db == key->db))
		clear_elements(flushing->conflicts, key, flushing->stamp);
}

static void apply_flush(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change)
{
	struct keyspace *keyspace = conflicts->keyspace;
	if (conflicts->mode == APPLY_REMOTE) {
		conflicts_count(conflicts, &(struct effectual){ stamp, change, NULL, NULL, 0, conflicts->party.note });
		keyspace_set_flush_dirty(keyspace, change->db);
	}
	keyspace_add_flush(keyspace, stamp, change->db, conflicts->party.note);
	keyspace_each_key(keyspace, flush_key, &(struct flushing){ conflicts, stamp, change->db });
}

void conflicts_apply(struct conflicts *conflicts, const struct stamp *stamp, const struct change *change)
{
	enum kind kind;
	struct context *seen = conflicts->explicit_context != NULL ? conflicts->explicit_context : stamp->context;
	struct context *context = change->kind == CHANGE_SIBLING ? context_new(NULL, 0) : context_hold(seen);
	struct note *note = note_new(conflicts->keyspace, change, conflicts->facts, context);
	context_drop(context);
	conflicts->party = (struct party){ stamp, note, 0 };
	if (change->kind == CHANGE_SIBLING && change_kind_of(change, &kind))
		sibling_apply(conflicts, stamp, change, kind);
	else if (change_kind_of(change, &kind))
		apply_element(conflicts, stamp, change, kind);
	else if (change->kind == CHANGE_CLEAR)
		apply_clear(conflicts, stamp, change);
	else
		apply_flush(conflicts, stamp, change);
	note_drop(conflicts->keyspace, note);
}
