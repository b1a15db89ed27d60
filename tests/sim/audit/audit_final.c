/* The end: compares every store with the outcome of all writes, and checks that every answered write was kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_record.h"

/* ---- stores against outcomes ---- */

static bool element_is_right(const struct auditor *auditor, const struct sim_key *key, const struct outcome_element *expected)
{
	const struct sim_element *element = sim_key_element(key, expected->element);
	long double number;

	if (element == NULL || key->type != expected->type)
		return false;
	if (key->type == SIM_SET)
		return true;
	if (expected->is_text)
		return element->value == expected->value;
	number = key->type == SIM_ZSET ? (long double)element->score : strtold(pool_text(auditor->options.pool, element->value).ptr, NULL);
	if (number == expected->number)
		return true;
	return (expected->is_fraction || expected->number != floorl(expected->number)) && fabsl(number - expected->number) < 1e-6L * (1 + fabsl(number));
}

/* A key that ceases to exist for a while, because it is cleared or runs empty, loses its deadline in Redis, and no write says so. Then the deadline
 * is only compared between DCs. */
static bool deadline_is_certain(const struct audited_key *key)
{
	for (unsigned i = 0; i < key->count; i++) {
		enum fact_kind kind = key->touches[i].fact->kind;

		if (kind != FACT_SET && kind != FACT_DELTA && kind != FACT_DEADLINE)
			return false;
	}
	return true;
}

static bool key_is_right(const struct auditor *auditor, const struct audited_key *key, const struct sim_key *found,
                         const struct key_outcome *outcome, uint64_t clock_ms)
{
	bool is_past = outcome->deadline_ms != 0 && outcome->deadline_ms <= (int64_t)clock_ms;

	if (found == NULL)
		return (outcome->count == 0 && !outcome->is_stream) || is_past;
	if (outcome->is_stream && (found->type != SIM_STREAM || found->last_ms != outcome->last_ms || found->last_seq != outcome->last_seq))
		return false;
	if (outcome->is_stream && !audit_parts_are_right(auditor, found, outcome))
		return false;
	if (found->count != outcome->count || (deadline_is_certain(key) && found->expire_at_ms != outcome->deadline_ms))
		return false;
	for (unsigned i = 0; i < outcome->count; i++)
		if (!element_is_right(auditor, found, &outcome->elements[i]))
			return false;
	return true;
}

static void describe_key(const struct auditor *auditor, const struct sim_key *key, struct buffer *out)
{
	static const char *const types[] = { "string", "hash", "set", "zset", "list", "stream" };

	buffer_add_text(out, key == NULL ? "absent" : types[key->type]);
	for (unsigned i = 0; key != NULL && i < key->count; i++) {
		char score[64];

		buffer_add_text(out, " ");
		buffer_add(out, pool_text(auditor->options.pool, key->elements[i].name));
		buffer_add_text(out, "=");
		buffer_add(out, pool_text(auditor->options.pool, key->elements[i].value));
		snprintf(score, sizeof(score), "%.17g", key->elements[i].score);
		buffer_add_text(out, key->type == SIM_ZSET ? score : "");
	}
	for (unsigned i = 0; key != NULL && i < key->part_count; i++) {
		buffer_add_text(out, " ");
		buffer_add(out, pool_text(auditor->options.pool, key->parts[i].name));
		buffer_add_text(out, "=");
		buffer_add(out, pool_text(auditor->options.pool, key->parts[i].value));
	}
	if (key != NULL && key->type == SIM_STREAM) {
		buffer_add_text(out, " up to ");
		buffer_add_uint64(out, key->last_ms);
		buffer_add_text(out, "-");
		buffer_add_uint64(out, key->last_seq);
	}
	if (key != NULL && key->expire_at_ms != 0) {
		buffer_add_text(out, " until ");
		buffer_add_int64(out, key->expire_at_ms);
	}
	buffer_add_byte(out, '\0');
}

