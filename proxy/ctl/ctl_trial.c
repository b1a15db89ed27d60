#include "ctl_trial.h"

#include "base/base64.h"
#include "proxy/core/core.h"
#include "proxy/core/wire/record.h"
#include "proxy/core/rules/glob.h"
#include "proxy/core/rules/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mark_competing(struct trial *trial);

/* ---- reading ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

/* The bytes told under NAME; false: none were. */
static bool read_bytes(const json_t *object, const char *name, struct buffer *out)
{
	const json_t *told = json_object_get(object, name);
	char encoding[64];
	if (!json_is_string(told))
		return false;
	struct slice text = { json_string_value(told), json_string_length(told) };
	snprintf(encoding, sizeof(encoding), "%s_encoding", name);
	if (json_object_get(object, encoding) != NULL)
		return base64_decode(text, out);
	buffer_add(out, text);
	return true;
}

/* "dc/incarnation/seq" */
static bool read_dot(const char *text, size_t *dc_len, uint64_t *incarnation, uint64_t *seq)
{
	const char *slash = strchr(text, '/'), *other = slash != NULL ? strchr(slash + 1, '/') : NULL;
	if (other == NULL)
		return false;
	*dc_len = (size_t)(slash - text);
	*incarnation = strtoull(slash + 1, NULL, 10);
	*seq = strtoull(other + 1, NULL, 10);
	return true;
}

/* "dc/<incarnation" */
static bool read_floor(const char *text, size_t *dc_len, uint64_t *incarnation)
{
	const char *slash = strchr(text, '/');
	if (slash == NULL || slash[1] != '<')
		return false;
	*dc_len = (size_t)(slash - text);
	*incarnation = strtoull(slash + 2, NULL, 10);
	return true;
}

static bool read_side(const json_t *told, struct trial_side *side)
{
	size_t dc_len;
	if (!read_dot(text_of(told, "dot"), &dc_len, &side->incarnation, &side->seq) || side->seq == 0)
		return false;
	side->dc = text_of(told, "dc");
	side->hlc = strtoull(text_of(told, "hlc"), NULL, 16);
	side->is_removal = json_is_true(json_object_get(told, "is_removal"));
	side->is_live = json_is_true(json_object_get(told, "is_live"));
	side->context = json_object_get(told, "context");
	side->is_hidden = !side->is_removal && !read_bytes(told, "value", &side->value);
	side->is_cut = (uint64_t)json_integer_value(json_object_get(told, "value_len")) > side->value.len;
	return *side->dc != '\0' && side->hlc != 0;
}

bool trial_read(struct trial *trial, const json_t *record)
{
	const json_t *sides = json_object_get(record, "sides");
	*trial = (struct trial){
		.id = text_of(record, "id"),
		.status = text_of(record, "status"),
		.kind = text_of(record, "kind"),
		.type = text_of(record, "type"),
		.rule = text_of(record, "rule"),
		.is_sum = !json_is_string(json_object_get(record, "winner")),
		.resolved_by = text_of(record, "resolved_by"),
	};
	bool is_good = *trial->id != '\0' && read_bytes(record, "key", &trial->key);
	if (!read_bytes(record, "element", &trial->element))
		buffer_reset(&trial->element);
	trial->sides = memory_new(json_array_size(sides) * sizeof(*trial->sides));
	while (is_good && trial->count < json_array_size(sides)) {
		is_good = read_side(json_array_get(sides, trial->count), &trial->sides[trial->count]);
		trial->count++;
	}
	if (!is_good) {
		trial_free(trial);
		return false;
	}
	mark_competing(trial);
	for (unsigned i = 0; i < trial->count; i++)
		if (strcmp(text_of(json_array_get(sides, i), "dot"), text_of(record, "winner")) == 0)
			trial->winner = &trial->sides[i];
	if (!trial->is_sum && trial->winner == NULL)
		trial->is_resolution_hidden = !read_bytes(record, "value", &trial->resolution);
	return true;
}

void trial_free(struct trial *trial)
{
	for (unsigned i = 0; i < trial->count; i++)
		buffer_free(&trial->sides[i].value);
	memory_free(trial->sides);
	buffer_free(&trial->key);
	buffer_free(&trial->element);
	buffer_free(&trial->resolution);
	*trial = (struct trial){ 0 };
}

/* ---- who competes ---- */

static bool is_same_origin(const struct trial_side *side, const char *dot, size_t dc_len, uint64_t incarnation)
{
	return incarnation == side->incarnation && strlen(side->dc) == dc_len && memcmp(side->dc, dot, dc_len) == 0;
}

/* Had NEWER seen OLDER? */
static bool has_seen(const struct trial_side *newer, const struct trial_side *older)
{
	const json_t *told;
	size_t i, dc_len;
	uint64_t incarnation, seq;
	if (is_same_origin(newer, older->dc, strlen(older->dc), older->incarnation))
		return newer->seq > older->seq;
	bool is_below = false;
	json_array_foreach(newer->context, i, told) {
		const char *position = json_is_string(told) ? json_string_value(told) : "";
		if (read_dot(position, &dc_len, &incarnation, &seq) && is_same_origin(older, position, dc_len, incarnation))
			return seq >= older->seq;
		is_below |= read_floor(position, &dc_len, &incarnation) && older->incarnation < incarnation && is_same_origin(older, position, dc_len, older->incarnation);
	}
	return is_below;
}

