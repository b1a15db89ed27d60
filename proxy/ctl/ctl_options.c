#include "ctl_options.h"

#include "base/nearest.h"
#include "base/text.h"
#include "config/value.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/wire/record.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN_DEFAULT "127.0.0.1:7081"
#define ADMIN_VARIABLE "HOMEPORT_ADMIN"

static const char *rule_name(unsigned index);
static const char *status_name(unsigned index);
static const char *kind_name(unsigned index);

static const struct ctl_option table[] = {
	{ "admin", "HOST:PORT", CTL_ANYWHERE, NULL, "the sidecar's `admin` address, or https://HOST:PORT, its `admin_tls`; without it " ADMIN_VARIABLE " of the environment, or " ADMIN_DEFAULT },
	{ "cacert", "FILE", CTL_ANYWHERE, NULL, "who vouches for the sidecar, with --admin https://HOST:PORT; without it, whom the system trusts" },
	{ "cert", "FILE", CTL_ANYWHERE, NULL, "the certificate that is shown there, where tls.clients asks for one" },
	{ "key", "FILE", CTL_ANYWHERE, NULL, "its key" },
	{ "password-file", "FILE", CTL_ANYWHERE, NULL, "a file whose first line is conflicts.password" },
	{ "json", NULL, CTL_ANYWHERE, NULL, "answers as JSON, for programs: numbers as they are, in milliseconds and bytes" },
	{ "help", NULL, CTL_ANYWHERE, NULL, "what an order does and takes" },
	{ "version", NULL, CTL_ANYWHERE, NULL, "this program's version" },
	{ "watch", NULL, CTL_OWN, NULL, "shows it again every second, until Ctrl-C" },
	{ "field", "FIELD", CTL_OWN, NULL, "of a hash: this field" },
	{ "db", "N", CTL_OWN, NULL, "the key's database, 0 where left out" },
	{ "rules", "FILE", CTL_OWN, NULL, "a configuration file whose `rules` are tried" },
	{ "handler", "FILE", CTL_OWN, NULL, "a file in Lua with a function resolve(key, versions)" },
	{ "file", "RECORDS", CTL_OWN, NULL, "the records, as written by conflicts list --json; without it the sidecar's are tried" },
	{ "to", "DC", CTL_OWN, NULL, "the datacenter that is to be the home" },
	{ "from", "DC", CTL_OWN, NULL, "the datacenter whose users are moved" },
	{ "rate", "N", CTL_OWN, NULL, "how many users are moved a second: 200 where left out" },
	{ "dry-run", NULL, CTL_OWN, NULL, "says who would be moved, and moves nobody" },
	{ "back", NULL, CTL_OWN, NULL, "moves them back in the end" },
	{ "isolate", NULL, CTL_OWN, NULL, "cuts the source off while the drill runs, as if it had died, and takes its users over" },
	{ "canary", "KEY", CTL_OWN, NULL, "users of the drill's own write and read keys like this while it runs, with {n} for their number: user:canary-{n}:drill" },
	{ "canaries", "N", CTL_OWN, NULL, "how many of them: 4 where left out" },
	{ "canary-login", "FILE", CTL_OWN, NULL, "a file whose first line is their user, a space, and its password; or the password alone" },
	{ "abort-if", "LIMITS", CTL_OWN, NULL, "stops and moves all back once a limit is crossed: held_p50>20ms, held_p99>100ms, held_max>1s, failed>0, conflicts>0, with commas between" },
	{ "report", "FILE", CTL_OWN, NULL, "where the report is written, too: as HTML if it ends in .html, as JSON if in .json, else as text" },
	{ "hold", "TIME", CTL_OWN, NULL, "how long the user's writes may wait for it; limits.hold where left out" },
	{ "force", NULL, CTL_OWN, NULL, "takes the user over, although the home does not give it away: it is dead" },
	{ "now", NULL, CTL_OWN, NULL, "also if the home was heard a moment ago" },
	{ "match", "GLOB", CTL_FILTER, NULL, "of keys that match this pattern" },
	{ "rule", "RULE", CTL_FILTER, rule_name, "decided by this rule" },
	{ "kind", "KIND", CTL_FILTER, kind_name, "of this kind" },
	{ "status", "STATUS", CTL_FILTER, status_name, "with this status" },
	{ "peer", "DC", CTL_FILTER, NULL, "with a write of this datacenter" },
	{ "older", "TIME", CTL_FILTER, NULL, "opened longer ago than this: seconds, or with a unit as in 90s, 10m, 2h, 7d" },
	{ "count", "N", CTL_FILTER, NULL, "at most so many at once" },
	{ "cursor", "CURSOR", CTL_FILTER, NULL, "goes on where the list before ended" },
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

static bool take(struct ctl_options *options, const struct ctl_option *option, const char *argument, struct buffer *error);
static bool take_filter(struct ctl_options *options, const struct ctl_option *option, const char *argument, struct buffer *error);
static bool take_admin(struct ctl_options *options, const char *text, const char *source, struct buffer *error);
static void refuse_unknown(const char *word, struct buffer *error);

unsigned ctl_option_count(void)
{
	return TABLE_COUNT;
}

const struct ctl_option *ctl_option_at(unsigned index)
{
	assert(index < TABLE_COUNT);
	return &table[index];
}

bool ctl_options_read(struct ctl_options *options, int argc, char **argv, int *first, struct buffer *error)
{
	struct option known[TABLE_COUNT + 1] = { 0 };
	const char *admin = getenv(ADMIN_VARIABLE);
	int letter, index = 0;
	bool is_good = true;

	*options = (struct ctl_options){ 0 };
	if (admin != NULL && admin[0] != '\0')
		is_good = take_admin(options, admin, ADMIN_VARIABLE, error);
	else
		is_good = take_admin(options, ADMIN_DEFAULT, "the default", error);
	for (size_t i = 0; i < TABLE_COUNT; i++)
		known[i] = (struct option){ table[i].name, table[i].argument != NULL ? required_argument : no_argument, NULL, 0 };
	opterr = 0;
	while (is_good && (letter = getopt_long(argc, argv, ":h", known, &index)) != -1) {
		if (letter == 0) {
			is_good = take(options, &table[index], optarg, error);
		} else if (letter == 'h') {
			options->is_help = true;
		} else {
			is_good = false;
			if (letter == ':')
				buffer_add_format(error, "%s needs a value after it", argv[optind - 1]);
			else
				refuse_unknown(argv[optind - 1], error);
		}
	}
	*first = optind;
	return is_good;
}

void ctl_options_free(struct ctl_options *options)
{
	memory_free(options->admin.host);
	memory_free(options->password);
	*options = (struct ctl_options){ 0 };
}

static bool take(struct ctl_options *options, const struct ctl_option *option, const char *argument, struct buffer *error)
{
	const struct { const char *name, **place; } texts[] = {
		{ "cacert", &options->cacert }, { "cert", &options->cert }, { "key", &options->key },
		{ "field", &options->field },     { "db", &options->db },     { "rules", &options->rules },
		{ "handler", &options->handler }, { "file", &options->file },
		{ "to", &options->to },           { "hold", &options->hold },
		{ "from", &options->from },       { "rate", &options->rate },
		{ "report", &options->report },   { "abort-if", &options->abort_if },
		{ "canary", &options->canary },   { "canaries", &options->canaries },
		{ "canary-login", &options->canary_login },
	};
	const struct { const char *name; bool *place; } flags[] = {
		{ "json", &options->is_json },
		{ "help", &options->is_help },
		{ "version", &options->is_version },
		{ "watch", &options->is_watching },
		{ "force", &options->is_forced },
		{ "now", &options->is_now },
		{ "dry-run", &options->is_dry_run },
		{ "back", &options->is_back },
		{ "isolate", &options->is_isolated },
	};

	if (options->given_count < CTL_GIVEN_MAX)
		options->given[options->given_count++] = option->name;
	if (option->use == CTL_FILTER)
		return take_filter(options, option, argument, error);
	if (strcmp(option->name, "admin") == 0)
		return take_admin(options, argument, "--admin", error);
	if (strcmp(option->name, "password-file") == 0) {
		memory_free(options->password);
		options->password = value_read_file(argument, ".", error);
		return options->password != NULL;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, option->name) == 0)
			*texts[i].place = argument;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flags[i].name, option->name) == 0)
			*flags[i].place = true;
	return true;
}

