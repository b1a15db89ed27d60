/* Tracking count: how much is tracked, for INFO. */
#ifndef PROXY_TRACKING_COUNT_H
#define PROXY_TRACKING_COUNT_H

#include "session.h"

struct tracking_counts { uint64_t clients, keys, items, prefixes; };
struct tracking_counts tracking_count(const struct sessions *sessions);

#endif
