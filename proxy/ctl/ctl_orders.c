#include "ctl_orders.h"

#include "ctl_completion.h"
#include "ctl_conflicts.h"
#include "ctl_drill.h"
#include "ctl_explain.h"
#include "ctl_homes.h"
#include "ctl_peers.h"
#include "ctl_resolve.h"
#include "ctl_status.h"
#include "ctl_trials.h"

#define FILTERS "match rule kind status peer older"

static const struct ctl_order orders[] = {
	{ "status", "", "", "", "what the sidecar is doing", NULL, ctl_status },
	{ "ready", "", "", "", "whether clients may be sent there, and what is wrong; exit code 0 or 1", NULL, ctl_ready },
	{ "peers", "", "", "watch", "the other datacenters: state, staleness, lag",
	  "STALENESS: how old what is shown here of that datacenter may be. LAG: its writes that are known of, but not yet applied here.\n"
	  "HELD: of those, the ones that wait for writes of others which they depend on. OWED: own writes that it has not yet said to have applied.\n"
	  "HEARD: how long ago its last message came. What cannot be known yet is 'unknown'.\n", ctl_peers },
	{ "metrics", "", "", "", "all metrics, as Prometheus reads them", NULL, ctl_metrics },
	{ "conflicts list", "", "", FILTERS " count cursor", "conflict records, open ones first, newest first", NULL, ctl_conflicts_list },
	{ "conflicts show", "ID", "", "", "one record, with its values whole", NULL, ctl_conflicts_show },
	{ "conflicts resolve", "[ID] CHOICE", CTL_CHOICE_NAMES, FILTERS, "ends an open conflict, or all that filters choose, as CHOICE says",
	  "CHOICE is one of:\n"
	  "  winner        what is visible today\n"
	  "  side DOT      the value of this write (conflicts show names the dots of the sides)\n"
	  "  value VALUE   another value\n"
	  "  remove        no value\n"
	  "  rule RULE     what this rule would choose\n", ctl_conflicts_resolve },
	{ "conflicts ignore", "[ID]", "", FILTERS, "ends an open conflict, or all that filters choose; what is visible stays", NULL, ctl_conflicts_ignore },
	{ "conflicts retry", "[ID]", "", FILTERS, "has the handler of an open conflict, or of all that filters choose, run again now", NULL,
	  ctl_conflicts_retry },
	{ "conflicts report", "", "", FILTERS " count", "the keys, commands and clients that conflict most", NULL, ctl_conflicts_report },
	{ "explain", "KEY", "", "field db", "a key's rule, its live versions, and why one is visible", NULL, ctl_explain },
	{ "home", "USER...", "", "", "where users live, who are called NAME:ID", NULL, ctl_home },
	{ "homes", "", "", "match count cursor", "the users who were moved, and where they live",
	  "Of the others, `homes` in the configuration says where they live: home USER asks. --match is about users here, as in --match 'user:1*'.\n", ctl_homes },
	{ "rehome", "USER", "", "to hold force now", "moves a user to another datacenter, and waits until that is done",
	  "The user's writes wait at the old home until the new one has all of them. If that takes longer than --hold, nothing moves and the writes go on where\n"
	  "they were. The order may be given at any datacenter.\n"
	  "--force is for a home that is dead, and is given at the datacenter that is to be the home. It says first which writes are not known there. They are not lost:\n"
	  "when the old home is back, conflicts list --kind stranded lists them.\n", ctl_rehome },
	{ "drill", "", "", "from to match rate hold dry-run isolate back canary canaries canary-login abort-if report", "rehearses a fail-over: moves the users of a datacenter while they write, and reports what came of it",
	  "--match is about users here, as in --match 'user:1*'. Ctrl-C, or a crossed --abort-if, stops it and moves back those who were moved. Exit code 0: all users\n"
	  "moved (and back, with --back); 1: some stayed, or it was stopped. HELD: from the order to the answer; no write of the user waited longer.\n"
	  "--isolate is given at --to: it really cuts --from off, which refuses its clients, and heals in the end, or seconds after this program is gone.\n"
	  "--canary has the drill measure lost writes, stale reads, RPO and RTO, which it does not know otherwise.\n", ctl_drill },
	{ "rules test", "", "", "rules " FILTERS " file", "what the rules in a configuration file would make of recorded conflicts; changes nothing", NULL,
	  ctl_rules_test },
	{ "handler test", "", "", "handler " FILTERS " file", "what a handler would make of recorded conflicts; changes nothing", NULL, ctl_handler_test },
	{ "completion", "bash|zsh", "bash zsh", "", "a script that completes orders and options in the shell",
	  "bash: homeportctl completion bash >/etc/bash_completion.d/homeportctl, or: source <(homeportctl completion bash)\n"
	  "zsh:  source <(homeportctl completion zsh), after compinit\n", ctl_completion },
};

const struct ctl_order *ctl_orders(unsigned *count)
{
	*count = sizeof(orders) / sizeof(orders[0]);
	return orders;
}
