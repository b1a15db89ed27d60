/* homeportctl: asks a running sidecar over HTTP and prints the answer, for people or (--json) for programs. */
#include "ctl_parts.h"

#include "base/text.h"
#include "config/value.h"

#include <getopt.h>
#include <string.h>

struct order {
	const char *name;
	const char *words;               /* what may follow it */
	const char *prose;
	int (*run)(const struct ctl_options *options, int count, char **words);
};

static int run_status(const struct ctl_options *options, int count, char **words);
static int run_ready(const struct ctl_options *options, int count, char **words);
static int run_metrics(const struct ctl_options *options, int count, char **words);
static int run_peers(const struct ctl_options *options, int count, char **words);
static int take_option(struct ctl_options *options, int option);
static bool take_filter(struct ctl_options *options, const char *name);
static const struct order *order_find(const char *name);
static void print_findings(const json_t *status);
static json_t *metrics_as_json(struct slice body);
static void print_help(FILE *out);

static const struct order orders[] = {
	{ "status", "", "what the sidecar is doing", run_status },
	{ "ready", "", "whether clients may be sent there, and what is wrong; exit code 0 or 1", run_ready },
	{ "peers", "", "the other datacenters: state, staleness, lag", run_peers },
	{ "metrics", "", "all metrics", run_metrics },
	{ "conflicts list", "[FILTERS] [--count N] [--cursor CURSOR]", "conflict records, open ones first", ctl_conflicts },
	{ "conflicts show", "ID", "one record, whole", ctl_conflicts },
	{ "conflicts resolve", "ID|FILTERS CHOICE", "ends open conflicts: winner, side DOT, value VALUE, remove, rule RULE", ctl_conflicts },
	{ "conflicts ignore", "ID|FILTERS", "ends open conflicts, and what is visible stays", ctl_conflicts },
	{ "conflicts retry", "ID|FILTERS", "has the handler of open conflicts run again now", ctl_conflicts },
	{ "conflicts report", "[FILTERS] [--count N]", "the keys, commands and clients that conflict most", ctl_conflicts },
	{ "explain", "KEY [--field FIELD] [--db N]", "a key's rule, its live versions, and why one is visible", ctl_explain },
	{ "rules test", "--rules FILE [FILTERS] [--file RECORDS]", "what the rules in a configuration file would make of recorded conflicts; changes nothing",
	  ctl_rules },
	{ "handler test", "--handler FILE [FILTERS] [--file RECORDS]", "what a handler would make of recorded conflicts; changes nothing", ctl_handler },
};

#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

enum option_name { OPTION_ADMIN = 256, OPTION_JSON, OPTION_HELP, OPTION_VERSION, OPTION_PASSWORD, OPTION_FIELD, OPTION_DB, OPTION_RULES, OPTION_HANDLER,
                   OPTION_FILE, OPTION_FILTER };

static const struct option long_options[] = {
	{ "admin", required_argument, NULL, OPTION_ADMIN },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD },
	{ "field", required_argument, NULL, OPTION_FIELD },
	{ "db", required_argument, NULL, OPTION_DB },
	{ "rules", required_argument, NULL, OPTION_RULES },
	{ "handler", required_argument, NULL, OPTION_HANDLER },
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "match", required_argument, NULL, OPTION_FILTER },
	{ "rule", required_argument, NULL, OPTION_FILTER },
	{ "kind", required_argument, NULL, OPTION_FILTER },
	{ "status", required_argument, NULL, OPTION_FILTER },
	{ "peer", required_argument, NULL, OPTION_FILTER },
	{ "older", required_argument, NULL, OPTION_FILTER },
	{ "count", required_argument, NULL, OPTION_FILTER },
	{ "cursor", required_argument, NULL, OPTION_FILTER },
	{ NULL, 0, NULL, 0 },
};

#define GOES_ON (-1)

int main(int argc, char **argv)
{
	struct ctl_options options = { .is_json = false };
	int option, index = 0, code = GOES_ON;

	if (!value_read_address("127.0.0.1:7081", &options.admin))
		return EXIT_UNKNOWN;
	while (code == GOES_ON && (option = getopt_long(argc, argv, "h", long_options, &index)) != -1)
		code = option == OPTION_FILTER ? (take_filter(&options, long_options[index].name) ? GOES_ON : EXIT_UNKNOWN) : take_option(&options, option);
	const struct order *order = code == GOES_ON && optind < argc ? order_find(argv[optind]) : NULL;

	if (code == GOES_ON && order == NULL) {
		print_help(stderr);
		code = EXIT_UNKNOWN;
	} else if (code == GOES_ON) {
		code = order->run(&options, argc - optind - 1, argv + optind + 1);
	}
	memory_free(options.admin.host);
	memory_free(options.password);
	return code;
}

