/* Causes: what has been applied, confirmed and announced here, and what a write of ours counts as having seen. The clock as well: a write is later
 * than all that it may have seen. */
#ifndef CORE_CAUSES_H
#define CORE_CAUSES_H

#include "identity.h"
#include "peer.h"
#include "proxy/core/versions/origin.h"
#include "step.h"

struct causes {
	struct step *step;
	struct origins origins;              /* indexes stay; what is applied is read anew at each opening */
	struct peer peers[CORE_DCS_MAX];     /* [0] is this DC */
	uint64_t clock;                      /* names our steady clock: of the first opening, its nonce */
	struct reading readings[CORE_DCS_MAX];       /* how we read the clocks of others, for a message */
	uint64_t told_ms;                    /* when others were told of that last */
	struct identity identity;
	uint64_t hlc;                        /* of the newest write that was made or applied here */
	bool has_announced;                  /* what origins tell as announced is complete: this process has read the own log to its end */
	struct position *positions;          /* owned: room for a context that is sent */
	unsigned position_cap;
	/* of this opening */
	bool is_open;                        /* the store is connected and was read */
	bool is_crowded;                     /* as many incarnations are remembered as options.incarnations_max allows: writes are refused */
	const char *trouble;                 /* constant; why the connected store was not opened: writes are refused with it. NULL: it was */
	unsigned lost_parts;                 /* of the reserved database (event.h); if any is, the store is open with TROUBLE all the same, until it is emptied */
	bool is_exchanged;                   /* it belongs to another datacenter than the one before (identity.h) */
	bool is_gate_open;                   /* the own log was read to its end: final batches may be appended */
	bool is_recalled;                    /* metadata is whole: remote writes may be applied */
	uint64_t opened_ms;                  /* our steady clock then */
	unsigned self;                       /* our origin */
	uint64_t next_seq, answered_seq;     /* of our next write; of our last write that the store has answered */
};

/* The hlc of the first of WRITES new writes. */
uint64_t causes_tick_hlc(struct causes *causes, unsigned writes);
/* Others are about to hear that we have seen this. */
void causes_announce(struct causes *causes, const struct context *context);
struct context *causes_context(struct causes *causes);               /* what is applied now; a new reference */
struct context *causes_confirmed(struct causes *causes);             /* what the store has answered; a new reference */
/* A context as in write_facts.context, by our origins; what is unknown here is left out. */
struct context *causes_translate(struct causes *causes, struct slice positions);
/* A new context: of each origin what is applied, or confirmed. */
struct context *causes_applied(struct causes *causes, bool is_confirmed);
/* NULL: nothing to apply. */
bool causes_have_applied(const struct causes *causes, const struct context *context, bool is_confirmed);
bool causes_are_caught_up(const struct causes *causes);              /* the store has all that our writes count as having seen */
/* Adds to a context of our origin OWN what had been announced before that incarnation; false: it was all there. */
bool causes_lift(const struct causes *causes, struct context **context, unsigned own);
/* The same for its time: that of its write SEQ, which was stamped HLC. */
uint64_t causes_lift_hlc(const struct causes *causes, unsigned own, uint64_t seq, uint64_t hlc);
/* Writes of ours are in the log, or about to be: what becomes final after them is later. */
void causes_note_logged(struct causes *causes, unsigned own, uint64_t first_seq, uint64_t hlc, unsigned writes);
/* A batch of ours: its context, lifted; a new reference. Its time is lifted in place. */
struct context *causes_lifted(struct causes *causes, struct batch *batch, bool *is_lifted);
/* A batch's context by our origins; a new reference. NULL: it names more incarnations than we can tell apart. */
struct context *causes_read(struct causes *causes, const struct batch *batch);
/* The same of a context that comes piece by piece: what a position says of a floor; then what it says else. */
void causes_take_floor(struct causes *causes, struct context *context, const struct position *position);
bool causes_take_position(struct causes *causes, struct context **context, const struct position *position);
/* A context as it is sent: COUNT positions, valid until the next call. */
const struct position *causes_positions(struct causes *causes, const struct context *context, unsigned *count);

#endif
