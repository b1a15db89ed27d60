/* Stream: which entries it holds once every write to it is known, by rule 14 of docs/replication-model.md. An entry is there if some write added it that
 * nothing has removed which had seen it. */
#include <stdlib.h>

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
	if (fact->kind != FACT_TRIM)
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
		if (survives(stream, touch, false)) {
			outcome->is_stream = true;
			id = id_of(stream->auditor, fact->kind == FACT_SET ? fact->element : fact->value);
			last = id_order(id, last) > 0 ? id : last;
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
