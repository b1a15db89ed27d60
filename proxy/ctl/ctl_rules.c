/* homeportctl rules test and handler test: what new rules, or a handler, would make of the conflicts that were recorded (see ctl_trial.h).
 * Nothing is applied. */
#include "ctl_parts.h"
#include "ctl_trial.h"

#include "base/text.h"
#include "config/value.h"

#include <string.h>

#define RECORDS_MAX 100000u
#define FILE_BYTES_MAX (256u * 1024 * 1024)
#define DCS_MAX 16
#define SHOWN_BYTES_MAX 60

enum verdict { VERDICT_SAME, VERDICT_CHANGES, VERDICT_WAITS, VERDICT_MERGES, VERDICT_FAILS, VERDICT_LEFT_OUT, VERDICT_COUNT };

static const struct {
	const char *name, *prose;
} verdicts[VERDICT_COUNT] = {
	[VERDICT_SAME] = { "same", "show the same side" },
	[VERDICT_CHANGES] = { "changes", "would show another side" },
	[VERDICT_WAITS] = { "waits", "would wait for somebody to decide" },
	[VERDICT_MERGES] = { "merges", "would be merged by a handler" },
	[VERDICT_FAILS] = { "fails", "would be left open by a handler that fails" },
	[VERDICT_LEFT_OUT] = { "left-out", "are no strings or fields: no handler is asked" },
};

/* What a trial came to. */
struct finding {
	enum verdict verdict;
	const struct settings_rule *rule;    /* NULL: none, lww */
	const struct trial_side *side;       /* visible; NULL: as today */
	struct buffer merged, error;
};

struct test {
	const struct ctl_options *options;
	const struct settings *settings;     /* rules test: the new ones */
	struct handler *handler;             /* handler test */
	struct handler **handlers;           /* rules test: by rule; owned */
	json_t *told;                        /* --json */
	unsigned counts[VERDICT_COUNT];
};

static json_t *records_gather(const struct ctl_options *options, int *code);
static void test_each(struct test *test, json_t *records, struct finding (*find)(const struct test *test, const struct trial *trial));
static int test_end(struct test *test);

/* ---- rules test ---- */

static void limits_of(const struct settings *settings, struct handler_limits *limits)
{
	*limits = (struct handler_limits){
		.steps = settings->handlers_steps,
		.memory_bytes = settings->handlers_memory_bytes,
		.time_ms = settings->handlers_time_ms,
		.result_bytes = settings->limits_bulk_bytes,
	};
}

static struct finding find_under_rules(const struct test *test, const struct trial *trial)
{
	struct finding finding = { .rule = trial_rule(trial, test->settings) };
	const char *name = finding.rule != NULL ? finding.rule->rule : "lww";
	bool is_custom = strcmp(name, "custom") == 0;
	finding.side = trial_decide(trial, finding.rule);
	if (is_custom && trial_is_mergeable(trial)) {
		const struct handler *handler = test->handlers[finding.rule - test->settings->rules];
		finding.verdict = trial_handle(trial, handler, &finding.merged, &finding.error) ? VERDICT_MERGES : VERDICT_FAILS;
	} else if (trial->winner != NULL && (is_custom || strcmp(name, "record") == 0)) {
		finding.verdict = VERDICT_WAITS;
	} else {
		finding.verdict = finding.side == trial->winner ? VERDICT_SAME : VERDICT_CHANGES;
	}
	return finding;
}

/* Names of datacenters, for orders: those of the sidecar, or none where the records come from a file. */
static unsigned names_of(const json_t *status, const char *names[DCS_MAX])
{
	const char *name = json_string_value(json_object_get(status, "dc"));
	unsigned count = 0;
	json_t *peer;
	if (name == NULL)
		return 0;
	names[count++] = name;
	json_object_foreach(json_object_get(status, "peers"), name, peer) {
		if (count < DCS_MAX)
			names[count++] = name;
	}
	return count;
}

