/* Silence: whether the other side still answers. The caller looks several times within the limit and says how many bytes have moved.
 * When nothing has moved between two looks, the other side is probed. So one that hangs is noticed even when nobody asks for anything, and a store
 * that is busy with a long script is not taken to hang, because it answers the probe.
 * Any byte counts as a sign of life, not the age of one request: a long queue of requests is no silence as long as replies come, nor is one very
 * large value as long as parts of it are taken. */
#ifndef CONNECTORS_SILENCE_H
#define CONNECTORS_SILENCE_H

#include "base/bytes.h"

#define SILENCE_LOOKS 8                  /* how many looks there are within the limit */

enum silence_verdict { SILENCE_NONE, SILENCE_PROBE, SILENCE_TOO_LONG };

/* Zero-initialised: nothing is known. Times are of a clock that only goes forward. */
struct silence {
	uint64_t looked_ms;          /* the last look; 0: none yet */
	uint64_t since_ms;           /* an answer has been due on this connection since then; 0: none is. Later, if we were away meanwhile */
	uint64_t began_ms;           /* likewise, but counted across reconnections */
	uint64_t moved;              /* bytes, at the last look */
	bool is_probed;              /* a probe is unanswered */
};

/* A new connection begins: its own silence counts anew. */
void silence_connect(struct silence *silence);
/* The connection ended for another reason than silence. */
void silence_forget(struct silence *silence);
/* MOVED: how many bytes have come, or been taken after a pause, on this connection. SILENCE_PROBE: ask for something, if the other side owes
 * no answer yet. SILENCE_TOO_LONG: nothing has moved for LIMIT_MS. */
enum silence_verdict silence_look(struct silence *silence, uint64_t now_ms, uint64_t moved, uint64_t limit_ms);
/* The end of a long message is in the kernel's queue, where nobody sees it move. Zero-initialised. */
struct queue_look { uint64_t given; int queued; };
/* To be called at each look: has that queue become shorter though nothing was GIVEN since the last one? (Else a probe, or anything small that is sent, would be
 * taken for a sign of life of one that hangs.) Linux tells its length: SIOCOUTQ in tcp(7). */
bool queue_has_moved(struct queue_look *look, int fd, uint64_t given);
/* How long an answer has been due, counted across reconnections. 0: none is. MOVED as above. */
uint64_t silence_ms(const struct silence *silence, uint64_t now_ms, uint64_t moved);

#endif
