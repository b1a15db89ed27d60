/* Envelope changes: one change of docs/homeport.proto, read and judged. Used by envelope_writes.c only. */
#ifndef CORE_ENVELOPE_CHANGE_H
#define CORE_ENVELOPE_CHANGE_H

#include "proxy/core/commands/change.h"

/* Fills CHANGE from the bytes of a Change message. False: malformed. */
MUST_CHECK bool change_read(struct slice bytes, struct change *change);
/* Whether the change says what its kind needs and nothing else. */
MUST_CHECK bool change_is_valid(const struct change *change);

#endif
