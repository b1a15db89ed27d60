/* Envelope writes: what reading a batch needs of the file that reads its writes. Used by envelope_read.c only. */
#ifndef CORE_ENVELOPE_WRITES_H
#define CORE_ENVELOPE_WRITES_H

#include "envelope.h"

MUST_CHECK bool envelope_position_read(struct slice bytes, struct position *position);
/* BYTES: of one write. CHANGE is used again for each of its changes, whose number is *COUNT. False: it says what it may not. */
MUST_CHECK bool envelope_write_check(struct slice bytes, struct changes *change, unsigned *count);

#endif
