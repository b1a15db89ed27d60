/* Stream: which entries it holds once every write to it is known, by rule 14 of docs/replication-model.md. An entry is there if some write added it that
 * nothing has removed which had seen it. */
#include <stdlib.h>
#include <string.h>

#include "audit_outcome.h"

struct id { uint64_t ms, seq; };

static struct id id_of(const struct auditor *auditor, uint32_t text)
{
	struct id id = { 0, 0 };
	char *end = NULL;
	const char *start = pool_text(auditor->options.pool, text).ptr;

	id.ms = strtoull(start, &end, 10);
	if (*end == '-')
		id.seq = strtoull(end + 1, NULL, 10);
	return id;
}

static int id_order(struct id a, struct id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static bool clears(const struct fact *fact)
{
	return fact->kind == FACT_CLEAR || fact->kind == FACT_FLUSH || (fact->kind == FACT_SET && fact->type == SIM_STRING);
}

/* Does FACT remove what the entry ID was, if it has seen it? */
static bool removes(const struct audited_stream *stream, const struct fact *fact, uint32_t id)
{
	int order;

	if (fact->type != SIM_STREAM)
		return false;
	if (fact->kind == FACT_REMOVE || fact->kind == FACT_SET)
		return fact->element == id;
	if (fact->kind != FACT_TRIM || audit_is_part(pool_text(stream->auditor->options.pool, id)))
		return false;
	order = id_order(id_of(stream->auditor, id), id_of(stream->auditor, fact->value));
	return order < 0 || (order == 0 && fact->place == 1);
}

/* IS_ENTRY: the entry that TOUCH added; else that the stream was made present. */
static bool survives(const struct audited_stream *stream, const struct touch *touch, bool is_entry)
{
	for (unsigned i = 0; i < stream->count; i++) {
		const struct touch *other = &stream->touches[i];

		if (other->write == touch->write ? other->order <= touch->order || !removes(stream, other->fact, touch->fact->element) || other->fact->kind == FACT_TRIM
		                                 : !audit_covers(other->write, touch->write))
			continue;
		if (clears(other->fact) || (is_entry && removes(stream, other->fact, touch->fact->element)))
			return false;
	}
	return true;
}

/* Of several entries with one id, the newest. */
static bool is_newest(const struct audited_stream *stream, const struct touch *touch)
{
	for (unsigned i = 0; i < stream->count; i++) {
		const struct touch *other = &stream->touches[i];

		if (other->fact->kind == FACT_SET && other->fact->type == SIM_STREAM && other->fact->element == touch->fact->element && !stream->killed[i] &&
		    other->write != touch->write && survives(stream, other, true) && audit_compare(stream->auditor, other->write, touch->write) > 0)
			return false;
	}
	return true;
}

/* ---- consumer groups ---- */

bool audit_is_part(struct slice element)
{
	return element.len > 0 && (element.ptr[0] < '0' || element.ptr[0] > '9');
}

bool audit_is_pending(struct slice element)
{
	return element.len > 8 && memcmp(element.ptr, "pending:", 8) == 0;
}

struct slice audit_behind(struct slice text, char byte)
{
	const char *at = memchr(text.ptr, byte, text.len);

	return at == NULL ? text : (struct slice){ at + 1, text.len - (size_t)(at + 1 - text.ptr) };
}

/* An acknowledgement that nothing has covered. */
static bool is_acknowledged(const struct audited_stream *stream, uint32_t element)
{
	for (unsigned i = 0; i < stream->count; i++) {
		const struct touch *touch = &stream->touches[i];

		if (touch->fact->kind == FACT_REMOVE && touch->fact->place == 1 && touch->fact->type == SIM_STREAM && touch->fact->element == element &&
		    survives(stream, touch, true))
			return true;
	}
	return false;
}

/* Of several that are there: of a group the greatest last id, else the newest. */
static bool is_preferred(const struct audited_stream *stream, const struct touch *a, const struct touch *b, bool is_pending)
{
	int order = is_pending ? 0 : id_order(id_of(stream->auditor, a->fact->value), id_of(stream->auditor, b->fact->value));

	return order != 0 ? order > 0 : audit_compare(stream->auditor, a->write, b->write) > 0;
}

static bool has_part(const struct key_outcome *outcome, uint32_t element)
{
	for (unsigned i = 0; i < outcome->part_count; i++)
		if (outcome->parts[i].element == element)
			return true;
	return false;
}

static void judge_part(const struct audited_stream *stream, uint32_t element)
{
	struct key_outcome *outcome = stream->outcome;
	const struct touch *best = NULL;
	bool is_pending = audit_is_pending(pool_text(stream->auditor->options.pool, element));

	if (has_part(outcome, element) || is_acknowledged(stream, element))
		return;
	for (unsigned i = 0; i < stream->count; i++) {
		const struct touch *touch = &stream->touches[i];

		if (touch->fact->kind == FACT_SET && touch->fact->type == SIM_STREAM && touch->fact->element == element && !stream->killed[i] &&
		    survives(stream, touch, true) && (best == NULL || is_preferred(stream, touch, best, is_pending)))
			best = touch;
	}
	if (best == NULL)
		return;
	outcome->parts = array_grow(outcome->parts, outcome->part_count, &outcome->part_cap, sizeof(*outcome->parts));
	outcome->parts[outcome->part_count++] = (struct outcome_element){ .type = SIM_STREAM, .element = element, .is_text = true, .value = best->fact->value };
}

void audit_stream(const struct audited_stream *stream)
{
	struct key_outcome *outcome = stream->outcome;
	struct id last = { 0, 0 };

	for (unsigned i = 0; i < stream->count; i++) {
		const struct touch *touch = &stream->touches[i];
		const struct fact *fact = touch->fact;
		struct id id;

		if (fact->type != SIM_STREAM || (fact->kind != FACT_SET && fact->kind != FACT_REACH) || stream->killed[i])
			continue;
		bool is_part = fact->kind == FACT_SET && audit_is_part(pool_text(stream->auditor->options.pool, fact->element));
		if (survives(stream, touch, false)) {
			outcome->is_stream = true;
			id = id_of(stream->auditor, fact->kind == FACT_SET ? fact->element : fact->value);
			last = !is_part && id_order(id, last) > 0 ? id : last;
		}
		if (is_part) {
			judge_part(stream, fact->element);
			continue;
		}
		if (fact->kind != FACT_SET || !survives(stream, touch, true) || !is_newest(stream, touch))
			continue;
		outcome->elements = array_grow(outcome->elements, outcome->count, &outcome->cap, sizeof(*outcome->elements));
		outcome->elements[outcome->count++] =
			(struct outcome_element){ .type = SIM_STREAM, .element = fact->element, .is_text = true, .value = fact->value };
	}
	outcome->last_ms = last.ms;
	outcome->last_seq = last.seq;
}

/* Is it late, or is its entry gone? */
static bool is_own(const struct auditor *auditor, const struct sim_key *key, uint32_t element, uint32_t value)
{
	struct pool *pool = auditor->options.pool;
	struct slice name = pool_text(pool, element), id = audit_behind(name, ':');

	if (!audit_is_pending(name))
		return false;
	id.len -= audit_behind(id, ':').len + 1;
	return sim_key_element(key, pool_intern(pool, id)) == NULL || slice_equal(audit_behind(pool_text(pool, value), ' '), SLICE("homeport:late"));
}

static const struct sim_element *part_of(const struct sim_key *key, uint32_t name)
{
	for (unsigned i = 0; i < key->part_count; i++)
		if (key->parts[i].name == name)
			return &key->parts[i];
	return NULL;
}

bool audit_parts_are_right(const struct auditor *auditor, const struct sim_key *key, const struct key_outcome *outcome)
{
	for (unsigned i = 0; i < outcome->part_count; i++) {
		const struct sim_element *part = part_of(key, outcome->parts[i].element);

		if (!is_own(auditor, key, outcome->parts[i].element, outcome->parts[i].value) && (part == NULL || part->value != outcome->parts[i].value))
			return false;
	}
	for (unsigned i = 0; i < key->part_count; i++)
		if (!is_own(auditor, key, key->parts[i].name, key->parts[i].value) && !has_part(outcome, key->parts[i].name))
			return false;
	return true;
}

/* ---- what nobody was given ---- */

/* The greatest id that somebody chose for the group, not by reading. */
static struct id floor_of(const struct auditor *auditor, const struct audited_key *key, uint32_t group)
{
	struct id floor = { 0, 0 };

	for (unsigned i = 0; i < key->count; i++) {
		const struct touch *touch = &key->touches[i];
		bool is_read = false;

		if (touch->fact->kind != FACT_SET || touch->fact->type != SIM_STREAM || touch->fact->element != group)
			continue;
		for (unsigned j = 0; j < key->count; j++)
			is_read |= key->touches[j].write == touch->write && key->touches[j].fact->type == SIM_STREAM &&
			           audit_is_pending(pool_text(auditor->options.pool, key->touches[j].fact->element));
		if (!is_read && id_order(id_of(auditor, touch->fact->value), floor) > 0)
			floor = id_of(auditor, touch->fact->value);
	}
	return floor;
}

static bool was_given(const struct auditor *auditor, const struct audited_key *key, uint32_t pending)
{
	for (unsigned i = 0; i < key->count; i++)
		if (key->touches[i].fact->type == SIM_STREAM && key->touches[i].fact->element == pending)
			return true;
	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++) {
		const struct sim_key *found = sim_store_find(auditor->dcs[dc].store, key->db, key->key);

		if (found != NULL && part_of(found, pending) != NULL)
			return true;
	}
	return false;
}

