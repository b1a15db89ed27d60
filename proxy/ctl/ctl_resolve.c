#include "ctl_resolve.h"

#include "base/base64.h"
#include "base/nearest.h"
#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_print.h"

#include <stdlib.h>
#include <string.h>

#define CHOICES "winner, side DOT, value VALUE, remove or rule RULE"

static int end_by(const struct ctl_call *call, const char *id, const char *verb, json_t *body);
static bool is_aimed(const struct ctl_call *call);
static bool is_choice(const char *word, int count_after);
static void set_with(json_t *body, const char *with);
static json_t *filter_of(const struct ctl_options *options);

/* With filters all words are the choice, else the first one is the id. */
int ctl_conflicts_resolve(const struct ctl_call *call)
{
	bool has_id = call->options->filter_count == 0;
	int choice = has_id ? 1 : 0;

	if (call->count <= choice || call->count > choice + 2)
		return ctl_complain("resolve which, and how? conflicts resolve ID or filters, then " CHOICES);
	if (!is_choice(call->words[choice], call->count - choice - 1))
		return EXIT_UNKNOWN;
	json_t *body = json_object();

	json_object_set_new(body, "choice", json_string(call->words[choice]));
	if (call->count > choice + 1)
		set_with(body, call->words[choice + 1]);
	return end_by(call, has_id ? call->words[0] : NULL, "resolve", body);
}

int ctl_conflicts_ignore(const struct ctl_call *call)
{
	return is_aimed(call) ? end_by(call, call->count == 1 ? call->words[0] : NULL, "ignore", json_object()) : EXIT_UNKNOWN;
}

int ctl_conflicts_retry(const struct ctl_call *call)
{
	return is_aimed(call) ? end_by(call, call->count == 1 ? call->words[0] : NULL, "retry", json_object()) : EXIT_UNKNOWN;
}

/* What is ended is named by an id, or by filters. */
static bool is_aimed(const struct ctl_call *call)
{
	bool has_filters = call->options->filter_count > 0;

	if (call->count > 1)
		ctl_complain("'%s' is one word too many, give one ID or filters", call->words[1]);
	else if (call->count == 1 && has_filters)
		ctl_complain("give an ID or filters, not both");
	else if (call->count == 0 && !has_filters)
		ctl_complain("which? give an ID, or filters: --match '*' is every one that is open");
	else
		return true;
	return false;
}

/* A mistyped choice is named here; what the choice is made with, the sidecar judges. */
static bool is_choice(const char *word, int count_after)
{
	static const struct { const char *name, *with; } choices[] = {
		{ "winner", NULL }, { "side", "DOT" }, { "value", "VALUE" }, { "remove", NULL }, { "rule", "RULE" },
	};
	const char *names[sizeof(choices) / sizeof(choices[0])];
	size_t count = sizeof(choices) / sizeof(choices[0]);

	for (size_t i = 0; i < count; i++) {
		names[i] = choices[i].name;
		if (strcasecmp(word, choices[i].name) != 0)
			continue;
		if ((choices[i].with != NULL) == (count_after == 1))
			return true;
		if (choices[i].with != NULL)
			ctl_complain("%s needs %s after it", choices[i].name, choices[i].with);
		else
			ctl_complain("nothing follows %s", choices[i].name);
		return false;
	}
	const char *near = nearest_name(word, names, (unsigned)count);

	if (near != NULL)
		ctl_complain("'%s' is no choice, did you mean '%s'?", word, near);
	else
		ctl_complain("'%s' is no choice, write " CHOICES, word);
	return false;
}

/* Bytes that are no UTF-8 go in base64. */
static void set_with(json_t *body, const char *with)
{
	json_t *text = json_string(with);

	if (text == NULL) {
		struct buffer encoded = { 0 };

		base64_encode(slice_of(with), &encoded);
		text = json_stringn(encoded.ptr, encoded.len);
		buffer_free(&encoded);
		json_object_set_new(body, "with_encoding", json_string("base64"));
	}
	json_object_set_new(body, "with", text);
}

static json_t *filter_of(const struct ctl_options *options)
{
	json_t *filter = json_object();

	for (unsigned i = 0; i < options->filter_count; i++)
		json_object_set_new(filter, options->filters[i].name, json_string(options->filters[i].value));
	return filter;
}

/* ID is NULL for many. BODY is taken over. */
static int end_by(const struct ctl_call *call, const char *id, const char *verb, json_t *body)
{
	struct buffer path = { 0 };
	const char *user = getenv("USER");
	int code;

	buffer_add_text(&path, "/v1/conflicts/");
	if (id != NULL) {
		ctl_add_escaped(&path, id);
		buffer_add_byte(&path, '/');
	} else {
		json_object_set_new(body, "filter", filter_of(call->options));
	}
	buffer_add_text(&path, verb);
	if (user != NULL)
		json_object_set_new(body, "by", json_string(user));
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *answer = ctl_ask(call->options, &path, text, &code);

	free(text);
	json_decref(body);
	if (answer == NULL)
		return code;
	if (call->options->is_json)
		ctl_print_json(answer);
	else
		printf("%lld done, %lld refused%s%s\n", ctl_count_of(answer, "done"), ctl_count_of(answer, "refused"),
		       *ctl_text_of(answer, "error") != '\0' ? ": " : "", ctl_text_of(answer, "error"));
	code = ctl_count_of(answer, "refused") > 0 ? EXIT_WRONG : EXIT_SUCCESS;
	json_decref(answer);
	return code;
}
