/* Connectors: the kinds of log there are, one row each in connectors.c. A new kind is a file that fills struct log_class, and a row. */
#ifndef CONNECTORS_CONNECTORS_H
#define CONNECTORS_CONNECTORS_H

#include "connectors/log/log.h"
#include "connectors/log/topic.h"

/* NAME as it stands in the YAML under `log`. NULL: there is no such kind of log. */
const struct log_class *log_class_find(const char *name);
/* LOG names the kind of log. NULL: beside it there is no topic. */
const struct topic_class *topic_class_find(const char *log);

#endif
