#include "ctl_ask.h"

#include "base/text.h"
#include "ctl_fetch.h"
#include "ctl_order.h"
#include "ctl_print.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool fetch(const struct ctl_options *options, const struct ctl_request *request, struct buffer *body, int *code);
static void complain_of(const struct ctl_options *options, int http_status, struct slice body);

void ctl_add_escaped(struct buffer *path, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			buffer_add_byte(path, (char)c);
		else
			buffer_add_format(path, "%%%02X", c);
	}
}

void ctl_add_argument(struct buffer *path, const char *name, const char *value)
{
	buffer_add_format(path, "%c%s=", memchr(path->ptr, '?', path->len) == NULL ? '?' : '&', name);
	ctl_add_escaped(path, value);
}

void ctl_add_filters(struct buffer *path, const struct ctl_options *options)
{
	for (unsigned i = 0; i < options->filter_count; i++)
		ctl_add_argument(path, options->filters[i].name, options->filters[i].value);
}

json_t *ctl_ask(const struct ctl_options *options, struct buffer *path, const char *body, int *code)
{
	struct buffer answer = { 0 };
	json_t *value = NULL;

	buffer_add_byte(path, '\0');
	if (fetch(options, &(struct ctl_request){ .path = path->ptr, .body = body }, &answer, code)) {
		value = ctl_parse(buffer_slice(&answer), "see that --admin is the admin address of a homeportd");
		*code = value != NULL ? EXIT_SUCCESS : EXIT_UNKNOWN;
	}
	buffer_free(&answer);
	buffer_free(path);
	return value;
}

int ctl_ask_and_show(const struct ctl_options *options, struct buffer *path, void (*print)(const json_t *answer))
{
	int code;
	json_t *answer = ctl_ask(options, path, NULL, &code);

	if (answer == NULL)
		return code;
	if (options->is_json)
		ctl_print_json(answer);
	else
		print(answer);
	json_decref(answer);
	return code;
}

bool ctl_ask_text(const struct ctl_options *options, const char *path, struct buffer *text, int *code)
{
	return fetch(options, &(struct ctl_request){ .path = path }, text, code);
}

json_t *ctl_ask_status(const struct ctl_options *options, int *code)
{
	struct buffer path = { 0 };

	buffer_add_text(&path, "/v1/status");
	return ctl_ask(options, &path, NULL, code);
}

json_t *ctl_parse(struct slice text, const char *remedy)
{
	json_error_t error;
	json_t *value = json_loadb(text.ptr, text.len, 0, &error);

	if (value == NULL)
		ctl_complain("this is not JSON (%s), %s", error.text, remedy);
	return value;
}

/* False: *code is how to exit, and why was said. An answer that is no success is the sidecar's word. */
static bool fetch(const struct ctl_options *options, const struct ctl_request *request, struct buffer *body, int *code)
{
	struct buffer error = { 0 };
	struct ctl_request asked = *request;

	asked.password = options->password;
	asked.cacert = options->cacert;
	asked.cert = options->cert;
	asked.key = options->key;
	int http_status = ctl_fetch(&options->admin, &asked, body, &error);

	if (http_status == 0)
		ctl_complain("%.*s", (int)error.len, error.ptr);
	else if (http_status != 200)
		complain_of(options, http_status, buffer_slice(body));
	*code = http_status == 200 ? EXIT_SUCCESS : http_status >= 400 && http_status < 500 ? EXIT_WRONG : EXIT_UNKNOWN;
	buffer_free(&error);
	return http_status == 200;
}

/* The sidecar's error as a sentence: without the word in capitals that tells Redis clients what kind it is. */
static void complain_of(const struct ctl_options *options, int http_status, struct slice body)
{
	json_t *answer = json_loadb(body.ptr, body.len, 0, NULL);
	const char *text = ctl_text_of(answer, "error");
	size_t word_len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (word_len > 1 && text[word_len] == ' ')
		text += word_len + 1;
	if (*text == '\0')
		ctl_complain("%s:%u answered with HTTP status %d, see that --admin is the admin address of a homeportd", options->admin.host,
		             options->admin.port, http_status);
	else
		ctl_complain("%s%s", text, http_status == 401 ? (options->password == NULL ? ": give --password-file" : ": the password given is not it") : "");
	json_decref(answer);
}
