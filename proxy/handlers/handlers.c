#include "handlers.h"

#include "proxy/sandbox/handler.h"

#include <string.h>

/* What the core asked for. */
struct wanted_run {
	struct wanted_run *next;
	uint64_t id;
	unsigned rule;
	bool is_obsolete;            /* the rules have changed since */
	struct slice key, element;   /* owned */
	struct handler_version *versions;    /* owned, with their values and names */
	unsigned count;
};

/* The handler of one rule; neither: the rule is not custom. */
struct entry {
	struct handler *handler;     /* owned */
	struct buffer error;         /* why there is none */
};

struct handlers {
	struct entry *entries;       /* owned; by index of the configured rule */
	unsigned count;
	unsigned rules_reloads;      /* of the settings they were made of */
	struct wanted_run *first, **end;
	struct buffer result, error; /* of the last run */
};

static void entries_free(struct handlers *handlers);
static void slice_free(struct slice bytes);
static void run_free(struct wanted_run *run);

struct handlers *handlers_new(void)
{
	struct handlers *handlers = memory_new(sizeof(*handlers));
	handlers->end = &handlers->first;
	return handlers;
}

void handlers_free(struct handlers *handlers)
{
	if (handlers == NULL)
		return;
	handlers_forget(handlers);
	entries_free(handlers);
	buffer_free(&handlers->result);
	buffer_free(&handlers->error);
	memory_free(handlers);
}

void handlers_set(struct handlers *handlers, const struct settings *settings)
{
	const struct handler_limits limits = {
		.steps = settings->handlers_steps,
		.memory_bytes = settings->handlers_memory_bytes,
		.time_ms = settings->handlers_time_ms,
		.result_bytes = settings->limits_bulk_bytes,
	};
	entries_free(handlers);
	handlers->entries = memory_new(settings->rule_count * sizeof(*handlers->entries));
	handlers->count = settings->rule_count;
	for (unsigned i = 0; i < handlers->count; i++) {
		const struct settings_rule *rule = &settings->rules[i];
		struct entry *entry = &handlers->entries[i];
		if (rule->handler != NULL)
			entry->handler = handler_new(rule->handler_text, rule->handler, &limits, &entry->error);
	}
	for (struct wanted_run *run = handlers->first; run != NULL && handlers->rules_reloads != settings->rules_reloads; run = run->next)
		run->is_obsolete = true;
	handlers->rules_reloads = settings->rules_reloads;
}

void handlers_ask(struct handlers *handlers, const struct effect *handle)
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
	*handlers->end = run;
	handlers->end = &run->next;
}

void handlers_forget(struct handlers *handlers)
{
	while (handlers->first != NULL) {
		struct wanted_run *run = handlers->first;
		handlers->first = run->next;
		run_free(run);
	}
	handlers->end = &handlers->first;
}

bool handlers_is_idle(const struct handlers *handlers)
{
	return handlers->first == NULL;
}

/* Fills result, or error. */
static bool run_make(struct handlers *handlers, const struct wanted_run *run)
{
	const struct entry *entry = run->rule < handlers->count ? &handlers->entries[run->rule] : NULL;
	struct handler_call call = {
		.key = run->key,
		.is_field = run->element.len > 0,
		.field = run->element,
		.versions = run->versions,
		.count = run->count,
	};
	if (run->is_obsolete || entry == NULL)
		buffer_add_text(&handlers->error, "the rules have changed");
	else if (entry->handler != NULL)
		return handler_run(entry->handler, &call, &handlers->result, &handlers->error);
	else if (entry->error.len > 0)
		buffer_add(&handlers->error, buffer_slice(&entry->error));
	else
		buffer_add_text(&handlers->error, "the rule of this key has no handler");
	return false;
}

bool handlers_run(struct handlers *handlers, struct event *handled)
{
	struct wanted_run *run = handlers->first;
	if (run == NULL)
		return false;
	handlers->first = run->next;
	if (handlers->first == NULL)
		handlers->end = &handlers->first;
	buffer_reset(&handlers->result);
	buffer_reset(&handlers->error);
	bool is_done = run_make(handlers, run);
	*handled = (struct event){ .type = EVENT_HANDLED };
	handled->handled.id = run->id;
	handled->handled.is_done = is_done;
	handled->handled.value = buffer_slice(&handlers->result);
	handled->handled.error = buffer_slice(&handlers->error);
	run_free(run);
	return true;
}

static void entries_free(struct handlers *handlers)
{
	for (unsigned i = 0; i < handlers->count; i++) {
		handler_free(handlers->entries[i].handler);
		buffer_free(&handlers->entries[i].error);
	}
	memory_free(handlers->entries);
	handlers->entries = NULL;
	handlers->count = 0;
}

static void slice_free(struct slice bytes)
{
	memory_free((void *)(uintptr_t)bytes.ptr);
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