static void describe_outcome(const struct auditor *auditor, const struct key_outcome *outcome, struct buffer *out)
{
	static const char *const types[] = { "string", "hash", "set", "zset", "list", "stream" };

	buffer_add_text(out, outcome->count == 0 ? "absent" : types[outcome->elements[0].type]);
	for (unsigned i = 0; i < outcome->count; i++) {
		const struct outcome_element *element = &outcome->elements[i];
		char number[64];

		buffer_add_text(out, " ");
		buffer_add(out, pool_text(auditor->options.pool, element->element));
		buffer_add_text(out, "=");
		snprintf(number, sizeof(number), "%.17Lg", element->number);
		buffer_add_text(out, element->is_text ? pool_text(auditor->options.pool, element->value).ptr : number);
	}
	for (unsigned i = 0; i < outcome->part_count; i++) {
		buffer_add_text(out, " ");
		buffer_add(out, pool_text(auditor->options.pool, outcome->parts[i].element));
		buffer_add_text(out, "=");
		buffer_add(out, pool_text(auditor->options.pool, outcome->parts[i].value));
	}
	if (outcome->is_stream) {
		buffer_add_text(out, " stream up to ");
		buffer_add_uint64(out, outcome->last_ms);
		buffer_add_text(out, "-");
		buffer_add_uint64(out, outcome->last_seq);
	}
	if (outcome->deadline_ms != 0) {
		buffer_add_text(out, " until ");
		buffer_add_int64(out, outcome->deadline_ms);
	}
	buffer_add_byte(out, '\0');
}

static void describe_touches(struct auditor *auditor, const struct audited_key *key)
{
	for (unsigned i = 0; i < key->count; i++) {
		const struct touch *touch = &key->touches[i];
		const struct facts one = { .items = (struct fact *)(uintptr_t)touch->fact, .count = 1 };
		struct buffer seen = { .len = 0 };

		for (unsigned origin = 0; origin < touch->write->seen.count; origin++) {
			if (vector_at(&touch->write->seen, origin) == 0 || origin == touch->write->origin)
				continue;
			buffer_add_text(&seen, " ");
			buffer_add_text(&seen, audit_dot(auditor, origin, vector_at(&touch->write->seen, origin)));
		}
		buffer_add_byte(&seen, '\0');
		buffer_add_text(&auditor->report, "      ");
		buffer_add_text(&auditor->report, audit_dot(auditor, touch->write->origin, touch->write->seq));
		buffer_add_text(&auditor->report, " at ");
		buffer_add_uint64(&auditor->report, touch->write->hlc);
		buffer_add_text(&auditor->report, " [");
		buffer_add_text(&auditor->report, audit_facts_text(auditor, &one));
		buffer_add_text(&auditor->report, "] saw");
		buffer_add_text(&auditor->report, seen.ptr);
		buffer_add_text(&auditor->report, "\n");
		buffer_free(&seen);
	}
}

static void key_find(struct auditor *auditor, const struct audited_key *key, const struct key_outcome *outcome, unsigned dc)
{
	struct buffer found = { .len = 0 }, expected = { .len = 0 };

	describe_key(auditor, sim_store_find(auditor->dcs[dc].store, key->db, key->key), &found);
	describe_outcome(auditor, outcome, &expected);
	auditor_find(auditor, "%s: %s in db %u is [%s], must be [%s]:", auditor->options.dc_names[dc], pool_text(auditor->options.pool, key->key).ptr, key->db,
	             found.ptr, expected.ptr);
	buffer_free(&found);
	buffer_free(&expected);
}

static bool key_is_equal(const struct sim_key *a, const struct sim_key *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->last_ms != b->last_ms || a->last_seq != b->last_seq)
		return false;
	if (a->type != b->type || a->count != b->count || a->expire_at_ms != b->expire_at_ms)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		const struct sim_element *other = sim_key_element(b, a->elements[i].name);

		if (other == NULL || other->value != a->elements[i].value || other->score != a->elements[i].score)
			return false;
	}
	return true;
}

void audit_store_key(struct auditor *auditor, unsigned dc, const struct audited_key *key, const struct key_outcome *outcome)
{
	if (key_is_right(auditor, key, sim_store_find(auditor->dcs[dc].store, key->db, key->key), outcome, auditor->dcs[dc].clock_ms))
		return;
	key_find(auditor, key, outcome, dc);
	describe_touches(auditor, key);
}

static void judge_key(struct auditor *auditor, const struct audited_key *key, struct key_outcome *outcome)
{
	const struct sim_key *first = sim_store_find(auditor->dcs[0].store, key->db, key->key);
	struct slice name = pool_text(auditor->options.pool, key->key);
	bool is_changed = auditor->is_changed != NULL && auditor->is_changed(name), is_wrong = false;

	audit_outcome(auditor, key->touches, key->count, auditor->options.rule_of(name), outcome);
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		const struct sim_key *mine = sim_store_find(auditor->dcs[dc].store, key->db, key->key);

		if ((!is_changed && !key_is_right(auditor, key, mine, outcome, auditor->dcs[dc].clock_ms)) || !key_is_equal(first, mine)) {
			key_find(auditor, key, outcome, dc);
			is_wrong = true;
		}
	}
	if (!is_changed)
		audit_unread(auditor, key, outcome);
	if (is_wrong)
		describe_touches(auditor, key);
}

