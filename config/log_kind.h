/* Log kinds: which logs a configuration can name and what their settings are: one row each. A new connector is one row in log_kind.c. */
#ifndef CONFIG_LOG_KIND_H
#define CONFIG_LOG_KIND_H

#include "settings.h"

struct log_setting {
	const char *name;
	bool (*is_good)(const char *text);     /* NULL: any text is */
	const char *remedy;                    /* where it is not: "no address, write HOST:PORT" */
};

struct log_kind {
	const char *name;
	const struct log_setting *settings;    /* the only ones there are; NULL: those of its library, which is asked (struct settings_checks) */
	unsigned setting_count;
	const char *needed;                    /* a log cannot be found without this setting */
	const char *needed_alias;              /* its library's second name for the needed setting, which will do as well; NULL: none */
	const char *needed_prose;              /* what complaints call it, and how it is written */
	const char *needed_example;
	bool is_own_in_redis;                  /* the own log is kept in the Redis under `redis`, and takes all settings from there */
	const char *prose;                     /* for docs/configuration.md */
};

unsigned log_kind_count(void);
const struct log_kind *log_kind_at(unsigned index);
const struct log_kind *log_kind_find(const char *name);      /* NULL: unknown */
/* The names of all kinds, for complaints; how many. */
#define LOG_KINDS_MAX 8
unsigned log_kind_names(const char *names[LOG_KINDS_MAX]);
/* A setting's value in LOG; NULL: it is not set. */
const char *log_setting_value(const struct settings_log *log, const char *name);

#endif