/* Of an open conflict the record says which sides are alive. Else they are those that no other had seen. */
static void mark_competing(struct trial *trial)
{
	bool has_live = false;
	for (unsigned i = 0; i < trial->count; i++)
		has_live |= trial->sides[i].is_live;
	for (unsigned i = 0; i < trial->count; i++) {
		struct trial_side *side = &trial->sides[i];
		side->is_competing = !has_live || side->is_live;
		for (unsigned j = 0; j < trial->count && !has_live; j++)
			side->is_competing &= j == i || !has_seen(&trial->sides[j], side);
	}
}

/* ---- deciding ---- */

const struct settings_rule *trial_rule(const struct trial *trial, const struct settings *settings)
{
	for (unsigned i = 0; i < settings->rule_count; i++)
		if (glob_match(slice_of(settings->rules[i].match), buffer_slice(&trial->key)))
			return &settings->rules[i];
	return NULL;
}

/* The sides' datacenters, each once. */
static unsigned list_dcs(const struct trial *trial, const char *dcs[CORE_DCS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < trial->count; i++) {
		unsigned known = 0;
		while (known < count && strcmp(dcs[known], trial->sides[i].dc) != 0)
			known++;
		if (known == count && count < CORE_DCS_MAX)
			dcs[count++] = trial->sides[i].dc;
	}
	return count;
}

/* As the core ranks them: those that the order does not name come last. */
static void rank_dcs(struct policy *policy, const struct settings_rule *rule, const struct origins *origins)
{
	for (unsigned dc = 0; dc < origins->dc_count; dc++) {
		policy->ranks[dc] = 0;
		while (policy->ranks[dc] < rule->order_count && strcmp(rule->order[policy->ranks[dc]], origins->dcs[dc]) != 0)
			policy->ranks[dc]++;
	}
}

static unsigned make_versions(const struct trial *trial, struct origins *origins, struct version *versions)
{
	unsigned count = 0;
	for (unsigned i = 0; i < trial->count; i++) {
		const struct trial_side *side = &trial->sides[i];
		int origin = side->is_competing ? origins_get(origins, slice_of(side->dc), side->incarnation) : -1;
		if (origin < 0)
			continue;
		versions[count++] = (struct version){
			.stamp = { .seq = side->seq, .hlc = side->hlc, .origin = (unsigned)origin },
			.is_present = !side->is_removal,
		};
	}
	return count;
}

static const struct trial_side *side_of(const struct trial *trial, const struct origins *origins, const struct version *version)
{
	for (unsigned i = 0; version != NULL && i < trial->count; i++) {
		const struct trial_side *side = &trial->sides[i];
		const struct origin *origin = &origins->items[version->stamp.origin];
		if (side->seq == version->stamp.seq && side->incarnation == origin->incarnation && strcmp(side->dc, origins->dcs[origin->dc]) == 0)
			return side;
	}
	return NULL;
}

const struct trial_side *trial_decide(const struct trial *trial, const struct settings_rule *rule)
{
	if (trial->is_sum)
		return NULL;
	const char *dcs[CORE_DCS_MAX];
	struct origins origins = { .dcs = dcs, .dc_count = list_dcs(trial, dcs) };
	struct policy policy = { .rule = rule != NULL ? rule_find(slice_of(rule->rule)) : &rule_lww };
	struct key key = { .policy = &policy };
	struct element element = { .key = &key, .versions = memory_new(trial->count * sizeof(*element.versions)) };
	struct keyspace keyspace = { .origins = &origins };
	if (rule != NULL)
		rank_dcs(&policy, rule, &origins);
	element.version_count = make_versions(trial, &origins, element.versions);
	const struct trial_side *side = side_of(trial, &origins, policy.rule->decide(&keyspace, &element));
	memory_free(element.versions);
	origins_free(&origins);
	return side;
}

/* ---- handlers ---- */

bool trial_is_mergeable(const struct trial *trial)
{
	return !trial->is_sum && (strcmp(trial->type, "string") == 0 || strcmp(trial->type, "hash") == 0) &&
	       strcmp(trial->kind, record_kind_text(RECORD_TYPE_CLASH)) != 0;
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct trial_side *const *one = a, *const *other = b;
	if ((*one)->hlc != (*other)->hlc)
		return (*one)->hlc < (*other)->hlc ? 1 : -1;
	return -strcmp((*one)->dc, (*other)->dc);
}

bool trial_handle(const struct trial *trial, const struct handler *handler, struct buffer *result, struct buffer *error)
{
	const struct trial_side **sides = memory_new(trial->count * sizeof(*sides));
	struct handler_version *versions = memory_new(trial->count * sizeof(*versions));
	struct handler_call call = {
		.key = buffer_slice(&trial->key),
		.is_field = strcmp(trial->type, "hash") == 0,
		.field = buffer_slice(&trial->element),
		.versions = versions,
	};
	const char *missing = NULL;
	for (unsigned i = 0; i < trial->count; i++)
		if (trial->sides[i].is_competing)
			sides[call.count++] = &trial->sides[i];
	qsort(sides, call.count, sizeof(*sides), compare_newest_first);
	for (unsigned i = 0; i < call.count; i++) {
		if (sides[i]->is_hidden || sides[i]->is_cut)
			missing = sides[i]->is_hidden ? "the values are hidden, give --password-file" : "the record has not the whole value (conflicts.value_max)";
		versions[i] = (struct handler_version){
			.dc = slice_of(sides[i]->dc),
			.is_present = !sides[i]->is_removal,
			.value = buffer_slice(&sides[i]->value),
			.time_ms = sides[i]->hlc >> 16,
		};
	}
	bool is_done = missing == NULL && handler_run(handler, &call, result, error);
	if (missing != NULL)
		buffer_add_text(error, missing);
	memory_free(versions);
	memory_free(sides);
	return is_done;
}
