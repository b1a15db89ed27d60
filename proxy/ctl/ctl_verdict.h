/* Verdict: what a trial (ctl_trial.h) came to, told as a line for people or as an object for programs. */
#ifndef PROXY_CTL_VERDICT_H
#define PROXY_CTL_VERDICT_H

#include "ctl_trial.h"

enum verdict { VERDICT_SAME, VERDICT_CHANGES, VERDICT_WAITS, VERDICT_MERGES, VERDICT_FAILS, VERDICT_LEFT_OUT, VERDICT_COUNT };

/* What a trial came to. */
struct trial_result {
	enum verdict verdict;
	const struct settings_rule *rule;    /* NULL: none, lww */
	const struct trial_side *side;       /* visible; NULL: as today */
	struct buffer merged, error;         /* owned */
	bool is_by_handler;                  /* handler test: no rule was asked */
};

const char *verdict_name(enum verdict verdict);      /* "changes" */
const char *verdict_prose(enum verdict verdict);     /* after a number of conflicts: "would show another side" */
void trial_result_print(const struct trial *trial, const struct trial_result *result);
json_t *trial_result_to_json(const struct trial *trial, const struct trial_result *result);

#endif
