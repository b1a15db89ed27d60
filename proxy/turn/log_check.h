/* Log check: whether a log's connector would take its settings; for the configuration, which knows no connector (struct settings_checks). */
#ifndef PROXY_LOG_CHECK_H
#define PROXY_LOG_CHECK_H

#include "config/settings.h"

bool log_check(const struct settings_log *log, bool is_own, const struct settings_pair *pair, struct buffer *why);

#endif
