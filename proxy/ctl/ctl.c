/* homeportctl: asks a running sidecar over HTTP and prints the answer, for people or (--json) for programs. The files of this room, lowest first:
 *
 *   ctl_print.c      times, sizes and tables for people       ctl_options.c   the options of the command line, as a table
 *   ctl_fetch.c      one HTTP request                         ctl_ask.c       requests with arguments; refusals as sentences
 *   ctl_order.c      a row of the table of orders             ctl_trial.c     a recorded conflict decided again
 *   ctl_status.c, ctl_peers.c, ctl_conflicts.c, ctl_resolve.c, ctl_explain.c, ctl_homes.c, ctl_trials.c, ctl_completion.c   what orders do
 *   ctl_orders.c     the table of orders                      ctl_help.c      help, and what a mistyped word was meant to be */
#include "ctl_help.h"
#include "ctl_orders.h"
#include "ctl_print.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static int run(struct ctl_call *call);
static bool takes_all(const struct ctl_order *order, const struct ctl_options *options);

int main(int argc, char **argv)
{
	struct ctl_options options;
	struct buffer error = { 0 };
	struct ctl_call call = { .options = &options };
	int first = argc, code = EXIT_SUCCESS;

	call.orders = ctl_orders(&call.order_count);
	if (!ctl_options_read(&options, argc, argv, &first, &error)) {
		code = ctl_complain("%.*s", (int)error.len, error.ptr);
	} else if (options.is_version) {
		puts("homeportctl " PACKAGE_VERSION);
	} else {
		call.count = argc - first;
		call.words = argv + first;
		code = run(&call);
	}
	ctl_options_free(&options);
	buffer_free(&error);
	return code;
}

static int run(struct ctl_call *call)
{
	int used = 0;
	const struct ctl_order *order = ctl_help_find(call, &used);

	if (call->options->is_help || call->count == 0) {
		ctl_help_print(call, call->options->is_help ? stdout : stderr);
		return call->options->is_help ? EXIT_SUCCESS : EXIT_UNKNOWN;
	}
	if (order == NULL)
		return ctl_help_refuse(call);
	call->count -= used;
	call->words += used;
	if (!takes_all(order, call->options))
		return EXIT_UNKNOWN;
	if (order->words[0] == '\0' && call->count > 0)
		return ctl_complain("nothing follows %s, leave '%s' out", order->name, call->words[0]);
	return order->run(call);
}

/* Complains about an option that the order does not take. */
static bool takes_all(const struct ctl_order *order, const struct ctl_options *options)
{
	for (unsigned i = 0; i < options->given_count; i++) {
		const char *name = options->given[i];
		bool is_taken = ctl_order_takes(order, name);

		for (unsigned j = 0; j < ctl_option_count() && !is_taken; j++)
			is_taken = ctl_option_at(j)->use == CTL_ANYWHERE && strcmp(ctl_option_at(j)->name, name) == 0;
		if (!is_taken) {
			ctl_complain("%s takes no --%s, homeportctl %s --help says what it takes", order->name, name, order->name);
			return false;
		}
	}
	return true;
}
