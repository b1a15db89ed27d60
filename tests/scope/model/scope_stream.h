/* Stream: which entries are there, and how far the stream has got (docs/replication-model.md, rule 14). Its entries are elements, and the element
 * SCOPE_STREAM says that it is there: its text is the last id. */
#ifndef SCOPE_STREAM_H
#define SCOPE_STREAM_H

#include "scope_dated.h"

/* Is it of a stream: an entry, or the stream itself? */
bool scope_is_of_stream(unsigned element);
/* The element of a stream after WRITES, which had START before. */
struct scope_value scope_stream(const struct dated_writes *writes, unsigned key, unsigned element, const struct scope_value *start);

#endif
