#include "describe.h"

#include "base/text.h"
#include "log_kind.h"
#include "proxy/core/rules/rule.h"
#include "row.h"

#include <string.h>

static void describe_rows(struct buffer *out, const char *section);
static void describe_row(struct buffer *out, const struct row *row);
static bool is_any(const struct rule *rule);
static bool is_ordered(const struct rule *rule);
static bool is_handled(const struct rule *rule);
static void add_rules(struct buffer *out, bool (*is_meant)(const struct rule *rule));

static const char introduction[] =
	"<!-- Made by homeportd --describe-settings: do not edit. -->\n"
	"# Configuration\n\n"
	"`homeportd --config FILE` reads one YAML file; `homeportd --check --config FILE` only checks it: exit code 0, or 1 and a line\n"
	"`FILE:LINE:COL: what, remedy` for each thing wrong. Nothing unknown, repeated or contradictory is let through.\n"
	"`config/homeport.yml` is a file to start from, `config/examples/` has more.\n\n"
	"Durations are whole numbers with a unit: `500ms`, `5s`, `1m`, `1h`, `7d`. Sizes are bytes: `900000`, `16KiB`, `64MiB`, `1GiB`. Addresses are\n"
	"`HOST:PORT`, an IPv6 address in brackets. Names of files are relative to the directory of the configuration file.\n\n"
	"*Change* says what a changed value needs: *reload* is taken over on SIGHUP, *restart* is not; SIGHUP logs which is which.\n";

static const char log_introduction[] =
	"\n## log\n\n"
	"The log that this datacenter's writes are shipped through; default `redis-stream: {}`. Exactly one of:\n\n"
	"| log | settings |\n|---|---|\n";

static const char lists[] =
	"\nA property whose name ends in `_file` is read from the first line of a file: `sasl.password_file: /run/secrets/kafka`.\n"
	"Change: restart.\n"
	"\n## peers\n\n"
	"Every other datacenter, by name (at most 15): `address`, where its sidecar answers clients (clients are redirected to it), and `log`, which log to\n"
	"read it from:\n"
	"`kafka` as above, or `redis-stream` with the `address` of *its* Redis and, where needed, `username`, `password` or `password_file`, and\n"
	"`database` (its `redis.database`). `username` and `password` or `password_file` of a peer itself are what this sidecar logs in with where it forwards\n"
	"writes (`homes`): a user of that datacenter's Redis who may do everything. Left out: it does not log in. Change: restart.\n\n"
	"```yaml\npeers:\n"
	"  us: { address: 10.0.1.5:7001, log: { kafka: { bootstrap.servers: 10.0.1.9:9092 } } }\n"
	"  ap: { address: 10.0.2.5:7001, log: { redis-stream: { address: 10.0.2.6:6379, password_file: ap.secret } } }\n```\n"
	"\n## rules\n\n"
	"Which conflict rule for which keys: a list, of which the first that matches wins; what nothing matches is `lww`.\n\n"
	"| in a rule | |\n|---|---|\n"
	"| `match` | which keys: a glob as in Redis's `KEYS` |\n"
	"| `rule` | ";

static const char rules_end[] =
	", and only there: a file in Lua with a function `resolve(key, versions)` |\n"
	"| `ttl` | of `merge`, and only there: which of several deadlines decides, the `newest` (if nothing is said), the `longest` (none is longest of all) or the `shortest` |\n"
	"| `bits` | of rules that keep every value: `merge` decides each bit that `SETBIT` and `BITFIELD` write by itself, as the other rules do; `whole` (if nothing is said) keeps the string as a version |\n"
	"| `stream` | `ordered`: `XREAD` shows an entry of a stream only once no older one can come from another datacenter ([streams](conflict-rules.md#streams-that-are-read-in-order)); `at-once` (if nothing is said) shows what is there |\n"
	"| `list` | `merge`: lists are merged, under every rule. `whole` (a list as one value) is not there yet, and refused |\n\n"
	"A rule that an earlier one hides is refused, and so is a handler that does not compile. All datacenters must have the same rules and\n"
	"handlers: `/readyz` and `homeport_rules_differ` say when they differ. Change: reload, in every datacenter; a file with a mistake changes\n"
	"nothing.\n\n"
	"```yaml\nrules:\n"
	"  - { match: \"price:*\", rule: priority, order: [eu, us] }\n"
	"  - { match: \"contract:*\", rule: record }\n"
	"  - { match: \"basket:*\", rule: custom, handler: basket.lua }\n"
	"  - { match: \"cart:*\", rule: merge }\n"
	"  - { match: \"*\", rule: lww }\n```\n";

