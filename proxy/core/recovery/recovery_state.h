/* Recovery state: how far an opening has come. Each move is a row of a table (recovery_state.c); a move that has none is a bug, and stops the process.
 * docs/recovery.md is made from the table. */
#ifndef CORE_RECOVERY_STATE_H
#define CORE_RECOVERY_STATE_H

#include "proxy/core/causes/causes.h"

enum recovery_state {
	RECOVERY_CLOSED,             /* first: zero-initialised */
	RECOVERY_UNREADABLE,
	RECOVERY_READING,
	RECOVERY_STOPPED,
	RECOVERY_SETTLING,
	RECOVERY_REFUSED,
	RECOVERY_RECALLING,
	RECOVERY_WHOLE,
	RECOVERY_TORN,
	RECOVERY_STATE_COUNT
};

enum recovery_event {
	RECOVERY_OPENED,
	RECOVERY_OPENED_UNREADABLE,
	RECOVERY_LOST,
	RECOVERY_HEARD_HELLO,
	RECOVERY_HEARD_AGAIN,
	RECOVERY_FOUND_LOG_CUT,
	RECOVERY_PROBE_ABORTED,
	RECOVERY_PROBED_AGAIN,
	RECOVERY_GATE_OPENED,
	RECOVERY_GATE_OPENED_TORN,
	RECOVERY_METADATA_BACK,
	RECOVERY_EVENT_COUNT
};

/* Moves *STATE as the table says, and tells the rooms below what is true now. */
void recovery_state_move(enum recovery_state *state, enum recovery_event event, struct causes *causes);
const char *recovery_state_text(enum recovery_state state);
/* Asserts what must hold in STATE. */
void recovery_state_check(enum recovery_state state, const struct causes *causes);
/* docs/recovery.md */
void recovery_describe(struct buffer *out);

#endif
