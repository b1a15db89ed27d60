/* Conflicts query (see conflicts_query.h). */
#include "conflicts_query.h"

#include "base/text.h"
#include "proxy/core/rules/glob.h"
#include "proxy/core/rules/rule.h"

static bool set_kind(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_status(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_rule(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_older(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_count(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_match(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_peer(struct conflicts_query *query, struct slice value, struct buffer *error);
static bool set_cursor(struct conflicts_query *query, struct slice value, struct buffer *error);

static const struct {
	const char *name;
	bool (*set)(struct conflicts_query *query, struct slice value, struct buffer *error);
} words[] = {
	{ "match", set_match }, { "rule", set_rule },   { "kind", set_kind },   { "status", set_status },
	{ "peer", set_peer },   { "older", set_older }, { "count", set_count }, { "cursor", set_cursor },
};

#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

static int word_find(struct slice name)
{
	for (size_t i = 0; i < WORD_COUNT; i++) {
		if (slice_equal_nocase(name, slice_of(words[i].name)))
			return (int)i;
	}
	return -1;
}

bool conflicts_query_knows(struct slice name)
{
	return word_find(name) >= 0;
}

bool conflicts_query_set(struct conflicts_query *query, struct slice name, struct slice value, struct buffer *error)
{
	int index = word_find(name);
	if (index >= 0)
		return words[index].set(query, value, error);
	buffer_add_format(error, "'%.*s' is no filter, choose among", (int)(name.len < 64 ? name.len : 64), name.ptr);
	for (size_t i = 0; i < WORD_COUNT; i++)
		buffer_add_format(error, "%s %s", i > 0 ? "," : "", words[i].name);
	return false;
}

void conflicts_query_free(struct conflicts_query *query)
{
	buffer_free(&query->match);
	buffer_free(&query->rule);
	buffer_free(&query->peer);
	buffer_free(&query->id);
	buffer_free(&query->cursor);
	*query = (struct conflicts_query){ 0 };
}

/* ---- the words ---- */

static void keep(struct buffer *place, struct slice value)
{
	buffer_reset(place);
	buffer_add(place, value);
}

static bool set_match(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	(void)error;
	keep(&query->match, value);
	return true;
}

static bool set_peer(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	(void)error;
	keep(&query->peer, value);
	return true;
}

static bool set_cursor(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	(void)error;
	keep(&query->cursor, value);
	return true;
}

/* The words that a filter's value can be: TEXT_OF the numbers from FIRST up to END. */
struct vocabulary {
	const char *what;
	const char *(*text_of)(unsigned index);
	unsigned first, end;
};

/* "'VALUE' is no kind, choose a, b or c" */
static void add_choice(struct buffer *error, struct slice value, const struct vocabulary *vocabulary)
{
	buffer_add_format(error, "'%.*s' is no %s, choose", (int)(value.len < 64 ? value.len : 64), value.ptr, vocabulary->what);
	for (unsigned i = vocabulary->first; i < vocabulary->end; i++)
		buffer_add_format(error, "%s %s", i == vocabulary->first ? "" : i + 1 == vocabulary->end ? " or" : ",", vocabulary->text_of(i));
}

static const char *record_kind_word(unsigned index)
{
	return record_kind_text((enum record_kind)index);
}

static const char *status_text(unsigned index)
{
	return record_status_text((enum record_status)index);
}

static const char *rule_text(unsigned index)
{
	return rule_at(index)->name;
}

static bool set_kind(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	for (unsigned i = 1; i < RECORD_KIND_COUNT; i++) {
		if (slice_equal_nocase(value, slice_of(record_kind_word(i)))) {
			query->kind = (enum record_kind)i;
			return true;
		}
	}
	add_choice(error, value, &(struct vocabulary){ "kind", record_kind_word, 1, RECORD_KIND_COUNT });
	return false;
}

static bool set_status(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	for (unsigned i = 1; i < RECORD_STATUS_COUNT; i++) {
		if (slice_equal_nocase(value, slice_of(status_text(i)))) {
			query->status = (enum record_status)i;
			return true;
		}
	}
	add_choice(error, value, &(struct vocabulary){ "status", status_text, 1, RECORD_STATUS_COUNT });
	return false;
}

static bool set_rule(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	unsigned count = 0;
	while (rule_at(count) != NULL)
		count++;
	if (rule_find(value) == NULL) {
		add_choice(error, value, &(struct vocabulary){ "rule", rule_text, 0, count });
		return false;
	}
	keep(&query->rule, value);
	return true;
}

static bool set_older(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	int64_t seconds;
	if (!slice_to_int64(value, &seconds) || seconds < 0 || seconds > INT64_MAX / 1000) {
		buffer_add_text(error, "older is no age, write a whole number of seconds");
		return false;
	}
	query->older_ms = (uint64_t)seconds * 1000;
	return true;
}

static bool set_count(struct conflicts_query *query, struct slice value, struct buffer *error)
{
	int64_t count;
	if (!slice_to_int64(value, &count) || count < 1 || count > CONFLICTS_COUNT_MAX) {
		buffer_add_format(error, "count is out of range, choose between 1 and %u", CONFLICTS_COUNT_MAX);
		return false;
	}
	query->count = (unsigned)count;
	return true;
}

/* ---- one record ---- */

static bool has_side_of(const struct record *record, struct slice dc)
{
	for (unsigned i = 0; i < record->side_count; i++) {
		if (slice_equal(record->sides[i].dot.dc, dc))
			return true;
	}
	return false;
}

bool conflicts_query_matches(const struct conflicts_query *query, const struct record *record, uint64_t now_ms)
{
	if (query->id.len > 0)
		return slice_equal(record->id, buffer_slice(&query->id));
	if (record->merged_into.len > 0)
		return false;
	if (query->kind != 0 && record_told_kind(record) != query->kind)
		return false;
	if (query->status != 0 && record->status != query->status)
		return false;
	if (query->rule.len > 0 && !slice_equal_nocase(record->rule, buffer_slice(&query->rule)))
		return false;
	if (query->older_ms > 0 && (record->opened_hlc >> 16) + query->older_ms > now_ms)
		return false;
	if (query->peer.len > 0 && !has_side_of(record, buffer_slice(&query->peer)))
		return false;
	return query->match.len == 0 || glob_match(buffer_slice(&query->match), record->key);
}
