/* Conflicts report (see conflicts_report.h). Each record counts once for its key, once for its key's prefix, and once for each command and each
 * client among its sides. */
#include "conflicts_report.h"

#include "base/table.h"
#include "conflicts_jobs.h"
#include "conflicts_reader.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 100000u            /* of each group; records with further names count only in the totals */
#define TOLD_DEFAULT 10u

enum group { GROUP_KEYS, GROUP_PREFIXES, GROUP_COMMANDS, GROUP_CLIENTS, GROUP_COUNT };

static const char *const group_names[GROUP_COUNT] = { "keys", "prefixes", "commands", "clients" };

struct name {
	struct table_node node;
	struct slice text;           /* owned */
	uint64_t conflicts, open, pairs;
	uint64_t counted_at;         /* number of the record that was counted last: a record counts once for a name */
};

struct tally {
	struct table names;
	uint64_t left_out;           /* records whose name found no room */
};

struct conflicts_report {
	struct conflicts_job job;
	struct conflicts_query query;
	struct conflicts_reporter reporter;
	struct conflicts_reader *reader;     /* owned; under way */
	struct tally tallies[GROUP_COUNT];
	uint64_t records, open, pairs;
};

static void report_end(struct conflicts_report *report, const char *error);
static bool report_take(void *context, const struct record *record, struct slice bytes, struct slice entry);
static void report_on_hash_read(void *context, const char *error);
static void report_on_stream_read(void *context, const char *error);

/* ---- names ---- */

static struct name *name_of(struct table_node *node)
{
	return (struct name *)node;
}

static struct name *name_find(const struct tally *tally, struct slice text, uint64_t hash)
{
	for (struct table_node *node = table_first(&tally->names, hash); node != NULL; node = table_same(node)) {
		if (slice_equal(name_of(node)->text, text))
			return name_of(node);
	}
	return NULL;
}

static void tally_count(struct conflicts_report *report, enum group group, struct slice text, const struct record *record)
{
	struct tally *tally = &report->tallies[group];
	uint64_t hash = slice_hash(text);
	struct name *name = name_find(tally, text, hash);
	if (name == NULL && tally->names.count == NAMES_MAX) {
		tally->left_out++;
		return;
	}
	if (name == NULL) {
		name = memory_new(sizeof(*name));
		name->text = buffer_copy(text);
		table_add(&tally->names, &name->node, hash);
	}
	if (name->counted_at == report->records)
		return;
	name->counted_at = report->records;
	name->conflicts++;
	name->open += record->status == RECORD_OPEN;
	name->pairs += record->pairs;
}

static void name_free(void *context, struct table_node *node)
{
	table_remove(context, node);
	memory_free((void *)name_of(node)->text.ptr);
	memory_free(node);
}

/* ---- the job ---- */

static void report_free(struct conflicts_report *report)
{
	conflicts_reader_stop(report->reader);
	conflicts_query_free(&report->query);
	for (unsigned i = 0; i < GROUP_COUNT; i++) {
		table_each(&report->tallies[i].names, name_free, &report->tallies[i].names);
		table_free(&report->tallies[i].names);
	}
	memory_free(report);
}

static void report_drop(struct conflicts_job *job)
{
	report_end((struct conflicts_report *)job, CONFLICTS_STOPPING);
}

void conflicts_sum_up(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_reporter *reporter)
{
	struct conflicts_report *report = memory_new(sizeof(*report));
	report->query = *query;
	*query = (struct conflicts_query){ 0 };
	report->reporter = *reporter;
	if (!conflicts_enter(conflicts, &report->job, report_drop)) {
		report_free(report);
		reporter->reported(reporter->context, NULL, CONFLICTS_BUSY);
		return;
	}
	report->reader = conflicts_reader_open(conflicts->turn, &(struct conflicts_reading){ report, report_take, report_on_hash_read });
}

