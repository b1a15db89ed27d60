/* Turn homes: the homes of the settings, as the core takes them. Private to this room. */
#ifndef PROXY_TURN_HOMES_H
#define PROXY_TURN_HOMES_H

#include "config/settings.h"
#include "proxy/core/vocabulary/options.h"

/* Owned by the caller, who frees it with turn_homes_free; what it points to belongs to the settings. */
struct core_home *turn_homes_new(const struct settings *settings);
void turn_homes_free(struct core_home *homes, unsigned count);

#endif
