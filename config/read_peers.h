/* Reading peers: every other datacenter: where its sidecar answers, and which log to read it from. */
#ifndef CONFIG_READ_PEERS_H
#define CONFIG_READ_PEERS_H

#include "reading.h"

void peers_read(struct reading *reading, const struct tree *node);
void peers_free(struct settings *settings);

#endif
