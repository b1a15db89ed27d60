/* Asking the sidecar: requests with their arguments, answers as JSON, refusals as sentences. */
#ifndef PROXY_CTL_ASK_H
#define PROXY_CTL_ASK_H

#include "ctl_options.h"

#include <jansson.h>

/* An argument of the request at PATH, escaped. */
void ctl_add_argument(struct buffer *path, const char *name, const char *value);
void ctl_add_filters(struct buffer *path, const struct ctl_options *options);
/* TEXT as part of a path or argument. */
void ctl_add_escaped(struct buffer *path, const char *text);

/* Asks at PATH, which is freed. BODY: what is posted; NULL: nothing. NULL: *code is how to exit, and why was said. */
json_t *ctl_ask(const struct ctl_options *options, struct buffer *path, const char *body, int *code);
/* The answer as it is, added to TEXT; false: as above. */
MUST_CHECK bool ctl_ask_text(const struct ctl_options *options, const char *path, struct buffer *text, int *code);
/* Asks at PATH, which is freed, and shows the answer: as JSON if that is wanted, else as PRINT does. Returns how to exit. */
int ctl_ask_and_show(const struct ctl_options *options, struct buffer *path, void (*print)(const json_t *answer));
/* What /v1/status says. */
json_t *ctl_ask_status(const struct ctl_options *options, int *code);
/* NULL: it is no JSON, as was said. */
json_t *ctl_parse(struct slice text, const char *remedy);

#endif