static bool rules_load(const struct ctl_options *options, struct settings *settings, int *code)
{
	const char *names[DCS_MAX];
	struct buffer errors = { 0 };
	json_t *status = NULL;
	*code = EXIT_UNKNOWN;
	if (options->file == NULL) {
		status = ctl_ask(options, &(struct ctl_request){ .path = "/v1/status" }, code);
		if (status == NULL)
			return false;
	}
	bool is_loaded = settings_load_rules(options->rules, names, names_of(status, names), settings, &errors);
	if (!is_loaded)
		fwrite(errors.ptr, 1, errors.len, stderr);
	buffer_free(&errors);
	json_decref(status);
	return is_loaded;
}

static struct handler **handlers_make(const struct settings *settings)
{
	struct handler **handlers = memory_new(settings->rule_count * sizeof(*handlers));
	struct handler_limits limits;
	limits_of(settings, &limits);
	for (unsigned i = 0; i < settings->rule_count; i++) {
		const struct settings_rule *rule = &settings->rules[i];
		struct buffer error = { 0 };
		if (rule->handler != NULL)
			handlers[i] = handler_new(rule->handler_text, rule->handler, &limits, &error);
		buffer_free(&error);         /* the file was checked, with the same limits */
	}
	return handlers;
}

int ctl_rules(const struct ctl_options *options, int count, char **words)
{
	struct settings settings;
	int code;
	if (count != 1 || strcmp(words[0], "test") != 0 || options->rules == NULL)
		return ctl_complain("write: rules test --rules FILE");
	if (!rules_load(options, &settings, &code))
		return code;
	json_t *records = records_gather(options, &code);
	if (records != NULL) {
		struct test test = { .options = options, .settings = &settings, .handlers = handlers_make(&settings) };
		test_each(&test, records, find_under_rules);
		code = test_end(&test);
		for (unsigned i = 0; i < settings.rule_count; i++)
			handler_free(test.handlers[i]);
		memory_free(test.handlers);
	}
	json_decref(records);
	settings_free(&settings);
	return code;
}

/* ---- handler test ---- */

static struct finding find_by_handler(const struct test *test, const struct trial *trial)
{
	struct finding finding = { .verdict = VERDICT_LEFT_OUT };
	if (trial_is_mergeable(trial))
		finding.verdict = trial_handle(trial, test->handler, &finding.merged, &finding.error) ? VERDICT_MERGES : VERDICT_FAILS;
	return finding;
}

static struct handler *handler_load(const struct ctl_options *options)
{
	struct buffer text = { 0 }, why = { 0 };
	struct settings settings;
	struct handler_limits limits;
	struct handler *handler = NULL;
	settings_load_defaults(&settings);
	limits_of(&settings, &limits);
	if (value_read_whole(options->handler, ".", HANDLER_TEXT_MAX, &text, &why))
		handler = handler_new(buffer_slice(&text), options->handler, &limits, &why);
	if (handler == NULL)
		fprintf(stderr, "homeportctl: %.*s\n", (int)why.len, why.ptr);
	settings_free(&settings);
	buffer_free(&text);
	buffer_free(&why);
	return handler;
}

int ctl_handler(const struct ctl_options *options, int count, char **words)
{
	int code = EXIT_UNKNOWN;
	if (count != 1 || strcmp(words[0], "test") != 0 || options->handler == NULL)
		return ctl_complain("write: handler test --handler FILE");
	struct test test = { .options = options, .handler = handler_load(options) };
	json_t *records = test.handler != NULL ? records_gather(options, &code) : NULL;
	if (records != NULL) {
		test_each(&test, records, find_by_handler);
		code = test_end(&test);
	}
	json_decref(records);
	handler_free(test.handler);
	return code;
}

/* ---- the records ---- */

