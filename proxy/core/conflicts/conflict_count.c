#include "conflict_count.h"

#include "proxy/core/commands/stream_group.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/types.h"

/* Which marks count against the arriving change. */
struct filter {
	unsigned wanted;             /* at least one of these flags; 0: any mark */
	unsigned unwanted;           /* none of these */
	enum kind kind;              /* label */
	bool is_type_clash;
};

static enum outcome outcome_of(const struct arrival *arriving, const struct key *key, unsigned other_flags, const struct filter *filter)
{
	if (filter->is_type_clash)
		return OUTCOME_TYPE;
	if ((arriving->party.flags | other_flags) & MARK_DELTA)
		return OUTCOME_SUM;
	if (filter->kind == KIND_LIST)
		return OUTCOME_NEWEST;
	if (filter->kind == KIND_STREAM)
		return (arriving->party.flags ^ other_flags) & MARK_PRESENT ? OUTCOME_ADD_WINS : OUTCOME_NEWEST;
	if (key->policy->rule->outcome != OUTCOME_NEWEST)
		return key->policy->rule->outcome;
	if (key->policy->rule->is_keeping && filter->kind < KIND_TYPES)
		return OUTCOME_OPEN;
	bool is_present = arriving->party.flags & MARK_PRESENT, other_is_present = other_flags & MARK_PRESENT;
	if (key->policy->rule->is_add_winning && is_present != other_is_present && filter->kind != KIND_TTL && filter->kind != KIND_KEY)
		return OUTCOME_ADD_WINS;
	return OUTCOME_NEWEST;
}

/* One arriving change against what one origin did to one element. */
struct counting {
	struct conflicts *conflicts;
	const struct arrival *arriving;
	struct element *met;         /* NULL: a flush or clear meets a flush */
	const struct filter *filter;
	unsigned other;              /* the origin */
};

/* Successive pairs of the arriving change with writes of one origin that have the same outcome. */
struct run { enum outcome outcome; uint64_t *seqs; unsigned count; };      /* SEQS: only where conflicts are listed */

static void report(const struct counting *counting, const struct run *run)
{
	const struct arrival *arriving = counting->arriving;
	const struct element *met = counting->met;
	const struct origins *origins = counting->conflicts->keyspace->origins;
	struct effect *effect = effects_add(counting->conflicts->effects, EFFECT_CONFLICT);
	const struct origin *mine = &origins->items[arriving->party.stamp->origin], *others = &origins->items[counting->other];
	effect->conflict.dc = mine->dc;
	effect->conflict.incarnation = mine->incarnation;
	effect->conflict.seq = arriving->party.stamp->seq;
	effect->conflict.other_dc = others->dc;
	effect->conflict.other_incarnation = others->incarnation;
	effect->conflict.other_seqs = run->seqs;
	effect->conflict.count = run->count;
	/* The key's name is taken from the metadata: the change's bytes do not live until the step ends. */
	const struct key *key = met != NULL ? met->key : arriving->key;
	effect->conflict.db = key != NULL ? key->db : arriving->change->db;
	effect->conflict.key = key != NULL ? key->name : (struct slice){ "", 0 };
	effect->conflict.element = met != NULL ? met->name : (struct slice){ "", 0 };
	effect->conflict.kind = kind_text(counting->filter->kind);
	effect->conflict.rule = key != NULL ? key->policy->rule->name : rule_lww.name;
	effect->conflict.outcome = run->outcome;
}

/* One pair, with write SEQ. */
static void report_one(const struct counting *counting, enum outcome outcome, uint64_t seq)
{
	if (!counting->conflicts->is_listing)
		return;
	uint64_t *seqs = arena_take(counting->conflicts->arena, sizeof *seqs);
	*seqs = seq;
	report(counting, &(struct run){ outcome, seqs, 1 });
}

static bool filter_takes(const struct filter *filter, unsigned flags)
{
	return (filter->wanted == 0 || (flags & filter->wanted)) && !(flags & filter->unwanted);
}

/* The element that the pairs are about. It is the same whichever of the two writes comes second. */
static struct element *subject_of(const struct conflicts *conflicts, const struct arrival *arriving, struct element *met, const struct filter *filter)
{
	struct key *key = met != NULL ? met->key : arriving->key;
	if (filter->is_type_clash || (met == NULL && arriving->element == NULL))
		return keyspace_element(conflicts->keyspace, key, KIND_KEY, (struct slice){ "", 0 });
	if (filter->kind == KIND_TTL)
		return key->fixed[KIND_TTL];
	return arriving->element != NULL ? arriving->element : met;
}

static void count_run(const struct counting *counting, const struct run *run)
{
	if (run->count == 0)
		return;
	struct conflicts *conflicts = counting->conflicts;
	conflicts->counts[rule_index(counting->met->key->policy->rule)][counting->filter->kind][run->outcome] += run->count;
	if (conflicts->is_listing)
		report(counting, run);
}

/* Then all pairs with its marks have the same outcome, as that depends on no other flags: they need not be visited one by one. */
static bool has_one_outcome(const struct history *history)
{
	return ((history->some_flags ^ history->all_flags) & (MARK_DELTA | MARK_PRESENT)) == 0;
}