static const char homes[] =
	"\n## homes\n\n"
	"Which keys belong to which user, and which datacenter takes that user's writes: a list of patterns, of which the first that matches a key wins.\n"
	"Keys that nothing matches have no home, and are written everywhere. [homes.md](homes.md) says what homes are for, and how they move.\n\n"
	"| in a home | default | |\n|---|---|---|\n"
	"| `match` | *required* | which keys: a glob as in Redis's `KEYS`, with `{id}` once, where the user's id stands. An id holds neither the bytes beside `{id}` nor "
	"braces; in a key it may stand in braces of its own (`user:{42}:cart`, a hash tag) |\n"
	"| `name` | `user` | users are called NAME:ID, as in `user:42`. Patterns of one name are about the same users, who move together |\n"
	"| `default` | *required* | where users live who were never moved: `{ list: [{ match: \"1*\", dc: eu }, { match: \"*\", dc: us }] }`, globs over the id, the last one `*`; "
	"or `{ hash: { eu: 2, us: 1 } }`, spread by weights from 1 to 1000. A datacenter that is left out is nobody's home by default. Or `first`: the first datacenter that writes for a user becomes his home. Later patterns of the same name leave it out |\n"
	"| `away` | `redirect` | what becomes of a write at another datacenter than the home: `accept` takes it here all the same, and counts it; `redirect` refuses it and names "
	"the home's address; `forward` sends it there and gives back the answer; `refuse` refuses it |\n"
	"| `read` | `local` | `home`: reads are dealt with as writes are |\n"
	"| `pop` | `local` | `home`: what pops (`LPOP`, `BLPOP`, `LMOVE`, `SPOP`, `ZPOPMIN`, …), and every script that declares such a key, is executed at the home, whatever `away` says of "
	"other writes: a queue gives each job once ([homes.md](homes.md#queues)) |\n"
	"| `mixed` | `refuse` | `accept`: one command or `MULTI` may write keys of users whose homes are in different datacenters. It is executed where it is given, and counted |\n\n"
	"All datacenters must have the same homes: they agree on defaults without asking each other. Change: restart, in every datacenter.\n\n"
	"```yaml\nhomes:\n"
	"  - match: \"user:{id}:*\"\n"
	"    default: { hash: { eu: 2, us: 1 } }\n"
	"    away: forward\n"
	"  - { match: \"cart:{id}\" }\n"
	"  - { match: \"lock:{id}\", name: lock, default: { list: [{ match: \"*\", dc: eu }] }, away: refuse, read: home }\n```\n";

void settings_describe(struct buffer *out)
{
	buffer_add_text(out, introduction);
	buffer_add_text(out, "\n## At the top\n\n");
	describe_rows(out, "");
	for (unsigned i = 0; i < section_count(); i++) {
		const struct section *section = section_at(i);

		buffer_add_format(out, "\n## %s\n\n%s\n\n", section->name, section->prose);
		describe_rows(out, section->name);
	}
	buffer_add_text(out, log_introduction);
	for (unsigned i = 0; i < log_kind_count(); i++)
		buffer_add_format(out, "| `%s` | %s |\n", log_kind_at(i)->name, log_kind_at(i)->prose);
	buffer_add_text(out, lists);
	add_rules(out, is_any);
	buffer_add_text(out, "; docs/conflict-rules.md says what each does |\n| `order` | for ");
	add_rules(out, is_ordered);
	buffer_add_text(out, ", and only there: a list of datacenters (`dc` and names of `peers`), the first wins; those left out come last |\n"
	                     "| `handler` | for ");
	add_rules(out, is_handled);
	buffer_add_text(out, rules_end);
	buffer_add_text(out, homes);
}

static bool is_any(const struct rule *rule) { (void)rule; return true; }
static bool is_ordered(const struct rule *rule) { return rule->takes_order; }
static bool is_handled(const struct rule *rule) { return rule->is_handling; }

/* "`a`, `b` or `c`": the rules that IS_MEANT says, in the order of rules.def. */
static void add_rules(struct buffer *out, bool (*is_meant)(const struct rule *rule))
{
	const struct rule *last = NULL;
	unsigned left = 0;

	for (unsigned i = 0; rule_at(i) != NULL; i++)
		left += is_meant(rule_at(i));
	for (unsigned i = 0; rule_at(i) != NULL; i++) {
		if (!is_meant(rule_at(i)))
			continue;
		buffer_add_format(out, "%s`%s`", last == NULL ? "" : left == 1 ? " or " : ", ", rule_at(i)->name);
		last = rule_at(i);
		left--;
	}
}

/* The rows of a section; "" has those at the top. */
static void describe_rows(struct buffer *out, const char *section)
{
	buffer_add_text(out, "| setting | type | default | limits | change | |\n|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < row_count(); i++) {
		const struct row *row = row_at(i);
		size_t section_len = strcspn(row->path, ".");
		bool is_top = row->path[section_len] == '\0';

		if (is_top ? section[0] == '\0' : strlen(section) == section_len && strncmp(row->path, section, section_len) == 0)
			describe_row(out, row);
	}
}

static void describe_row(struct buffer *out, const struct row *row)
{
	buffer_add_format(out, "| `%s` | %s | ", row->path, row_type_text(row->type));
	if (row->when == ROW_REQUIRED)
		buffer_add_text(out, "*required*");
	else if (row->preset[0] != '\0')
		buffer_add_format(out, "`%s`", row->preset);
	buffer_add_text(out, " | ");
	if (row->min[0] != '\0')
		buffer_add_format(out, row->type == ROW_WORD ? "%s" : "%s … %s", row->min, row->max);
	buffer_add_format(out, " | %s | %s |\n", row->when == ROW_RELOAD ? "reload" : "restart", row->prose);
}
