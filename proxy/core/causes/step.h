/* Step: one call of core_step: its time, its effects, the core's numbers, and memory that is used again in the next one. */
#ifndef CORE_STEP_H
#define CORE_STEP_H

#include "base/arena.h"
#include "core_status.h"
#include "proxy/core/vocabulary/event.h"
#include "proxy/core/wire/envelope.h"

struct step {
	uint64_t now_ms;                     /* wall clock */
	uint64_t steady_ms;                  /* set by nobody: for how long something lasts */
	struct effects *effects;             /* the caller's */
	unsigned turn_elements;              /* of whole keys that were dealt with since the last turn ended */
	bool is_unfinished;                  /* there is more to do than the last turn did */
	struct core_status status;           /* counters since core_new; the rest is filled in when somebody asks */
	struct arena seqs;                   /* of EFFECT_CONFLICT; until the next step */
	struct buffer replies;               /* of EFFECT_REPLY; until the next step */
	size_t reply_at;                     /* where in REPLIES the next one begins */
	/* scratch: whoever uses it fills it first */
	struct changes changes, results;
	struct buffer text;
	struct envelope_scratch *envelope;   /* owned */
};

void step_init(struct step *step);
void step_free(struct step *step);
void step_begin(struct step *step, const struct event *event, struct effects *effects);
/* Reports and replies that were written as offsets, while the buffers could still move, become pointers. */
void step_end(struct step *step);
/* Something an operator must see, about DC (0: this one). TEXT is constant, or lives as long as the step. */
void step_alarm(struct step *step, unsigned dc, const char *text);
/* Its client is told that the command was not executed, and why. */
struct effect *step_refuse(struct step *step, uint64_t token, struct slice error);

#endif