/* Counts the marks from FIRST on; false: there are none. */
static bool count_history(const struct counting *counting, const struct history *history, uint32_t first)
{
	const struct arrival *arriving = counting->arriving;
	const struct filter *filter = counting->filter;
	const struct key *key = counting->met->key;
	bool is_listing = counting->conflicts->is_listing;
	if (!filter->wanted && !filter->unwanted && !is_listing && has_one_outcome(history)) {
		enum outcome outcome = outcome_of(arriving, key, history->all_flags, filter);
		count_run(counting, &(struct run){ .outcome = outcome, .count = history->len - first });
		return true;
	}
	struct run run = { .seqs = is_listing ? arena_take(counting->conflicts->arena, (history->len - first) * sizeof(uint64_t)) : NULL };
	bool is_met = false;
	for (uint32_t i = first; i < history->len; i++) {
		const struct mark *mark = history_mark(history, i);
		if (!filter_takes(filter, mark->flags))
			continue;
		enum outcome outcome = outcome_of(arriving, key, mark->flags, filter);
		if (outcome != run.outcome) {
			count_run(counting, &run);
			run = (struct run){ .outcome = outcome, .seqs = is_listing ? run.seqs + run.count : NULL };
		}
		if (is_listing)
			run.seqs[run.count] = mark->seq;
		run.count++;
		is_met = true;
	}
	count_run(counting, &run);
	return is_met;
}

void conflicts_count_sibling(struct conflicts *conflicts, const struct arrival *arriving, unsigned origin)
{
	const struct filter filter = { .kind = arriving->element->kind };
	enum outcome outcome = outcome_of(arriving, arriving->key, 0, &filter);
	conflicts->counts[rule_index(arriving->key->policy->rule)][filter.kind][outcome]++;
	report_one(&(struct counting){ conflicts, arriving, arriving->element, &filter, origin }, outcome, arriving->change->seq);
}

/* Our store had lost that write, and what we wrote afterwards counts as having seen it: no conflict. */
static bool is_forgiven(const struct conflicts *conflicts, const struct arrival *arriving, unsigned origin)
{
	const struct context *before = conflicts->keyspace->origins->items[origin].before;
	return before != NULL && arriving->party.stamp->seq <= context_at(before, arriving->party.stamp->origin);
}

/* Of the changes of one write, one that removes or sets. */
static const struct mark *mark_of(const struct history *history, uint64_t seq)
{
	for (uint32_t i = history == NULL ? 0 : history_upto(history, seq); i-- > 0 && history_mark(history, i)->seq == seq;)
		if (!(history_mark(history, i)->flags & MARK_PRESENT))
			return history_mark(history, i);
	return NULL;
}

void conflicts_count_list(struct conflicts *conflicts, const struct arrival *arriving, unsigned origin, uint64_t seq)
{
	struct element *list = arriving->element;
	const struct mark *mark = mark_of(element_history(list, origin), seq);
	if (mark == NULL || origin == arriving->party.stamp->origin || is_forgiven(conflicts, arriving, origin))
		return;
	const struct filter filter = { .kind = KIND_LIST };
	enum outcome outcome = outcome_of(arriving, arriving->key, mark->flags, &filter);
	conflicts->counts[rule_index(arriving->key->policy->rule)][KIND_LIST][outcome]++;
	report_one(&(struct counting){ conflicts, arriving, list, &filter, origin }, outcome, seq);
	const struct stamp stamp = { .seq = seq, .hlc = mark->hlc, .context = mark->note->context, .origin = origin };
	episodes_pair(conflicts->keyspace, list, &arriving->party, &(struct party){ &stamp, mark->note, mark->flags });
}

/* Counts the marks of one origin that the arriving change has not seen, and gives the pairs to the records. */
static void meet_history(struct conflicts *conflicts, const struct arrival *arriving, struct element *met,
                         const struct history *history, const struct filter *filter)
{
	uint32_t first = history_upto(history, stamp_sees(arriving->party.stamp, history->origin));
	if (history->origin == arriving->party.stamp->origin || first == history->len)
		return;
	if (is_forgiven(conflicts, arriving, history->origin))
		return;
	if (!count_history(&(struct counting){ conflicts, arriving, met, filter, history->origin }, history, first))
		return;
	struct element *subject = subject_of(conflicts, arriving, met, filter);
	episodes_meet(&(struct meeting){
		conflicts->keyspace, subject, &arriving->party, history, first, filter->wanted, filter->unwanted, subject == met, filter->is_type_clash });
}

static void count_element(struct conflicts *conflicts, const struct arrival *arriving, struct element *met, const struct filter *filter)
{
	for (unsigned i = 0; met != NULL && i < met->history_count; i++)
		meet_history(conflicts, arriving, met, &met->histories[i], filter);
}

