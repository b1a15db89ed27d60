/* Logging: tells operators what happened, by lines of logfmt on stderr (the replication log is another thing: connectors/log):
 *   ts=2024-05-01T12:00:00.000Z level=info msg="store opened" version=7.0.15
 * A message that repeats is printed 10 times in 10 seconds; the next one after that says how many were left out.
 * Secrets are never given to it. */
#ifndef PROXY_LOGGING_H
#define PROXY_LOGGING_H

#include "config/settings.h"

void log_set_level(enum settings_level level);

/* MESSAGE is a constant text; pairs of name and value (const char *, a NULL value leaves the pair out) follow, then NULL. */
void log_line(enum settings_level level, const char *message, ...) __attribute__((sentinel));
/* A number as a value, in memory that is good for the next eight calls. */
const char *log_number(int64_t number);

#define log_debug(...) log_line(SETTINGS_LEVEL_DEBUG, __VA_ARGS__, NULL)
#define log_info(...) log_line(SETTINGS_LEVEL_INFO, __VA_ARGS__, NULL)
#define log_warn(...) log_line(SETTINGS_LEVEL_WARN, __VA_ARGS__, NULL)
#define log_error(...) log_line(SETTINGS_LEVEL_ERROR, __VA_ARGS__, NULL)

#endif