/* Finds keys in the store that no write explains. */
static void judge_strays(struct auditor *auditor, struct audited_keys *keys)
{
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		const struct sim_store *store = auditor->dcs[dc].store;

		for (unsigned i = 0; i < sim_store_key_count(store); i++) {
			const struct sim_key *key = sim_store_key_at(store, i);

			if (key->db != SIM_RESERVED_DB && audited_key_find(keys, key->db, key->name)->count == 0 && !audit_is_exempt(auditor, key->db, key->name))
				auditor_find(auditor, "%s: %s exists, and no write explains it", auditor->options.dc_names[dc], pool_text(auditor->options.pool, key->name).ptr);
		}
	}
}

/* ---- promises ---- */

static void judge_write(struct auditor *auditor, unsigned dc, const struct audited_write *write)
{
	if (!write->is_shipped) {
		if (!write->is_executed || (write->is_rewound && (write->is_at_risk || !write->is_answered))) {
			auditor->lost_count += write->is_executed && write->is_answered;
			return;
		}
		auditor_find(auditor, "%s is lost: executed%s, never shipped", audit_dot(auditor, write->origin, write->seq), write->is_answered ? " and acknowledged" : "");
		return;
	}
	for (unsigned other = 0; other < auditor->options.dc_count; other++)
		if (other != dc && vector_at(&auditor->dcs[other].applied, write->origin) < write->seq)
			auditor_find(auditor, "%s has not reached %s", audit_dot(auditor, write->origin, write->seq), auditor->options.dc_names[other]);
}

static void judge_promises(struct auditor *auditor)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++) {
			const struct audited_write *write = audit_find(auditor, origin, seq);

			if (write != NULL)
				judge_write(auditor, auditor->origins[origin].dc, write);
		}
	}
}

/* The hybrid clock (HLC) extends happens-before: no write that another one has seen may have a later time. */
static void judge_clocks(struct auditor *auditor)
{
	for (unsigned origin = 0; origin < auditor->origin_count; origin++) {
		for (uint64_t seq = 1; seq <= auditor->origins[origin].count; seq++) {
			const struct audited_write *write = audit_find(auditor, origin, seq);

			for (unsigned i = 0; write != NULL && write->is_shipped && i < write->seen.count; i++) {
				const struct audited_write *cause = i == origin ? NULL : audit_find(auditor, i, vector_at(&write->seen, i));

				if (cause != NULL && cause->is_shipped && cause->hlc >= write->hlc)
					auditor_find(auditor, "%s saw %s and is not newer", audit_dot(auditor, origin, seq), audit_dot(auditor, i, cause->seq));
			}
		}
	}
}

/* ---- the end ---- */

void auditor_store_final(struct auditor *auditor, unsigned dc, const struct sim_store *store, uint64_t clock_ms)
{
	auditor->dcs[dc].store = store;
	auditor->dcs[dc].clock_ms = clock_ms;
}

void auditor_status_final(struct auditor *auditor, unsigned dc, const struct told_status *status)
{
	const char *name = auditor->options.dc_names[dc];

	if (status->keys != 0 || status->elements != 0)
		auditor_find(auditor, "%s still has metadata of %llu keys, %llu elements", name, (unsigned long long)status->keys,
		             (unsigned long long)status->elements);
	if (status->peers_with_other_rules != 0)
		auditor_find(auditor, "%s still says that another's rules differ", name);
	if (status->outbox_events != 0)
		auditor_find(auditor, "%s still owes its log %llu events", name, (unsigned long long)status->outbox_events);
	if (status->held_events != 0)
		auditor_find(auditor, "%s still holds %llu events back", name, (unsigned long long)status->held_events);
}

void auditor_conclude(struct auditor *auditor)
{
	struct audited_keys keys = { .count = 0 };
	struct key_outcome outcome = { .count = 0 };

	audit_drop_forgotten(auditor);
	audited_keys_gather(auditor, &keys);
	for (unsigned i = 0; i < keys.count; i++)
		if (!audit_is_exempt(auditor, keys.items[i].db, keys.items[i].key))
			judge_key(auditor, &keys.items[i], &outcome);
	judge_strays(auditor, &keys);
	judge_promises(auditor);
	judge_clocks(auditor);
	audit_chosen_ids(auditor, &keys);
	audit_conflicts(auditor, &keys);
	audit_asks(auditor, &keys);
	audit_handlings(auditor, &keys);
	audit_records(auditor, &keys);
	audit_dots(auditor);
	audit_homes(auditor);
	free(outcome.elements);
	free(outcome.parts);
	audited_keys_free(&keys);
}
