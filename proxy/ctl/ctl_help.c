#include "ctl_help.h"

#include "base/nearest.h"
#include "base/text.h"
#include "ctl_print.h"

#include <string.h>

#define NAMES_MAX 32
#define COLUMN 28

static bool is_in_family(const struct ctl_order *order, const char *word);
static const char *rest_of(const struct ctl_order *order);
static void print_order(const struct ctl_order *order, FILE *out);
static void print_usage(const struct ctl_order *order, FILE *out);
static void print_options(const struct ctl_order *order, FILE *out);

const struct ctl_order *ctl_help_find(const struct ctl_call *call, int *used)
{
	for (unsigned i = 0; call->count > 0 && i < call->order_count; i++) {
		const struct ctl_order *order = &call->orders[i];
		bool is_alone = rest_of(order)[0] == '\0';

		if (!is_in_family(order, call->words[0]))
			continue;
		if (is_alone || (call->count > 1 && strcmp(rest_of(order), call->words[1]) == 0)) {
			*used = is_alone ? 1 : 2;
			return order;
		}
	}
	return NULL;
}

void ctl_help_print(const struct ctl_call *call, FILE *out)
{
	int used;
	const struct ctl_order *order = ctl_help_find(call, &used);

	if (order != NULL) {
		print_order(order, out);
		return;
	}
	fputs("homeportctl asks a running sidecar over HTTP.\n\nusage: homeportctl [OPTIONS] ORDER\n\n", out);
	for (unsigned i = 0; i < call->order_count; i++)
		if (call->count == 0 || is_in_family(&call->orders[i], call->words[0]))
			fprintf(out, "  %-*s %s\n", COLUMN - 10, call->orders[i].name, call->orders[i].prose);
	fputs("\nOPTIONS\n", out);
	print_options(NULL, out);
	fputs("\nhomeportctl ORDER --help says what else an order takes.\n"
	      "Exit code 0: done. 1: the sidecar says no, or is not ready. 2: it could not be asked, or the order is none.\n", out);
}

int ctl_help_refuse(const struct ctl_call *call)
{
	const char *names[NAMES_MAX], *word = call->words[0];
	struct buffer known = { 0 };
	unsigned count = 0, family = 0;

	/* The words that may follow this one, or else all that an order may begin with. */
	for (unsigned i = 0; i < call->order_count && family < NAMES_MAX; i++)
		if (is_in_family(&call->orders[i], word))
			names[family++] = rest_of(&call->orders[i]);
	char *firsts[NAMES_MAX];
	for (unsigned i = 0; family == 0 && i < call->order_count && count < NAMES_MAX; i++) {
		firsts[count] = text_copy(call->orders[i].name);
		firsts[count][ctl_order_family_len(&call->orders[i])] = '\0';
		if (count > 0 && strcmp(firsts[count - 1], firsts[count]) == 0)
			memory_free(firsts[count]);
		else
			count++;
	}
	for (unsigned i = 0; i < count; i++)
		names[i] = firsts[i];
	unsigned name_count = family > 0 ? family : count;
	const char *wrong = family > 0 ? (call->count > 1 ? call->words[1] : NULL) : word;
	const char *near = wrong != NULL ? nearest_name(wrong, names, name_count) : NULL;

	for (unsigned i = 0; i < name_count; i++)
		buffer_add_format(&known, "%s%s", i == 0 ? "" : i + 1 < name_count ? ", " : " or ", names[i]);
	if (wrong == NULL)
		ctl_complain("%s what? write %s %.*s", word, word, (int)known.len, known.ptr);
	else if (near != NULL)
		ctl_complain("there is no order '%s%s%s', did you mean '%s'?", family > 0 ? word : "", family > 0 ? " " : "", wrong, near);
	else
		ctl_complain("there is no order '%s%s%s', write %.*s", family > 0 ? word : "", family > 0 ? " " : "", wrong, (int)known.len, known.ptr);
	for (unsigned i = 0; i < count; i++)
		memory_free(firsts[i]);
	buffer_free(&known);
	return EXIT_UNKNOWN;
}

static bool is_in_family(const struct ctl_order *order, const char *word)
{
	size_t len = ctl_order_family_len(order);

	return strlen(word) == len && strncmp(order->name, word, len) == 0;
}

/* The name's second word; "" where it has one. */
static const char *rest_of(const struct ctl_order *order)
{
	const char *rest = order->name + ctl_order_family_len(order);

	return *rest == ' ' ? rest + 1 : rest;
}

static void print_order(const struct ctl_order *order, FILE *out)
{
	print_usage(order, out);
	fprintf(out, "\n  %s\n", order->prose);
	if (order->more != NULL)
		fprintf(out, "\n%s", order->more);
	fputs("\nOPTIONS\n", out);
	print_options(order, out);
	print_options(NULL, out);
}

static void print_usage(const struct ctl_order *order, FILE *out)
{
	fprintf(out, "usage: homeportctl %s%s%s [OPTIONS]\n", order->name, order->words[0] != '\0' ? " " : "", order->words);
}

/* ORDER's own; NULL: those that every order takes. */
static void print_options(const struct ctl_order *order, FILE *out)
{
	for (unsigned i = 0; i < ctl_option_count(); i++) {
		const struct ctl_option *option = ctl_option_at(i);
		struct buffer left = { 0 };

		if (order != NULL ? !ctl_order_takes(order, option->name) : option->use != CTL_ANYWHERE)
			continue;
		buffer_add_format(&left, "--%s%s%s", option->name, option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
		buffer_add_byte(&left, '\0');
		fprintf(out, "  %-*s %s", COLUMN - 6, left.ptr, option->prose);
		for (unsigned j = 0; option->value != NULL && option->value(j) != NULL; j++)
			fprintf(out, "%s%s", j == 0 ? ": " : ", ", option->value(j));
		fputc('\n', out);
		buffer_free(&left);
	}
}
