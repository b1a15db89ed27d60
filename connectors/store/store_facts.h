/* Store facts: what INFO and CONFIG say about the server. */
#ifndef CONNECTORS_STORE_FACTS_H
#define CONNECTORS_STORE_FACTS_H

#include "store.h"

/* The reply, raw, to INFO, of which lines that are not there leave their facts as they are, to CONFIG GET notify-keyspace-events, or to EXISTS of the two keys that each opening writes. An error, as
 * where CONFIG is refused, leaves all as it is. */
void store_facts_take(struct store_facts *facts, struct slice reply);
/* INFO's reply, raw: does any database but the reserved one hold keys? */
bool info_has_data(struct slice reply, uint32_t reserved_db);
/* What notify-keyspace-events lacks for expired keys to be told; "": nothing. */
const char *notify_missing(struct slice flags);
/* The value in CONFIG GET's reply to one name; empty when there is none. */
struct slice config_value(struct slice reply);

#endif
