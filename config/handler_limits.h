/* Limits of handlers, as they are configured. */
#ifndef CONFIG_HANDLER_LIMITS_H
#define CONFIG_HANDLER_LIMITS_H

#include "proxy/sandbox/handler.h"
#include "settings.h"

void handler_limits_of(const struct settings *settings, struct handler_limits *limits);

#endif
