/* homeportctl: asks a running sidecar over HTTP and prints the answer, for people or (--json) for programs. */
#include "ctl_fetch.h"

#include "../config/text.h"
#include "../config/value.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG 1    /* the sidecar says so */
#define EXIT_UNKNOWN 2  /* it could not be asked */

struct options {
	struct settings_address admin;
	bool is_json;
};

struct order {
	const char *name;
	const char *path;
	const char *prose;
	int (*print)(const struct options *options, struct slice body);
};

static int print_status(const struct options *options, struct slice body);
static int print_ready(const struct options *options, struct slice body);
static int print_metrics(const struct options *options, struct slice body);
static int print_peers(const struct options *options, struct slice body);
static int run(const struct options *options, const struct order *order);
static const struct order *order_find(const char *name);
static json_t *parse(struct slice body);
static void print_json(json_t *value);
static void print_findings(const json_t *status);
static json_t *metrics_as_json(struct slice body);
static long long count_of(const json_t *object, const char *name);
static const char *text_of(const json_t *object, const char *name);
static void print_help(FILE *out);

static const struct order orders[] = {
	{ "status", "/v1/status", "what the sidecar is doing", print_status },
	{ "ready", "/v1/status", "whether clients may be sent there, and what is wrong; exit code 0 or 1", print_ready },
	{ "peers", "/v1/status", "the other datacenters: state, staleness, lag", print_peers },
	{ "metrics", "/metrics", "all metrics", print_metrics },
};

#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "admin", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .is_json = false };
	const char *admin = "127.0.0.1:7081";
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case 'a':
			admin = optarg;
			break;
		case 'j':
			options.is_json = true;
			break;
		case 'h':
			print_help(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("homeportctl " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			print_help(stderr);
			return EXIT_UNKNOWN;
		}
	}
	const struct order *order = optind == argc - 1 ? order_find(argv[optind]) : NULL;

	if (order == NULL) {
		print_help(stderr);
		return EXIT_UNKNOWN;
	}
	if (!value_read_address(admin, &options.admin)) {
		fprintf(stderr, "homeportctl: --admin '%s' is no address, write HOST:PORT\n", admin);
		return EXIT_UNKNOWN;
	}
	int code = run(&options, order);

	memory_free(options.admin.host);
	return code;
}

static int run(const struct options *options, const struct order *order)
{
	struct buffer body = { 0 }, error = { 0 };
	int http_status = ctl_fetch(&options->admin, order->path, &body, &error);
	int code = EXIT_UNKNOWN;

	if (http_status == 0)
		fprintf(stderr, "homeportctl: %.*s\n", (int)error.len, error.ptr);
	else if (http_status != 200)
		fprintf(stderr, "homeportctl: %s answered %d: %.*s\n", order->path, http_status, (int)body.len, body.ptr);
	else
		code = order->print(options, buffer_slice(&body));
	buffer_free(&body);
	buffer_free(&error);
	return code;
}

static const struct order *order_find(const char *name)
{
	for (size_t i = 0; i < ORDER_COUNT; i++)
		if (strcmp(orders[i].name, name) == 0)
			return &orders[i];
	return NULL;
}

static int print_status(const struct options *options, struct slice body)
{
	json_t *status = parse(body);
	const json_t *core = json_object_get(status, "core"), *store = json_object_get(status, "store");

	if (status == NULL)
		return EXIT_UNKNOWN;
	if (options->is_json) {
		print_json(status);
	} else {
		printf("dc        %s (homeportd %s)\n", text_of(status, "dc"), text_of(status, "version"));
		printf("ready     %s\n", json_is_true(json_object_get(status, "is_ready")) ? "yes" : "no");
		printf("redis     %s %s\n", json_is_true(json_object_get(store, "is_open")) ? "connected" : "not connected", text_of(store, "version"));
		printf("clients   %lld\n", count_of(status, "clients"));
		printf("writes    %lld shipped, %lld refused\n", count_of(core, "local_writes"), count_of(core, "refused_writes"));
		printf("outbox    %lld events, %lld bytes\n", count_of(core, "outbox_events"), count_of(core, "outbox_bytes"));
		printf("unstable  %lld elements, %lld bytes\n", count_of(core, "unstable_elements"), count_of(core, "metadata_bytes"));
		print_findings(status);
	}
	json_decref(status);
	return EXIT_SUCCESS;
}

static int print_ready(const struct options *options, struct slice body)
{
	json_t *status = parse(body);
	const json_t *is_ready = json_object_get(status, "is_ready");

	if (status == NULL)
		return EXIT_UNKNOWN;
	int code = json_is_true(is_ready) ? EXIT_SUCCESS : EXIT_WRONG;

	if (options->is_json) {
		json_t *part = json_pack("{s:O, s:O}", "is_ready", is_ready, "findings", json_object_get(status, "findings"));

		print_json(part);
		json_decref(part);
	} else {
		puts(code == EXIT_SUCCESS ? "ready" : "not ready");
		print_findings(status);
	}
	json_decref(status);
	return code;
}

static int print_peers(const struct options *options, struct slice body)
{
	json_t *status = parse(body);
	json_t *peers = json_object_get(status, "peers"), *peer;
	const char *name;

	if (status == NULL)
		return EXIT_UNKNOWN;
	if (options->is_json) {
		print_json(peers);
	} else {
		printf("%-16s %-12s %14s %10s %10s %10s\n", "PEER", "STATE", "STALENESS MS", "LAG", "HELD", "OWED");
		json_object_foreach(peers, name, peer) {
			const json_t *staleness = json_object_get(peer, "staleness_ms");

			printf("%-16s %-12s ", name, text_of(peer, "state"));
			if (json_is_integer(staleness))
				printf("%14lld ", (long long)json_integer_value(staleness));
			else
				printf("%14s ", "never heard");
			printf("%10lld %10lld %10lld\n", count_of(peer, "lag_events"), count_of(peer, "held_events"), count_of(peer, "owed_events"));
		}
	}
	json_decref(status);
	return EXIT_SUCCESS;
}

static int print_metrics(const struct options *options, struct slice body)
{
	if (!options->is_json) {
		fwrite(body.ptr, 1, body.len, stdout);
		return EXIT_SUCCESS;
	}
	json_t *metrics = metrics_as_json(body);

	print_json(metrics);
	json_decref(metrics);
	return EXIT_SUCCESS;
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

static json_t *parse(struct slice body)
{
	json_error_t error;
	json_t *value = json_loadb(body.ptr, body.len, 0, &error);

	if (value == NULL)
		fprintf(stderr, "homeportctl: the answer is not JSON (%s), see that --admin is a homeportd\n", error.text);
	return value;
}

static void print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
}

static void print_findings(const json_t *status)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(status, "findings"), i, finding) {
		const char *dc = text_of(finding, "dc");

		printf("%s %s%s%s: %s\n", text_of(finding, "weight"), text_of(finding, "check"), *dc != '\0' ? " " : "", dc, text_of(finding, "text"));
	}
}

static long long count_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

/* "" where there is none. */
static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void print_help(FILE *out)
{
	fputs("homeportctl [--admin HOST:PORT] [--json] ORDER\n\n", out);
	for (size_t i = 0; i < ORDER_COUNT; i++)
		fprintf(out, "  %-9s %s\n", orders[i].name, orders[i].prose);
	fputs("\n--admin is the sidecar's admin address (127.0.0.1:7081). Exit code 2: it could not be asked.\n", out);
}
