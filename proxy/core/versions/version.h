/* Version: the live versions of an element: those that no other write to it covers. They are a pure function of the set of writes,
 * so all DCs that have applied the same writes have the same ones. Which of them is visible is for the rules (rule.h). */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#include "keyspace.h"

/* Takes NEWCOMER (copied) into the element's live versions unless one of them covers it; drops those that it covers. */
void element_compete(struct keyspace *keyspace, struct element *element, const struct version *newcomer);
/* The live version with this dot; NULL: it is not alive, or not known here. */
const struct version *element_version(const struct element *element, unsigned origin, uint64_t seq);
void element_drop_versions(struct keyspace *keyspace, struct element *element);
/* Makes a version that owns no value absent: a newer write of another type kills it. If the write cleared the key first, its clear still competes. */
void version_set_aside(struct version *version);
/* The same for a live version of an element: its value is dropped. */
void version_kill(struct keyspace *keyspace, struct version *version);
/* Called when all metadata is recalled. A stable version that is alive beside others is vouched for: by a record, or by a write that left it alive. One that
 * nothing vouches for was killed by a write too old to be recalled, so it is killed here. */
void element_kill_unvouched(struct keyspace *keyspace, struct element *element);

#endif