void audit_unread(struct auditor *auditor, const struct audited_key *key, const struct key_outcome *outcome)
{
	struct pool *pool = auditor->options.pool;

	for (unsigned i = 0; i < key->count; i++)
		if (clears(key->touches[i].fact) || key->touches[i].fact->kind == FACT_DEADLINE || (key->touches[i].fact->type != SIM_STREAM))
			return;
	for (unsigned i = 0; i < outcome->part_count; i++) {
		struct slice group = audit_behind(pool_text(pool, outcome->parts[i].element), ':');
		struct id floor = floor_of(auditor, key, outcome->parts[i].element), cursor = id_of(auditor, outcome->parts[i].value);

		if (audit_is_pending(pool_text(pool, outcome->parts[i].element)))
			continue;
		for (unsigned j = 0; j < outcome->count; j++) {
			struct id id = id_of(auditor, outcome->elements[j].element);
			struct buffer name = { .len = 0 };

			buffer_add_text(&name, "pending:");
			buffer_add(&name, pool_text(pool, outcome->elements[j].element));
			buffer_add_text(&name, ":");
			buffer_add(&name, group);
			if (id_order(id, floor) > 0 && id_order(id, cursor) <= 0 && !was_given(auditor, key, pool_intern(pool, buffer_slice(&name))))
				auditor_find(auditor, "%s: entry %s is below the last id of group %.*s, and nobody was ever given it", pool_text(pool, key->key).ptr,
				             pool_text(pool, outcome->elements[j].element).ptr, (int)group.len, group.ptr);
			buffer_free(&name);
		}
	}
}

