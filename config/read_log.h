/* Reading a log: which connector follows it, and that connector's settings as they stand. */
#ifndef CONFIG_READ_LOG_H
#define CONFIG_READ_LOG_H

#include "reading.h"

/* This datacenter's own log, from the node under `log`. NODE NULL: the default. */
void log_read_own(struct reading *reading, const struct tree *node);
/* Any log: NODE is a mapping of one kind to its settings. PATH is what complaints call it. */
void log_read(struct reading *reading, const struct tree *node, const char *path, struct settings_log *log);
void log_free(struct settings_log *log);

#endif
