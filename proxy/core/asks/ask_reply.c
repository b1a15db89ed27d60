/* Ask, answering: the siblings of an element with a context, and the explanation of why it looks as it does. */
#include "base/number.h"
#include "asked.h"
#include "proxy/core/conflicts/verdict.h"

/* Sorts the live versions, the newest first. */
static unsigned sorted_versions(const struct asks *asks, const struct element *element, const struct version **sorted)
{
	unsigned count = 0;
	for (unsigned i = 0; i < element->version_count; i++) {
		unsigned at = count;
		if (element->versions[i].is_outdone)
			continue;
		count++;
		for (; at > 0 && stamp_compare(&asks->causes->origins, &sorted[at - 1]->stamp, &element->versions[i].stamp) < 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &element->versions[i];
	}
	return count;
}

static void add_dot(const struct asks *asks, struct buffer *out, const struct stamp *stamp)
{
	const struct origin *origin = &asks->causes->origins.items[stamp->origin];
	buffer_add_text(out, asks->causes->origins.dcs[origin->dc]);
	buffer_add_byte(out, '/');
	buffer_add_uint64(out, origin->incarnation);
	buffer_add_byte(out, '/');
	buffer_add_uint64(out, stamp->seq);
}

static void add_sibling(const struct asks *asks, struct buffer *out, const struct version *version)
{
	struct buffer dot = { 0 }, ms = { 0 };
	add_dot(asks, &dot, &version->stamp);
	buffer_add_uint64(&ms, hlc_ms(version->stamp.hlc));
	buffer_add_text(out, "*4\r\n");
	if (version->is_present)
		resp_add_bulk(out, version->value);
	else
		buffer_add_text(out, "$-1\r\n");
	resp_add_bulk(out, slice_of(asks->causes->origins.dcs[asks->causes->origins.items[version->stamp.origin].dc]));
	resp_add_bulk(out, buffer_slice(&dot));
	buffer_add_byte(out, ':');
	buffer_add(out, buffer_slice(&ms));
	buffer_add_text(out, "\r\n");
	buffer_free(&dot);
	buffer_free(&ms);
}

static void add_array(struct buffer *out, uint64_t count)
{
	buffer_add_byte(out, '*');
	buffer_add_uint64(out, count);
	buffer_add_text(out, "\r\n");
}

void ask_reply_built(struct asks *asks, uint64_t token)
{
	struct effect *effect = effects_add(asks->step->effects, EFFECT_REPLY);
	effect->reply.token = token;
	/* Only the length is set here. More answers may follow in this step and move the buffer, so core.c sets the pointer in the end. */
	effect->reply.bytes = (struct slice){ NULL, asks->step->replies.len - asks->step->reply_at };
	asks->step->reply_at = asks->step->replies.len;
}

static void give(struct asks *asks, const struct asked *asked)
{
	if (asked->is_internal)
		asks->step->replies.len = asks->step->reply_at;
	else
		ask_reply_built(asks, asked->token);
}

void ask_reply_siblings(struct asks *asks, const struct asked *asked, const struct element *element)
{
	if (asked->is_internal)
		return;
	const struct version **sorted = memory_new((element->version_count + 1) * sizeof *sorted);
	unsigned count = sorted_versions(asks, element, sorted), present = 0;
	for (unsigned i = 0; i < count; i++)
		present += sorted[i]->is_present;
	struct buffer *out = &asks->step->replies, token = { 0 };
	token_write(asks, &token);
	buffer_add_text(out, "*2\r\n");
	resp_add_bulk(out, buffer_slice(&token));
	buffer_free(&token);
	/* The value is older than any version we know of: it has no dot. */
	if (count == 0 && asked->is_loaded && asked->has_value) {
		buffer_add_text(out, "*1\r\n*4\r\n");
		resp_add_bulk(out, asked->loaded);
		buffer_add_text(out, "$0\r\n\r\n$0\r\n\r\n:0\r\n");
	} else {
		add_array(out, present == 0 ? 0 : count);
		for (unsigned i = 0; i < count && present > 0; i++)
			add_sibling(asks, out, sorted[i]);
	}
	memory_free(sorted);
	give(asks, asked);
}

void ask_reply_ok(struct asks *asks, const struct asked *asked)
{
	buffer_add_text(&asks->step->replies, "+OK\r\n");
	give(asks, asked);
}

/* ---- why ---- */

static const char *reason(const struct asked *asked, const struct element *element)
{
	const struct rule *rule = element->key->policy->rule;
	bool is_field = asked->kind == KIND_HASH;
	if (element->version_count == 0 && asked->is_other_type)
		return is_field ? "the key is no hash, so it has no fields: ask for the key without FIELD"
		                : "the key is no string: of a hash ask for a FIELD; members of sets and sorted sets are not explained";
	if (element->version_count == 0 && asked->is_loaded && !asked->has_value)
		return is_field ? "there is no such field, and no write to it that some datacenter still lacks"
		                : "there is no such key, and no write to it that some datacenter still lacks";
	if (element->version_count == 0)
		return "settled: every datacenter has it, and what comes next covers it";
	if (element->version_count == 1)
		return "the only live version: it covers all others";
	return rule->reason;
}

static void add_line(struct asks *asks, struct buffer *line, unsigned *count)
{
	resp_add_bulk(&asks->step->text, buffer_slice(line));
	(*count)++;
	line->len = 0;
}

static void add_version_line(struct asks *asks, struct buffer *line, const struct version *version, bool is_winner)
{
	buffer_add_text(line, is_winner ? "winner: " : "live: ");
	add_dot(asks, line, &version->stamp);
	buffer_add_text(line, " hlc=");
	buffer_add_uint64(line, version->stamp.hlc);
	buffer_add_text(line, " time_ms=");
	buffer_add_uint64(line, hlc_ms(version->stamp.hlc));
	buffer_add_text(line, version->is_present ? " value=" : " removal");
	buffer_add(line, version->value);
}

void ask_reply_explain(struct asks *asks, const struct asked *asked, const struct element *element)
{
	struct buffer line = { 0 };
	unsigned count = 0;
	const struct policy *policy = element->key->policy;
	buffer_reset(&asks->step->text);
	buffer_add_text(&line, "rule: ");
	buffer_add_text(&line, policy->rule->name);
	buffer_add_text(&line, policy->index == UINT32_MAX ? " (no pattern matches: the default)" : " (pattern ");
	if (policy->index != UINT32_MAX) {
		buffer_add(&line, policy->match);
		buffer_add_byte(&line, ')');
	}
	add_line(asks, &line, &count);
	buffer_add_text(&line, "why: ");
	buffer_add_text(&line, reason(asked, element));
	add_line(asks, &line, &count);
	struct verdict verdict = element_verdict(asks->keyspace, element);
	const struct version **sorted = memory_new((element->version_count + 1) * sizeof *sorted);
	unsigned versions = sorted_versions(asks, element, sorted);
	for (unsigned i = 0; i < versions; i++) {
		add_version_line(asks, &line, sorted[i], sorted[i] == verdict.decider);
		add_line(asks, &line, &count);
	}
	memory_free(sorted);
	if (verdict.has_deltas) {
		buffer_add_text(&line, "increments it has not seen: ");
		buffer_add_long_double(&line, verdict.sum);
		add_line(asks, &line, &count);
	}
	if (verdict.has_patches) {
		buffer_add_text(&line, "parts written over it (APPEND, SETRANGE, SETBIT, BITFIELD, PFADD, PFMERGE), which it has not seen: they stay");
		add_line(asks, &line, &count);
	}
	buffer_free(&line);
	add_array(&asks->step->replies, count);
	buffer_add(&asks->step->replies, buffer_slice(&asks->step->text));
	give(asks, asked);
}
