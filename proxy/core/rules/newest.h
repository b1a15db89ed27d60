/* Newest: the newest of an element's live versions, whatever they are. It is lww's choice, and the provisional one of other rules. */
#ifndef CORE_NEWEST_H
#define CORE_NEWEST_H

#include "proxy/core/versions/keyspace.h"

const struct version *newest_version(const struct keyspace *keyspace, const struct element *element);

#endif
