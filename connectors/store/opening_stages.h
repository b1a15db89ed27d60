/* Opening stages: the table of what an opening sends, in order, and how it takes the replies. */
#ifndef CONNECTORS_OPENING_STAGES_H
#define CONNECTORS_OPENING_STAGES_H

#include "opening.h"

struct opening_stage {
	const char *purpose;                 /* as in "while …" */
	void (*send)(struct opening *opening);
	/* Takes a reply that is no error; NULL: any will do. OPENING_UNDER_WAY: fine. OPENING_FAILED: not what was asked for. */
	enum opening_state (*take)(struct opening *opening, struct slice reply);
	bool is_optional;                    /* the opening goes on after an error */
};

#define OPENING_STAGE_COUNT 21
extern const struct opening_stage opening_stages[OPENING_STAGE_COUNT];

#endif