static bool take_filter(struct ctl_options *options, const struct ctl_option *option, const char *argument, struct buffer *error)
{
	uint64_t ms;

	for (unsigned i = 0; i < options->filter_count; i++)
		if (strcmp(options->filters[i].name, option->name) == 0) {
			buffer_add_format(error, "--%s is given twice, give each filter once", option->name);
			return false;
		}
	assert(options->filter_count < CTL_FILTERS_MAX);
	if (strcmp(option->name, "older") == 0 && value_read_duration(argument, &ms)) {
		snprintf(options->older, sizeof(options->older), "%llu", (unsigned long long)(ms / 1000));
		argument = options->older;
	}
	options->filters[options->filter_count++] = (struct ctl_filter){ option->name, argument };
	return true;
}

/* What people paste from a browser, http://HOST:PORT/, is an address, too. */
static bool take_admin(struct ctl_options *options, const char *text, const char *source, struct buffer *error)
{
	static const char scheme[] = "http://", tls_scheme[] = "https://";
	bool is_tls = strncmp(text, tls_scheme, sizeof(tls_scheme) - 1) == 0;
	const char *place = is_tls ? text + sizeof(tls_scheme) - 1 : strncmp(text, scheme, sizeof(scheme) - 1) == 0 ? text + sizeof(scheme) - 1 : text;
	char *address = text_copy(place);
	size_t len = strlen(address);

	if (len > 0 && address[len - 1] == '/')
		address[len - 1] = '\0';
	bool is_good = value_read_address(address, &options->admin);

	options->admin.is_tls = is_tls;

	if (!is_good)
		buffer_add_format(error, "%s: '%s' is no address, write HOST:PORT (the sidecar's `admin`), or https://HOST:PORT (its `admin_tls`)", source, text);
	memory_free(address);
	return is_good;
}

static void refuse_unknown(const char *word, struct buffer *error)
{
	const char *names[TABLE_COUNT];

	for (size_t i = 0; i < TABLE_COUNT; i++)
		names[i] = table[i].name;
	char *name = text_copy(word + strspn(word, "-"));

	name[strcspn(name, "=")] = '\0';
	const char *near = nearest_name(name, names, TABLE_COUNT);

	buffer_add_format(error, "there is no option %s", word);
	if (near != NULL)
		buffer_add_format(error, ", did you mean --%s?", near);
	else
		buffer_add_text(error, ", homeportctl --help lists what there is");
	memory_free(name);
}

static const char *rule_name(unsigned index)
{
	return rule_at(index) != NULL ? rule_at(index)->name : NULL;
}

/* Statuses and kinds are numbered from 1. */
static const char *status_name(unsigned index)
{
	return index + 1 < RECORD_STATUS_COUNT ? record_status_text((enum record_status)(index + 1)) : NULL;
}

static const char *kind_name(unsigned index)
{
	return index + 1 < RECORD_KIND_COUNT ? record_kind_text((enum record_kind)(index + 1)) : NULL;
}
