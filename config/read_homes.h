/* Reading homes: which keys belong to which user, which datacenter is a user's home until told otherwise, and what becomes of a write elsewhere. */
#ifndef CONFIG_READ_HOMES_H
#define CONFIG_READ_HOMES_H

#include "reading.h"

void homes_settings_read(struct reading *reading, const struct tree *node);
void homes_settings_free(struct settings *settings);
bool homes_settings_differ(const struct settings *a, const struct settings *b);

#endif
