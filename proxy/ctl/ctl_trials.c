#include "ctl_trials.h"

#include "base/text.h"
#include "config/handler_limits.h"
#include "config/value.h"
#include "ctl_ask.h"
#include "ctl_print.h"
#include "ctl_records.h"
#include "ctl_verdict.h"
#include "proxy/core/rules/rule.h"

#include <stdlib.h>
#include <string.h>

#define DCS_MAX (SETTINGS_PEERS_MAX + 1)

struct test {
	const struct ctl_options *options;
	const struct settings *settings;     /* rules test: the new ones */
	struct handler *handler;             /* handler test */
	struct handler **handlers;           /* rules test: by rule; owned */
	json_t *told;                        /* --json */
	unsigned counts[VERDICT_COUNT];
};

static void test_each(struct test *test, json_t *records, struct trial_result (*find)(const struct test *test, const struct trial *trial));
static int test_end(struct test *test);

/* ---- rules test ---- */

static struct trial_result find_under_rules(const struct test *test, const struct trial *trial)
{
	struct trial_result result = { .rule = trial_rule(trial, test->settings) };
	const struct rule *rule = result.rule != NULL ? rule_find(slice_of(result.rule->rule)) : &rule_lww;
	result.side = trial_decide(trial, result.rule);
	if (rule->is_handling && trial_is_mergeable(trial)) {
		const struct handler *handler = test->handlers[result.rule - test->settings->rules];
		result.verdict = trial_handle(trial, handler, &result.merged, &result.error) ? VERDICT_MERGES : VERDICT_FAILS;
	} else if (!trial->is_sum && rule->is_keeping) {
		result.verdict = VERDICT_WAITS;
	} else {
		result.verdict = result.side == trial->winner ? VERDICT_SAME : VERDICT_CHANGES;
	}
	return result;
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
		status = ctl_ask_status(options, code);
		if (status == NULL)
			return false;
	}
	bool is_loaded = settings_load_rules(options->rules, names, names_of(status, names), settings, &errors);
	*code = is_loaded ? EXIT_SUCCESS : EXIT_UNKNOWN;
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
	handler_limits_of(settings, &limits);
	for (unsigned i = 0; i < settings->rule_count; i++) {
		const struct settings_rule *rule = &settings->rules[i];
		struct buffer error = { 0 };
		if (rule->handler != NULL)
			handlers[i] = handler_new(rule->handler_text, rule->handler, &limits, &error);
		buffer_free(&error);         /* the file was checked, with the same limits */
	}
	return handlers;
}

int ctl_rules_test(const struct ctl_call *call)
{
	const struct ctl_options *options = call->options;
	struct settings settings;
	int code;
	if (options->rules == NULL)
		return ctl_complain("which rules? rules test --rules FILE");
	if (!rules_load(options, &settings, &code))
		return code;
	json_t *records = ctl_records_gather(options, &code);
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

static struct trial_result find_by_handler(const struct test *test, const struct trial *trial)
{
	struct trial_result result = { .verdict = VERDICT_LEFT_OUT, .is_by_handler = true };
	if (trial_is_mergeable(trial))
		result.verdict = trial_handle(trial, test->handler, &result.merged, &result.error) ? VERDICT_MERGES : VERDICT_FAILS;
	return result;
}

static struct handler *handler_load(const struct ctl_options *options)
{
	struct buffer text = { 0 }, why = { 0 };
	struct settings settings;
	struct handler_limits limits;
	struct handler *handler = NULL;
	settings_load_defaults(&settings);
	handler_limits_of(&settings, &limits);
	if (value_read_whole(options->handler, ".", HANDLER_TEXT_MAX, &text, &why))
		handler = handler_new(buffer_slice(&text), options->handler, &limits, &why);
	if (handler == NULL)
		ctl_complain("%.*s", (int)why.len, why.ptr);
	settings_free(&settings);
	buffer_free(&text);
	buffer_free(&why);
	return handler;
}

int ctl_handler_test(const struct ctl_call *call)
{
	const struct ctl_options *options = call->options;
	int code = EXIT_UNKNOWN;
	if (options->handler == NULL)
		return ctl_complain("which handler? handler test --handler FILE");
	struct test test = { .options = options, .handler = handler_load(options) };
	json_t *records = test.handler != NULL ? ctl_records_gather(options, &code) : NULL;
	if (records != NULL) {
		test_each(&test, records, find_by_handler);
		code = test_end(&test);
	}
	json_decref(records);
	handler_free(test.handler);
	return code;
}

/* ---- one by one ---- */

static void test_each(struct test *test, json_t *records, struct trial_result (*find)(const struct test *test, const struct trial *trial))
{
	json_t *listed;
	size_t i;
	if (test->options->is_json)
		test->told = json_array();
	json_array_foreach(records, i, listed) {
		json_t *record = ctl_record_whole(test->options, listed);
		struct trial trial;
		if (trial_read(&trial, record)) {
			struct trial_result result = find(test, &trial);
			test->counts[result.verdict]++;
			if (test->told != NULL)
				json_array_append_new(test->told, trial_result_to_json(&trial, &result));
			else
				trial_result_print(&trial, &result);
			buffer_free(&result.merged);
			buffer_free(&result.error);
			trial_free(&trial);
		} else {
			ctl_complain("record %zu is none that this homeportctl can read, it is left out", i + 1);
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
		json_object_set_new(counts, verdict_name((enum verdict)i), json_integer(test->counts[i]));
	}
	if (test->told != NULL) {
		json_t *whole = json_pack("{s:o, s:O}", "conflicts", test->told, "summary", counts);
		ctl_print_json(whole);
		json_decref(whole);
	} else {
		printf("%u conflicts", sum);
		for (unsigned i = 0; i < VERDICT_COUNT; i++)
			if (test->counts[i] > 0)
				printf("; %u %s", test->counts[i], verdict_prose((enum verdict)i));
		puts("; nothing was changed");
	}
	json_decref(counts);
	return test->counts[VERDICT_FAILS] > 0 ? EXIT_WRONG : EXIT_SUCCESS;
}
