/* Outcome: the table's rows, and which values a row's outcome means. These are worked out from what each of the two writes left where it was made,
 * without the rules. */
#ifndef SCOPE_OUTCOME_H
#define SCOPE_OUTCOME_H

#include "tests/scope/model/scope_model.h"

enum scope_outcome {
#define OUTCOME(name, text, meaning) SCOPE_OUTCOME_##name,
#include "tests/tables/outcomes.def"
	SCOPE_OUTCOMES
};

enum scope_section {
#define SECTION(name, title, text) SCOPE_SECTION_##name,
#include "tests/tables/outcomes.def"
	SCOPE_SECTIONS
};

struct scope_cell { enum scope_outcome outcome; const char *prose; };

struct scope_row {
	enum scope_section section;
	const char *operations[2];
	const char *starts;
	unsigned conflicts;
	struct scope_cell cells[SCOPE_RULES];
};

extern const struct scope_row scope_rows[];
extern const unsigned scope_row_count;

const char *scope_section_title(enum scope_section section);
const char *scope_section_text(enum scope_section section);
const char *scope_outcome_text(enum scope_outcome outcome);
const char *scope_outcome_meaning(enum scope_outcome outcome);
bool scope_has_triples(enum scope_section section);
/* The INDEXth of the operations that stand in a section only for its triples; NULL past the end. */
const char *scope_also(enum scope_section section, unsigned index);
/* The INDEXth start of a row into ROOM; false past the end. */
bool scope_start(const struct scope_row *row, unsigned index, char *room, size_t size);

/* The state that every datacenter must show after the two batches of a pair if OUTCOME is right. */
void scope_expect(enum scope_outcome outcome, const struct scope_policy *policy, const struct scope_history *history,
                  const struct scope_batch *const pair[2], unsigned first, struct scope_state *state);

#endif
