/* Handler runs: a queue, first in, first out (see handler_runs.h). */
#include "handler_runs.h"

#include "proxy/sandbox/handler.h"

#include <string.h>

/* A run that the core asked for and that waits. */
struct wanted_run {
	struct wanted_run *next;
	uint64_t id;
	unsigned rule;
	bool is_obsolete;            /* the rules have changed since */
	struct slice key, element;   /* owned */
	struct handler_version *versions;    /* owned, with their values and names */
	unsigned count;
};

/* The handler of one configured rule. A rule that is not custom has neither a handler nor an error. */
struct entry {
	struct handler *handler;     /* owned */
	struct buffer error;         /* why its text gave no handler */
};

struct handler_runs {
	struct entry *entries;       /* owned; indexed as the configured rules are */
	unsigned count;
	unsigned rules_reloads;      /* of the settings that they were made from */
	struct wanted_run *first, **end;
	struct buffer result, error; /* of the last run */
};

static void entries_free(struct handler_runs *runs);
static void slice_free(struct slice bytes);
static void run_free(struct wanted_run *run);

struct handler_runs *handler_runs_new(void)
{
	struct handler_runs *runs = memory_new(sizeof(*runs));
	runs->end = &runs->first;
	return runs;
}

void handler_runs_free(struct handler_runs *runs)
{
	if (runs == NULL)
		return;
	handler_runs_drop(runs);
	entries_free(runs);
	buffer_free(&runs->result);
	buffer_free(&runs->error);
	memory_free(runs);
}

void handler_runs_configure(struct handler_runs *runs, const struct settings *settings)
{
	const struct handler_limits limits = {
		.steps = settings->handlers_steps,
		.memory_bytes = settings->handlers_memory_bytes,
		.time_ms = settings->handlers_time_ms,
		.result_bytes = settings->limits_bulk_bytes,
	};
	entries_free(runs);
	runs->entries = memory_new(settings->rule_count * sizeof(*runs->entries));
	runs->count = settings->rule_count;
	for (unsigned i = 0; i < runs->count; i++) {
		const struct settings_rule *rule = &settings->rules[i];
		struct entry *entry = &runs->entries[i];
		if (rule->handler != NULL)
			entry->handler = handler_new(rule->handler_text, rule->handler, &limits, &entry->error);
	}
	for (struct wanted_run *run = runs->first; run != NULL && runs->rules_reloads != settings->rules_reloads; run = run->next)
		run->is_obsolete = true;
	runs->rules_reloads = settings->rules_reloads;
}

void handler_runs_add(struct handler_runs *runs, const struct effect *handle)
{
	struct wanted_run *run = memory_new(sizeof(*run));
	run->id = handle->handle.id;
	run->rule = handle->handle.rule;
	run->key = buffer_copy(handle->handle.key);
	run->element = buffer_copy(handle->handle.element);
	run->count = handle->handle.count;
	run->versions = memory_new(run->count * sizeof(*run->versions));
	for (unsigned i = 0; i < run->count; i++) {
		const struct handle_version *version = &handle->handle.versions[i];
		run->versions[i] = (struct handler_version){
			.dc = buffer_copy(version->dc),
			.is_present = version->is_present,
			.value = version->is_present ? buffer_copy(version->value) : (struct slice){ NULL, 0 },
			.time_ms = version->hlc >> 16,
		};
	}
	*runs->end = run;
	runs->end = &run->next;
}

void handler_runs_drop(struct handler_runs *runs)
{
	while (runs->first != NULL) {
		struct wanted_run *run = runs->first;
		runs->first = run->next;
		run_free(run);
	}
	runs->end = &runs->first;
}

bool handler_runs_are_done(const struct handler_runs *runs)
{
	return runs->first == NULL;
}

/* Fills RUNS->result, or, false, RUNS->error. */
static bool run_execute(struct handler_runs *runs, const struct wanted_run *run)
{
	const struct entry *entry = run->rule < runs->count ? &runs->entries[run->rule] : NULL;
	struct handler_call call = {
		.key = run->key,
		.is_field = run->element.len > 0,
		.field = run->element,
		.versions = run->versions,
		.count = run->count,
	};
	if (run->is_obsolete || entry == NULL)
		buffer_add_text(&runs->error, "the rules have changed");
	else if (entry->handler != NULL)
		return handler_run(entry->handler, &call, &runs->result, &runs->error);
	else if (entry->error.len > 0)
		buffer_add(&runs->error, buffer_slice(&entry->error));
	else
		buffer_add_text(&runs->error, "the rule of this key has no handler");
	return false;
}

bool handler_runs_next(struct handler_runs *runs, struct event *handled)
{
	struct wanted_run *run = runs->first;
	if (run == NULL)
		return false;
	runs->first = run->next;
	if (runs->first == NULL)
		runs->end = &runs->first;
	buffer_reset(&runs->result);
	buffer_reset(&runs->error);
	bool is_done = run_execute(runs, run);
	*handled = (struct event){ .type = EVENT_HANDLED };
	handled->handled.id = run->id;
	handled->handled.is_done = is_done;
	handled->handled.value = buffer_slice(&runs->result);
	handled->handled.error = buffer_slice(&runs->error);
	run_free(run);
	return true;
}

static void entries_free(struct handler_runs *runs)
{
	for (unsigned i = 0; i < runs->count; i++) {
		handler_free(runs->entries[i].handler);
		buffer_free(&runs->entries[i].error);
	}
	memory_free(runs->entries);
	runs->entries = NULL;
	runs->count = 0;
}

static void slice_free(struct slice bytes)
{
	bytes_free(bytes);
}

static void run_free(struct wanted_run *run)
{
	for (unsigned i = 0; i < run->count; i++) {
		slice_free(run->versions[i].dc);
		slice_free(run->versions[i].value);
	}
	memory_free(run->versions);
	slice_free(run->key);
	slice_free(run->element);
	memory_free(run);
}
