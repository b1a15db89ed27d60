/* Ctl parts: what the ctl*.c files share. Nobody else includes this. */
#ifndef PROXY_CTL_PARTS_H
#define PROXY_CTL_PARTS_H

#include "ctl_fetch.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_WRONG 1    /* the sidecar says so */
#define EXIT_UNKNOWN 2  /* it could not be asked, or was not asked rightly */

#define CTL_FILTERS_MAX 8

struct ctl_filter { const char *name, *value; };

struct ctl_options {
	struct settings_address admin;
	bool is_json;
	char *password;                  /* owned; NULL: none */
	struct ctl_filter filters[CTL_FILTERS_MAX];
	unsigned filter_count;
	const char *field, *db;          /* of explain; NULL: not given */
	const char *rules, *handler, *file;      /* of the tests; likewise */
};

/* ---- ctl.c ---- */

/* What was asked for, read as JSON; NULL: *code is how to exit, and why was said. */
json_t *ctl_ask(const struct ctl_options *options, const struct ctl_request *request, int *code);
json_t *ctl_parse(struct slice body);
void ctl_print_json(json_t *value);
long long ctl_count_of(const json_t *object, const char *name);
/* "" where there is none. */
const char *ctl_text_of(const json_t *object, const char *name);
int ctl_complain(const char *text);  /* returns EXIT_UNKNOWN */

/* ---- ctl_conflicts.c ---- */

void ctl_add_argument(struct buffer *path, const char *name, const char *value);
void ctl_add_filters(struct buffer *path, const struct ctl_options *options);
/* Asks at PATH, which is freed. BODY: what is posted; NULL: nothing. */
json_t *ctl_ask_at(const struct ctl_options *options, struct buffer *path, const char *body, int *code);
int ctl_conflicts(const struct ctl_options *options, int count, char **words);
int ctl_explain(const struct ctl_options *options, int count, char **words);

/* ---- ctl_rules.c ---- */

int ctl_rules(const struct ctl_options *options, int count, char **words);
int ctl_handler(const struct ctl_options *options, int count, char **words);

#endif