/* GOES_ON, or how to exit. */
static int take_option(struct ctl_options *options, int option)
{
	struct buffer why = { 0 };

	switch (option) {
	case OPTION_ADMIN:
		return value_read_address(optarg, &options->admin) ? GOES_ON : ctl_complain("--admin is no address, write HOST:PORT");
	case OPTION_JSON:
		options->is_json = true;
		return GOES_ON;
	case OPTION_FIELD:
		options->field = optarg;
		return GOES_ON;
	case OPTION_DB:
		options->db = optarg;
		return GOES_ON;
	case OPTION_RULES:
		options->rules = optarg;
		return GOES_ON;
	case OPTION_HANDLER:
		options->handler = optarg;
		return GOES_ON;
	case OPTION_FILE:
		options->file = optarg;
		return GOES_ON;
	case OPTION_PASSWORD:
		memory_free(options->password);
		options->password = value_read_file(optarg, ".", &why);
		buffer_add_byte(&why, '\0');
		int code = options->password != NULL ? GOES_ON : ctl_complain(why.ptr);

		buffer_free(&why);
		return code;
	case OPTION_VERSION:
		puts("homeportctl " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTION_HELP:
	case 'h':
		print_help(stdout);
		return EXIT_SUCCESS;
	default:
		print_help(stderr);
		return EXIT_UNKNOWN;
	}
}

static bool take_filter(struct ctl_options *options, const char *name)
{
	if (options->filter_count == CTL_FILTERS_MAX) {
		ctl_complain("give each filter once");
		return false;
	}
	options->filters[options->filter_count++] = (struct ctl_filter){ name, optarg };
	return true;
}

int ctl_complain(const char *text)
{
	fprintf(stderr, "homeportctl: %s\n", text);
	return EXIT_UNKNOWN;
}

/* The answer's body; false: *code is how to exit, and why was said. An answer that is no success is the sidecar's word. */
static bool ask(const struct ctl_options *options, const struct ctl_request *request, struct buffer *body, int *code)
{
	struct buffer error = { 0 };
	struct ctl_request asked = *request;

	asked.password = options->password;
	int http_status = ctl_fetch(&options->admin, &asked, body, &error);

	if (http_status == 0)
		fprintf(stderr, "homeportctl: %.*s\n", (int)error.len, error.ptr);
	else if (http_status != 200)
		fprintf(stderr, "homeportctl: %s answered %d: %.*s\n", request->path, http_status, (int)body->len, body->ptr);
	*code = http_status >= 400 && http_status < 500 ? EXIT_WRONG : EXIT_UNKNOWN;
	buffer_free(&error);
	return http_status == 200;
}

json_t *ctl_ask(const struct ctl_options *options, const struct ctl_request *request, int *code)
{
	struct buffer body = { 0 };
	json_t *value = ask(options, request, &body, code) ? ctl_parse(buffer_slice(&body)) : NULL;

	buffer_free(&body);
	return value;
}

static json_t *ask_status(const struct ctl_options *options, int count, int *code)
{
	*code = EXIT_UNKNOWN;
	if (count == 0)
		return ctl_ask(options, &(struct ctl_request){ .path = "/v1/status" }, code);
	ctl_complain("this order stands alone");
	return NULL;
}

static const struct order *order_find(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ORDER_COUNT; i++)
		if (strncmp(orders[i].name, name, len) == 0 && (orders[i].name[len] == '\0' || orders[i].name[len] == ' '))
			return &orders[i];
	return NULL;
}

static int run_status(const struct ctl_options *options, int count, char **words)
{
	int code;
	json_t *status = ask_status(options, count, &code);
	const json_t *core = json_object_get(status, "core"), *store = json_object_get(status, "store");

	(void)words;
	if (status == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(status);
	} else {
		printf("dc        %s (homeportd %s)\n", ctl_text_of(status, "dc"), ctl_text_of(status, "version"));
		printf("ready     %s\n", json_is_true(json_object_get(status, "is_ready")) ? "yes" : "no");
		printf("redis     %s %s\n", json_is_true(json_object_get(store, "is_open")) ? "connected" : "not connected", ctl_text_of(store, "version"));
		printf("clients   %lld\n", ctl_count_of(status, "clients"));
		printf("writes    %lld shipped, %lld refused\n", ctl_count_of(core, "local_writes"), ctl_count_of(core, "refused_writes"));
		printf("outbox    %lld events, %lld bytes\n", ctl_count_of(core, "outbox_events"), ctl_count_of(core, "outbox_bytes"));
		printf("unstable  %lld elements, %lld bytes\n", ctl_count_of(core, "unstable_elements"), ctl_count_of(core, "metadata_bytes"));
		print_findings(status);
	}
	json_decref(status);
	return EXIT_SUCCESS;
}

