/* Conflicts report: which keys, key prefixes, commands and clients conflict most. */
#ifndef PROXY_CONFLICTS_REPORT_H
#define PROXY_CONFLICTS_REPORT_H

#include "conflicts.h"
#include "conflicts_query.h"
#include "teller.h"

struct conflicts_report;

struct conflicts_reporter {
	void *context;
	/* REPORT is borrowed for the call; NULL: ERROR says why, an error's line without '-'. */
	void (*reported)(void *context, const struct conflicts_report *report, const char *error);
};

/* Sums up all records that match QUERY, and takes over what it holds. The query's count says how many names of each kind are told. */
void conflicts_sum_up(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_reporter *reporter);
void conflicts_report_tell(const struct conflicts_report *report, struct teller *teller);

#endif
