/* Stream log: a log in a stream of the origin's own Redis (connectors/log/log.h says what each function does). */
#ifndef CONNECTORS_LOG_STREAM_H
#define CONNECTORS_LOG_STREAM_H

#include "connectors/log/log.h"

extern const struct log_class log_stream;

#endif
