#include "ctl_completion.h"

#include "base/text.h"
#include "ctl_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_function(const struct ctl_call *call);
static void print_values(void);
static void print_orders(const struct ctl_call *call);

int ctl_completion(const struct ctl_call *call)
{
	bool is_zsh = call->count == 1 && strcmp(call->words[0], "zsh") == 0;

	if (call->count != 1 || (!is_zsh && strcmp(call->words[0], "bash") != 0))
		return ctl_complain("for which shell? write completion bash or completion zsh");
	if (is_zsh)
		puts("autoload -U +X bashcompinit && bashcompinit");
	print_function(call);
	puts("complete -F _homeportctl homeportctl");
	return EXIT_SUCCESS;
}

/* The words before the cursor that are neither options nor their values say which order it is. */
static void print_function(const struct ctl_call *call)
{
	puts("_homeportctl() {\n"
	     "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" order='' words='' word i\n"
	     "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "    word=\"${COMP_WORDS[i]}\"\n"
	     "    case \"$word\" in");
	fputs("      ", stdout);
	for (unsigned i = 0, count = 0; i < ctl_option_count(); i++)
		if (ctl_option_at(i)->argument != NULL)
			printf("%s--%s", count++ > 0 ? "|" : "", ctl_option_at(i)->name);
	puts(") ((i++));;\n"
	     "      -*) ;;\n"
	     "      *) order=\"${order:+$order }$word\";;\n"
	     "    esac\n"
	     "  done");
	print_values();
	print_orders(call);
	puts("  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	     "}");
}

/* What may follow an option. */
static void print_values(void)
{
	puts("  case \"$previous\" in");
	for (unsigned i = 0; i < ctl_option_count(); i++) {
		const struct ctl_option *option = ctl_option_at(i);

		if (option->argument == NULL)
			continue;
		if (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "RECORDS") == 0) {
			printf("    --%s) COMPREPLY=($(compgen -f -- \"$current\")); return;;\n", option->name);
			continue;
		}
		printf("    --%s) COMPREPLY=(", option->name);
		if (option->value != NULL) {
			fputs("$(compgen -W \"", stdout);
			for (unsigned j = 0; option->value(j) != NULL; j++)
				printf("%s%s", j > 0 ? " " : "", option->value(j));
			fputs("\" -- \"$current\")", stdout);
		}
		puts("); return;;");
	}
	puts("  esac");
}

/* What may follow an order, or what an order may begin with. */
static void print_orders(const struct ctl_call *call)
{
	struct buffer firsts = { 0 }, common = { 0 };
	const char *family = "";
	size_t family_len = 0;

	for (unsigned i = 0; i < ctl_option_count(); i++)
		if (ctl_option_at(i)->use == CTL_ANYWHERE)
			buffer_add_format(&common, " --%s", ctl_option_at(i)->name);
	puts("  case \"$order\" in");
	for (unsigned i = 0; i < call->order_count; i++) {
		const struct ctl_order *order = &call->orders[i];

		printf("    '%s'*) words='%s", order->name, order->follow);
		for (unsigned j = 0; j < ctl_option_count(); j++)
			if (ctl_order_takes(order, ctl_option_at(j)->name))
				printf(" --%s", ctl_option_at(j)->name);
		puts("';;");
		if (ctl_order_family_len(order) == family_len && strncmp(order->name, family, family_len) == 0)
			continue;
		family = order->name;
		family_len = ctl_order_family_len(order);
		buffer_add_format(&firsts, " %.*s", (int)family_len, family);
	}
	/* Families stand after the orders themselves: the first pattern that matches counts. */
	for (unsigned i = 0; i < call->order_count; i++) {
		const struct ctl_order *order = &call->orders[i];
		size_t len = ctl_order_family_len(order);

		if (order->name[len] == '\0' || (i > 0 && strncmp(call->orders[i - 1].name, order->name, len + 1) == 0))
			continue;
		printf("    '%.*s') words='", (int)len, order->name);
		for (unsigned j = i; j < call->order_count && strncmp(call->orders[j].name, order->name, len + 1) == 0; j++)
			printf("%s%s", j > i ? " " : "", call->orders[j].name + len + 1);
		puts("';;");
	}
	printf("    '') words='%.*s';;\n  esac\n  words=\"$words%.*s\"\n", (int)firsts.len, firsts.ptr, (int)common.len, common.ptr);
	buffer_free(&firsts);
	buffer_free(&common);
}
