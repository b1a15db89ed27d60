/* Description: docs/configuration.md, made from settings.def and the lists that it cannot describe. */
#ifndef CONFIG_DESCRIBE_H
#define CONFIG_DESCRIBE_H

#include "base/bytes.h"

void settings_describe(struct buffer *out);

#endif
