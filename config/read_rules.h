/* Reading rules: which conflict rule for which keys; the first match wins. What is not right here stops the start: every handler is loaded, and
 * every datacenter that an order names exists. */
#ifndef CONFIG_READ_RULES_H
#define CONFIG_READ_RULES_H

#include "reading.h"

void rules_read(struct reading *reading, const struct tree *node);
void rules_free(struct settings *settings);

#endif
