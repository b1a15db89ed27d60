/* Trial: a recorded conflict decided again, by other rules or by a handler, without touching anything. What would be visible is the core's own
 * decision (rule.h), made on the writes that the record has. */
#ifndef PROXY_CTL_TRIAL_H
#define PROXY_CTL_TRIAL_H

#include "config/settings.h"
#include "proxy/sandbox/handler.h"

#include <jansson.h>

struct trial_side {
	const char *dc;              /* borrowed of the record, as are all texts */
	uint64_t incarnation, seq, hlc;
	bool is_removal, is_live;
	bool is_competing;           /* no other side has seen it: the rule chooses among these */
	bool is_hidden;              /* its value was not told to us */
	bool is_cut;                 /* its value was told, but not whole */
	struct buffer value;         /* owned */
	const json_t *context;
};

struct trial {
	const char *id, *status, *kind, *type, *rule;
	struct buffer key, element;  /* owned */
	struct trial_side *sides;    /* owned */
	unsigned count;
	const struct trial_side *winner;     /* what is visible today; NULL: a sum, or what the conflict was resolved to */
	bool is_sum;                         /* increments add up, whatever the rule and the handler */
	const char *resolved_by;             /* "handler", or who chose; "": nobody */
	struct buffer resolution;            /* owned: the value that is visible since it was resolved */
	bool is_resolution_hidden;           /* likewise, where its value was not told to us, or is a removal */
};

/* RECORD as /v1/conflicts tells it, borrowed as long as the trial is used. False: it is none; *trial is empty. */
MUST_CHECK bool trial_read(struct trial *trial, const json_t *record);
void trial_free(struct trial *trial);
/* The rule of SETTINGS for its key; NULL: none matches, which is lww. */
const struct settings_rule *trial_rule(const struct trial *trial, const struct settings *settings);
/* Which side would be visible under RULE (as above); NULL: a sum, which stays as it is. */
const struct trial_side *trial_decide(const struct trial *trial, const struct settings_rule *rule);
/* Handlers merge strings and fields only; the others stay as under record. */
bool trial_is_mergeable(const struct trial *trial);
/* What HANDLER makes of the competing sides, in RESULT; false: ERROR says why nothing. */
MUST_CHECK bool trial_handle(const struct trial *trial, const struct handler *handler, struct buffer *result, struct buffer *error);

#endif
