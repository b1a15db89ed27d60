/* Client list: the reply to CLIENT LIST, a line for each connection: "id=… addr=… name=… …". */
#ifndef CONNECTORS_CLIENT_LIST_H
#define CONNECTORS_CLIENT_LIST_H

#include "base/bytes.h"

/* Visits each line of the reply (raw). False: it is no such reply. */
bool client_list_each(struct slice reply, void *context, void (*visit)(void *context, struct slice line));
/* The number that follows AFTER in a line. */
bool client_list_number(struct slice line, struct slice after, uint64_t *number);

#endif
