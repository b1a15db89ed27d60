/* TLS settings: what the configuration says about encryption, as the connectors want it. */
#ifndef PROXY_TLS_SETTINGS_H
#define PROXY_TLS_SETTINGS_H

#include "config/settings.h"
#include "connectors/tls/tls.h"

/* Borrows from SETTINGS. */
struct tls_options tls_settings_options(const struct settings *settings);
/* For the configuration, which knows no connector (struct settings_checks). */
const char *tls_settings_check(const struct settings *settings, struct buffer *why);

#endif
