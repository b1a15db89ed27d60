/* Store facts: what INFO and CONFIG say about the server. */
#ifndef CONNECTORS_STORE_FACTS_H
#define CONNECTORS_STORE_FACTS_H

#include "store.h"

/* INFO's reply, raw; lines that are not there leave their facts as they are. */
void store_facts_take_info(struct store_facts *facts, struct slice reply);
/* The value in CONFIG GET's reply to one name; empty when there is none. */
struct slice config_value(struct slice reply);

#endif