/* ---- ids ---- */

/* An XADD that left its id to the datacenter. */
static bool is_chosen(const struct auditor *auditor, const struct touch *touch)
{
	const struct client_request *request = touch->write->token == 0 ? NULL : requests_find(auditor->options.requests, touch->write->token);

	if (touch->fact->type != SIM_STREAM || touch->fact->kind != FACT_SET || request == NULL || request->is_ask)
		return false;
	for (unsigned i = 2; i < request->commands[touch->write->request_command].argc; i++)
		if (audit_is_word(request->commands[touch->write->request_command].argv[i], "*"))
			return true;
	return false;
}

/* None may come in front of what was said to be in order. */
static void judge_order(struct auditor *auditor, const struct touch *touch)
{
	struct id id = id_of(auditor, touch->fact->element);

	for (unsigned dc = 0; dc < auditor->options.dc_count; dc++)
		if (!touch->write->is_early && id.ms < touch->write->ordered_ms[dc])
			auditor_find(auditor, "%s adds the entry %s, and %s had said before that all up to %llu are there", audit_dot(auditor, touch->write->origin, touch->write->seq),
			             pool_text(auditor->options.pool, touch->fact->element).ptr, auditor->options.dc_names[dc], (unsigned long long)touch->write->ordered_ms[dc]);
}

void audit_chosen_ids(struct auditor *auditor, const struct audited_keys *keys)
{
	for (unsigned k = 0; k < keys->count; k++)
		for (unsigned i = 0; i < keys->items[k].count; i++) {
			if (is_chosen(auditor, &keys->items[k].touches[i]))
				judge_order(auditor, &keys->items[k].touches[i]);
			for (unsigned j = 0; j < i && is_chosen(auditor, &keys->items[k].touches[i]); j++) {
				const struct touch *a = &keys->items[k].touches[i], *b = &keys->items[k].touches[j];

				if (a->write->origin != b->write->origin && a->fact->element == b->fact->element && is_chosen(auditor, b))
					auditor_find(auditor, "%s and %s chose the same id", audit_dot(auditor, a->write->origin, a->write->seq),
					             audit_dot(auditor, b->write->origin, b->write->seq));
			}
		}
}