/* What homeportctl conflicts list --json wrote, or the list in it. */
static json_t *records_of_file(const struct ctl_options *options)
{
	struct buffer text = { 0 }, why = { 0 };
	json_t *told = NULL;
	if (value_read_whole(options->file, ".", FILE_BYTES_MAX, &text, &why))
		told = ctl_parse(buffer_slice(&text));
	else
		fprintf(stderr, "homeportctl: %.*s\n", (int)why.len, why.ptr);
	buffer_free(&text);
	buffer_free(&why);
	json_t *records = json_is_array(told) ? told : json_object_get(told, "conflicts");
	json_incref(records);
	json_decref(told);
	if (told != NULL && !json_is_array(records))
		ctl_complain("the file has no conflicts, give what homeportctl conflicts list --json writes");
	return json_is_array(records) ? records : NULL;
}

/* From one page to the next, until there is none. */
static json_t *records_of_sidecar(const struct ctl_options *options, int *code)
{
	json_t *records = json_array();
	char *cursor = NULL;
	do {
		struct buffer path = { 0 };
		buffer_add_text(&path, "/v1/conflicts");
		ctl_add_filters(&path, options);
		ctl_add_argument(&path, "count", "1000");
		if (cursor != NULL)
			ctl_add_argument(&path, "cursor", cursor);
		memory_free(cursor);
		cursor = NULL;
		json_t *answer = ctl_ask_at(options, &path, NULL, code);
		if (answer == NULL) {
			json_decref(records);
			return NULL;
		}
		json_array_extend(records, json_object_get(answer, "conflicts"));
		const json_t *next = json_object_get(answer, "cursor");
		if (json_is_string(next))
			cursor = text_copy(json_string_value(next));
		json_decref(answer);
	} while (cursor != NULL && json_array_size(records) < RECORDS_MAX);
	memory_free(cursor);
	return records;
}

static json_t *records_gather(const struct ctl_options *options, int *code)
{
	*code = EXIT_UNKNOWN;
	if (options->file == NULL)
		return records_of_sidecar(options, code);
	if (options->filter_count > 0) {
		ctl_complain("filters choose among a sidecar's records, not those of a file");
		return NULL;
	}
	return records_of_file(options);
}

/* A list has values cut: then the record by itself has them whole, if anything has. A new reference. */
static json_t *record_whole(const struct ctl_options *options, json_t *record)
{
	struct trial trial;
	bool is_cut = false;
	if (options->file == NULL && trial_read(&trial, record)) {
		for (unsigned i = 0; i < trial.count; i++)
			is_cut |= trial.sides[i].is_competing && trial.sides[i].is_cut && !trial.sides[i].is_hidden;
		trial_free(&trial);
	}
	json_t *whole = NULL;
	int code;
	if (is_cut) {
		struct buffer path = { 0 };
		buffer_add_format(&path, "/v1/conflicts/%s", ctl_text_of(record, "id"));
		whole = ctl_ask_at(options, &path, NULL, &code);
	}
	return whole != NULL ? whole : json_incref(record);
}

/* ---- telling ---- */

/* On a terminal: printable, and not the whole of a long one. */
static void print_bytes(struct slice bytes)
{
	putchar('"');
	for (size_t i = 0; i < bytes.len && i < SHOWN_BYTES_MAX; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];
		if (byte < ' ' || byte == 0x7f || byte == '"' || byte == '\\')
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
	fputs(bytes.len > SHOWN_BYTES_MAX ? "\"…" : "\"", stdout);
}

static void print_side(const struct trial_side *side)
{
	if (side == NULL) {
		fputs("the sum", stdout);
		return;
	}
	printf("%s ", side->dc);
	if (side->is_removal)
		fputs("removed", stdout);
	else if (side->is_hidden)
		fputs("(hidden)", stdout);
	else
		print_bytes(buffer_slice(&side->value));
}