static int run_ready(const struct ctl_options *options, int count, char **words)
{
	int code;
	json_t *status = ask_status(options, count, &code);
	const json_t *is_ready = json_object_get(status, "is_ready");

	(void)words;
	if (status == NULL)
		return code;
	code = json_is_true(is_ready) ? EXIT_SUCCESS : EXIT_WRONG;

	if (options->is_json) {
		json_t *part = json_pack("{s:O, s:O}", "is_ready", is_ready, "findings", json_object_get(status, "findings"));

		ctl_print_json(part);
		json_decref(part);
	} else {
		puts(code == EXIT_SUCCESS ? "ready" : "not ready");
		print_findings(status);
	}
	json_decref(status);
	return code;
}

static int run_peers(const struct ctl_options *options, int count, char **words)
{
	int code;
	json_t *status = ask_status(options, count, &code);
	json_t *peers = json_object_get(status, "peers"), *peer;
	const char *name;

	(void)words;
	if (status == NULL)
		return code;
	if (options->is_json) {
		ctl_print_json(peers);
	} else {
		printf("%-16s %-12s %14s %10s %10s %10s\n", "PEER", "STATE", "STALENESS MS", "LAG", "HELD", "OWED");
		json_object_foreach(peers, name, peer) {
			const json_t *staleness = json_object_get(peer, "staleness_ms");

			printf("%-16s %-12s ", name, ctl_text_of(peer, "state"));
			if (json_is_integer(staleness))
				printf("%14lld ", (long long)json_integer_value(staleness));
			else
				printf("%14s ", "never heard");
			if (json_is_integer(json_object_get(peer, "lag_events")))
				printf("%10lld ", ctl_count_of(peer, "lag_events"));
			else
				printf("%10s ", "unknown");
			printf("%10lld %10lld\n", ctl_count_of(peer, "held_events"), ctl_count_of(peer, "owed_events"));
		}
	}
	json_decref(status);
	return EXIT_SUCCESS;
}

static int run_metrics(const struct ctl_options *options, int count, char **words)
{
	struct buffer body = { 0 };
	int code;

	(void)words;
	if (count > 0)
		return ctl_complain("this order stands alone");
	if (ask(options, &(struct ctl_request){ .path = "/metrics" }, &body, &code)) {
		code = EXIT_SUCCESS;
		if (options->is_json) {
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

json_t *ctl_parse(struct slice body)
{
	json_error_t error;
	json_t *value = json_loadb(body.ptr, body.len, 0, &error);

	if (value == NULL)
		fprintf(stderr, "homeportctl: the answer is not JSON (%s), see that --admin is a homeportd\n", error.text);
	return value;
}

void ctl_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
}

static void print_findings(const json_t *status)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(status, "findings"), i, finding) {
		const char *dc = ctl_text_of(finding, "dc");

		printf("%s %s%s%s: %s\n", ctl_text_of(finding, "weight"), ctl_text_of(finding, "check"), *dc != '\0' ? " " : "", dc, ctl_text_of(finding, "text"));
	}
}

long long ctl_count_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

const char *ctl_text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void print_help(FILE *out)
{
	fputs("homeportctl [--admin HOST:PORT] [--password-file FILE] [--json] ORDER\n\n", out);
	for (size_t i = 0; i < ORDER_COUNT; i++)
		fprintf(out, "  %s %s\n      %s\n", orders[i].name, orders[i].words, orders[i].prose);
	fputs("\nFILTERS: --match GLOB --rule RULE --kind KIND --status STATUS --peer DC --older SECONDS\n"
	      "RECORDS is what conflicts list --json wrote.\n"
	      "--admin is the sidecar's admin address (127.0.0.1:7081); the file's first line is conflicts.password.\n"
	      "Exit code 1: the sidecar says no. 2: it could not be asked.\n", out);
}
