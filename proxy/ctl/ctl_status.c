#include "ctl_status.h"

#include "ctl_ask.h"
#include "ctl_findings.h"
#include "ctl_print.h"

#include <stdlib.h>
#include <string.h>

static void print_status(const json_t *status);
static json_t *metrics_as_json(struct slice body);

int ctl_status(const struct ctl_call *call)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/status");
	return ctl_ask_and_show(call->options, &path, print_status);
}

static void print_status(const json_t *status)
{
	const json_t *core = json_object_get(status, "core"), *store = json_object_get(status, "store");
	struct buffer up = { 0 }, outbox = { 0 }, metadata = { 0 };

	ctl_add_ms(&up, ctl_count_of(status, "now_ms") - ctl_count_of(status, "started_ms"));
	ctl_add_bytes(&outbox, ctl_count_of(core, "outbox_bytes"));
	ctl_add_bytes(&metadata, ctl_count_of(core, "metadata_bytes"));
	printf("dc        %s (homeportd %s, up %.*s)\n", ctl_text_of(status, "dc"), ctl_text_of(status, "version"), (int)up.len, up.ptr);
	printf("ready     %s\n", json_is_true(json_object_get(status, "is_ready")) ? "yes" : "no");
	printf("redis     %s %s\n", json_is_true(json_object_get(store, "is_open")) ? "connected" : "not connected", ctl_text_of(store, "version"));
	printf("clients   %lld\n", ctl_count_of(status, "clients"));
	printf("writes    %lld shipped, %lld refused\n", ctl_count_of(core, "local_writes"), ctl_count_of(core, "refused_writes"));
	printf("outbox    %lld events, %.*s\n", ctl_count_of(core, "outbox_events"), (int)outbox.len, outbox.ptr);
	printf("unstable  %lld elements, %.*s\n", ctl_count_of(core, "unstable_elements"), (int)metadata.len, metadata.ptr);
	printf("conflicts %lld open\n", ctl_count_of(core, "open_conflicts"));
	ctl_print_findings(status, NULL);
	buffer_free(&up);
	buffer_free(&outbox);
	buffer_free(&metadata);
}

int ctl_ready(const struct ctl_call *call)
{
	int code;
	json_t *status = ctl_ask_status(call->options, &code);
	const json_t *is_ready = json_object_get(status, "is_ready");

	if (status == NULL)
		return code;
	code = json_is_true(is_ready) ? EXIT_SUCCESS : EXIT_WRONG;
	if (call->options->is_json) {
		json_t *part = json_pack("{s:O, s:O}", "is_ready", is_ready, "findings", json_object_get(status, "findings"));

		ctl_print_json(part);
		json_decref(part);
	} else {
		puts(code == EXIT_SUCCESS ? "ready" : "not ready");
		ctl_print_findings(status, NULL);
	}
	json_decref(status);
	return code;
}

int ctl_metrics(const struct ctl_call *call)
{
	struct buffer body = { 0 };
	int code;

	if (ctl_ask_text(call->options, "/metrics", &body, &code)) {
		if (call->options->is_json) {
			json_t *metrics = metrics_as_json(buffer_slice(&body));

			ctl_print_json(metrics);
			json_decref(metrics);
		} else {
			fwrite(body.ptr, 1, body.len, stdout);
		}
	}
	buffer_free(&body);
	return code;
}

/* Name and labels, as they stand, to the value; what JSON has no number for is text. */
static json_t *metrics_as_json(struct slice body)
{
	json_t *metrics = json_object();
	const char *end = body.ptr + body.len;

	for (const char *line = body.ptr, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		next = newline != NULL ? newline + 1 : end;
		const char *space = newline != NULL && *line != '#' ? memrchr(line, ' ', (size_t)(newline - line)) : NULL;

		if (space == NULL)
			continue;
		char *name = strndup(line, (size_t)(space - line)), *value = strndup(space + 1, (size_t)(newline - space - 1)), *rest;
		double number = strtod(value, &rest);
		json_t *real = json_real(number);

		json_object_set_new(metrics, name, real != NULL && *rest == '\0' ? json_incref(real) : json_string(value));
		json_decref(real);
		free(name);
		free(value);
	}
	return metrics;
}