static void print_finding(const struct test *test, const struct trial *trial, const struct finding *finding)
{
	printf("%-9s", verdicts[finding->verdict].name);
	print_bytes(buffer_slice(&trial->key));
	if (trial->element.len > 0) {
		putchar(' ');
		print_bytes(buffer_slice(&trial->element));
	}
	printf("  %s: ", trial->rule);
	print_side(trial->winner);
	if (finding->verdict == VERDICT_MERGES || finding->verdict == VERDICT_FAILS) {
		printf(" -> %s: ", test->handler != NULL ? "handler" : "custom");
		if (finding->verdict == VERDICT_MERGES)
			print_bytes(buffer_slice(&finding->merged));
		else
			printf("%.*s", (int)finding->error.len, finding->error.ptr);
	} else if (finding->verdict != VERDICT_LEFT_OUT) {
		printf(" -> %s: ", finding->rule != NULL ? finding->rule->rule : "lww");
		print_side(finding->side);
	}
	printf("  (%s)\n", trial->id);
}

/* NULL stays out of the object. */
static json_t *json_of(struct slice bytes)
{
	return json_stringn(bytes.ptr != NULL ? bytes.ptr : "", bytes.len);      /* NULL where it is no UTF-8 */
}

static json_t *json_of_side(const struct trial_side *side)
{
	if (side == NULL)
		return json_null();
	return json_pack("{s:s, s:b, s:o*}", "dc", side->dc, "is_removal", side->is_removal, "value",
	                 side->is_removal || side->is_hidden ? NULL : json_of(buffer_slice(&side->value)));
}

static json_t *json_of_finding(const struct trial *trial, const struct finding *finding)
{
	bool is_merged = finding->verdict == VERDICT_MERGES, is_failed = finding->verdict == VERDICT_FAILS;
	return json_pack("{s:s, s:o*, s:o*, s:s, s:{s:s, s:o}, s:{s:s*, s:s*, s:o*, s:o*, s:o*}}", "id", trial->id, "key",
	                 json_of(buffer_slice(&trial->key)), "element", trial->element.len > 0 ? json_of(buffer_slice(&trial->element)) : NULL,
	                 "verdict", verdicts[finding->verdict].name, "today", "rule", trial->rule, "side", json_of_side(trial->winner), "then",
	                 "rule", finding->rule != NULL ? finding->rule->rule : NULL, "match",
	                 finding->rule != NULL ? finding->rule->match : NULL, "side", is_merged ? NULL : json_of_side(finding->side), "merged",
	                 is_merged ? json_of(buffer_slice(&finding->merged)) : NULL, "error",
	                 is_failed ? json_of(buffer_slice(&finding->error)) : NULL);
}

static void test_each(struct test *test, json_t *records, struct finding (*find)(const struct test *test, const struct trial *trial))
{
	json_t *listed;
	size_t i;
	if (test->options->is_json)
		test->told = json_array();
	json_array_foreach(records, i, listed) {
		json_t *record = record_whole(test->options, listed);
		struct trial trial;
		if (trial_read(&trial, record)) {
			struct finding finding = find(test, &trial);
			test->counts[finding.verdict]++;
			if (test->told != NULL)
				json_array_append_new(test->told, json_of_finding(&trial, &finding));
			else
				print_finding(test, &trial, &finding);
			buffer_free(&finding.merged);
			buffer_free(&finding.error);
			trial_free(&trial);
		} else {
			fprintf(stderr, "homeportctl: record %zu is none that this homeportctl can read, it is left out\n", i + 1);
		}
		json_decref(record);
	}
}

/* The summary; how to exit. */
static int test_end(struct test *test)
{
	unsigned sum = 0;
	json_t *counts = json_object();
	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		sum += test->counts[i];
		json_object_set_new(counts, verdicts[i].name, json_integer(test->counts[i]));
	}
	if (test->told != NULL) {
		json_t *whole = json_pack("{s:o, s:O}", "conflicts", test->told, "summary", counts);
		ctl_print_json(whole);
		json_decref(whole);
	} else {
		printf("%u conflicts", sum);
		for (unsigned i = 0; i < VERDICT_COUNT; i++)
			if (test->counts[i] > 0)
				printf("; %u %s", test->counts[i], verdicts[i].prose);
		puts("; nothing was changed");
	}
	json_decref(counts);
	return test->counts[VERDICT_FAILS] > 0 ? EXIT_WRONG : EXIT_SUCCESS;
}
