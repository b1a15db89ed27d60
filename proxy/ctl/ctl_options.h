/* Options of homeportctl's command line: one table, from which they are read, described and completed. */
#ifndef PROXY_CTL_OPTIONS_H
#define PROXY_CTL_OPTIONS_H

#include "config/settings.h"

#define CTL_FILTERS_MAX 8
#define CTL_GIVEN_MAX 32

enum ctl_option_use {
	CTL_ANYWHERE,                    /* every order takes it */
	CTL_OWN,                         /* orders that name it take it */
	CTL_FILTER,                      /* likewise; it goes into the request as it is */
};

struct ctl_option {
	const char *name;                /* without the dashes */
	const char *argument;            /* what follows it; NULL: nothing. FILE and RECORDS are files */
	enum ctl_option_use use;
	const char *(*value)(unsigned index);    /* the values it can have, until NULL; NULL: any */
	const char *prose;
};

struct ctl_filter { const char *name, *value; };

struct ctl_options {
	struct settings_address admin;
	bool is_json, is_help, is_version, is_watching, is_forced, is_now, is_dry_run, is_back, is_isolated;
	const char *cacert, *cert, *key;         /* of --admin https://…; NULL: not given */
	char *password;                          /* owned; NULL: none */
	struct ctl_filter filters[CTL_FILTERS_MAX];
	unsigned filter_count;
	const char *field, *db;                  /* of explain; NULL: not given */
	const char *rules, *handler, *file;      /* of the tests; likewise */
	const char *to, *hold;                   /* of rehome and drill; likewise */
	const char *from, *rate, *report, *abort_if, *canary, *canaries, *canary_login;  /* of drill; likewise */
	const char *given[CTL_GIVEN_MAX];        /* names of all that were given: not every order takes each */
	unsigned given_count;
	char older[24];                          /* --older in seconds */
};

unsigned ctl_option_count(void);
const struct ctl_option *ctl_option_at(unsigned index);
/* Fills *OPTIONS from the environment and the command line, and moves what is no option to the end of ARGV: *FIRST is the first such word.
 * False: ERROR says what is wrong. */
MUST_CHECK bool ctl_options_read(struct ctl_options *options, int argc, char **argv, int *first, struct buffer *error);
void ctl_options_free(struct ctl_options *options);

#endif