static void count_flushes(struct conflicts *conflicts, const struct arrival *arriving)
{
	const struct keyspace *keyspace = conflicts->keyspace;
	for (unsigned i = 0; i < keyspace->flush_count; i++) {
		const struct flush *flush = &keyspace->flushes[i];
		uint32_t db = arriving->change->db;
		bool is_flush = arriving->key == NULL, is_met = flush->db == DB_ALL || db == DB_ALL || flush->db == db;
		if (is_flush ? !is_met : !flush_concerns(flush->db, db))
			continue;
		if (flush->stamp.origin == arriving->party.stamp->origin || flush->stamp.seq <= stamp_sees(arriving->party.stamp, flush->stamp.origin) ||
		    stamp_covers(&flush->stamp, arriving->party.stamp))
			continue;
		struct filter filter = { .kind = arriving->element != NULL ? arriving->element->kind : KIND_KEY };
		const struct rule *rule = arriving->key != NULL ? arriving->key->policy->rule : &rule_lww;
		enum outcome outcome = arriving->key != NULL ? outcome_of(arriving, arriving->key, 0, &filter) : OUTCOME_NEWEST;
		conflicts->counts[rule_index(rule)][filter.kind][outcome]++;
		if (arriving->key != NULL)
			episodes_pair(conflicts->keyspace, subject_of(conflicts, arriving, NULL, &filter), &arriving->party,
			              &(struct party){ &flush->stamp, flush->note, 0 });
		report_one(&(struct counting){ conflicts, arriving, arriving->element, &filter, flush->stamp.origin }, outcome, flush->stamp.seq);
	}
}

static bool is_of_group(const struct element *element)
{
	return element != NULL && element->kind == KIND_STREAM && stream_group_has(element->name);
}

/* A clear meets every change to any element of the key, but what it says of a group. Two expiries of one key are no conflict. */
static void count_under_key(struct conflicts *conflicts, const struct arrival *arriving, struct key *key)
{
	for (struct element *met = key->elements; met != NULL; met = met->next) {
		struct filter filter = { .kind = met->kind };
		if (is_of_group(met))
			continue;
		if (met->kind == KIND_KEY && (arriving->party.flags & MARK_EXPIRY))
			filter.unwanted = MARK_EXPIRY;
		count_element(conflicts, arriving, met, &filter);
	}
}

struct flush_count { struct conflicts *conflicts; const struct arrival *arriving; };

static void count_flushed_key(void *context, struct key *key)
{
	const struct flush_count *flush = context;
	if (flush_concerns(flush->arriving->change->db, key->db))
		count_under_key(flush->conflicts, flush->arriving, key);
}

/* An entry that two datacenters gave out at once is a double pop. Nothing else that is done to a group contradicts anything. */
static void count_pending(struct conflicts *conflicts, const struct arrival *arriving)
{
	struct slice id, group;
	if ((arriving->party.flags & MARK_PRESENT) && stream_pending_read(arriving->element->name, &id, &group))
		count_element(conflicts, arriving, arriving->element, &(struct filter){ .kind = KIND_STREAM, .wanted = MARK_PRESENT });
}

/* Changes to the same element. Of lists, those that concern the same element of it: list.c. What is done to a stream as a whole does not contradict each
 * other. */
static void count_same(struct conflicts *conflicts, const struct arrival *arriving)
{
	enum kind kind = arriving->element->kind;
	if (kind != KIND_LIST && !element_is_of_stream(arriving->element))
		count_element(conflicts, arriving, arriving->element, &(struct filter){ .kind = kind });
}

void conflicts_count(struct conflicts *conflicts, const struct arrival *arriving)
{
	bool is_group = is_of_group(arriving->element);
	if (conflicts->keyspace->flush_count > 0 && !is_group)
		count_flushes(conflicts, arriving);
	if (arriving->key == NULL) {
		keyspace_visit_keys(conflicts->keyspace, count_flushed_key, &(struct flush_count){ conflicts, arriving });
		return;
	}
	if (arriving->element == NULL) {
		count_under_key(conflicts, arriving, arriving->key);
		return;
	}
	/* 1. Changes to the same element. 2. Clears of its key. */
	enum kind kind = arriving->element->kind;
	if (is_group) {
		count_pending(conflicts, arriving);
	} else {
		count_same(conflicts, arriving);
		count_element(conflicts, arriving, arriving->key->fixed[KIND_KEY], &(struct filter){ .kind = kind });
	}
	/* 3. The deadline, which a SET writes as well. */
	if (arriving->party.flags & MARK_TTL)
		count_element(conflicts, arriving, arriving->key->fixed[KIND_TTL], &(struct filter){ .kind = KIND_TTL });
	if (kind == KIND_TTL)
		count_element(conflicts, arriving, arriving->key->fixed[KIND_STRING], &(struct filter){ .kind = KIND_TTL, .wanted = MARK_TTL });
	/* 4. Changes that make the key present with another type. */
	if (!(arriving->party.flags & MARK_PRESENT) || kind == KIND_TTL || !key_has_other_type(arriving->key, kind))
		return;
	for (struct element *met = arriving->key->elements; met != NULL; met = met->next)
		if (met->kind < KIND_TYPES && met->kind != kind)
			count_element(conflicts, arriving, met, &(struct filter){ .wanted = MARK_PRESENT, .kind = KIND_KEY, .is_type_clash = true });
}