/* "user:" of "user:1:name": the pattern that somebody would write a rule for. A key without a colon is its own prefix. */
static struct slice prefix_of(struct slice key)
{
	const char *colon = key.len == 0 ? NULL : memchr(key.ptr, ':', key.len);
	return colon == NULL ? key : (struct slice){ key.ptr, (size_t)(colon + 1 - key.ptr) };
}

static bool report_take(void *context, const struct record *record, struct slice bytes, struct slice entry)
{
	struct conflicts_report *report = context;
	(void)bytes;
	(void)entry;
	if (!conflicts_query_matches(&report->query, record, conflicts_now_ms(report->job.conflicts)))
		return true;
	report->records++;
	report->open += record->status == RECORD_OPEN;
	report->pairs += record->pairs;
	tally_count(report, GROUP_KEYS, record->key, record);
	tally_count(report, GROUP_PREFIXES, prefix_of(record->key), record);
	for (unsigned i = 0; i < record->side_count; i++) {
		tally_count(report, GROUP_COMMANDS, record->sides[i].command, record);
		tally_count(report, GROUP_CLIENTS, record->sides[i].client, record);
	}
	return true;
}

static void report_end(struct conflicts_report *report, const char *error)
{
	conflicts_leave(&report->job);
	report->reporter.reported(report->reporter.context, error == NULL ? report : NULL, error);
	report_free(report);
}

static void report_on_hash_read(void *context, const char *error)
{
	struct conflicts_report *report = context;
	report->reader = NULL;
	if (error != NULL || report->query.status == RECORD_OPEN) {
		report_end(report, error);
		return;
	}
	struct conflicts_reading reading = { report, report_take, report_on_stream_read };
	report->reader = conflicts_reader_ended(report->job.conflicts->turn, (struct slice){ "", 0 }, &reading);
}

static void report_on_stream_read(void *context, const char *error)
{
	struct conflicts_report *report = context;
	report->reader = NULL;
	report_end(report, error);
}

/* ---- telling ---- */

struct names {
	const struct name **items;
	unsigned count;
};

static void names_add(void *context, struct table_node *node)
{
	struct names *names = context;
	names->items[names->count++] = name_of(node);
}

static int name_compare(const void *left, const void *right)
{
	const struct name *a = *(const struct name *const *)left, *b = *(const struct name *const *)right;
	if (a->conflicts != b->conflicts)
		return a->conflicts > b->conflicts ? -1 : 1;
	if (a->pairs != b->pairs)
		return a->pairs > b->pairs ? -1 : 1;
	return slice_compare(a->text, b->text);
}

static void tally_tell(const struct tally *tally, unsigned told_max, struct teller *teller, const char *group)
{
	struct names names = { memory_new(tally->names.count * sizeof(*names.items)), 0 };
	table_each(&tally->names, names_add, &names);
	qsort(names.items, names.count, sizeof(*names.items), name_compare);
	tell_list(teller, group);
	for (unsigned i = 0; i < names.count && i < told_max; i++) {
		const struct name *name = names.items[i];
		tell_object(teller, NULL);
		tell_bytes(teller, "name", name->text);
		tell_number(teller, "conflicts", name->conflicts);
		tell_number(teller, "open", name->open);
		tell_number(teller, "pairs", name->pairs);
		tell_end(teller);
	}
	tell_end(teller);
	memory_free(names.items);
}

void conflicts_report_tell(const struct conflicts_report *report, struct teller *teller)
{
	unsigned told_max = report->query.count == 0 ? TOLD_DEFAULT : report->query.count;
	tell_object(teller, NULL);
	tell_number(teller, "conflicts", report->records);
	tell_number(teller, "open", report->open);
	tell_number(teller, "pairs", report->pairs);
	for (enum group group = 0; group < GROUP_COUNT; group++)
		tally_tell(&report->tallies[group], told_max, teller, group_names[group]);
	uint64_t left_out = 0;
	for (enum group group = 0; group < GROUP_COUNT; group++)
		left_out += report->tallies[group].left_out;
	tell_number(teller, "left_out", left_out);
	tell_end(teller);
}
