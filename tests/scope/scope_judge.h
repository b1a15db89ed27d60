/* Judge: while a play goes on, compares with the model what each datacenter shows and what it writes by itself (its own words). */
#ifndef SCOPE_JUDGE_H
#define SCOPE_JUDGE_H

#include "scope_played.h"

/* What a datacenter must show that has applied the writes in APPLIED. */
const struct scope_state *scope_expected(struct scope_played *play, unsigned number, unsigned applied);
/* What DC has applied of a case, given how far it has applied each log: batches, and own words of all datacenters. */
unsigned scope_applied_of(const struct scope_played *play, unsigned dc, unsigned number, const uint64_t seqs[SCOPE_DCS]);
/* Checks that DC shows of every case what the model says. WHEN is part of the message if it does not. */
void scope_check_all(struct scope_played *play, unsigned dc, const char *when);
/* Takes the datacenters' new own words into the histories, and judges each. */
void scope_take_owns(struct scope_played *play);

/* Where a string may still show another order of parts (rule 11), what is shown is expected. */
void scope_admit(struct scope_played *play, unsigned number, unsigned applied, const struct scope_state *shown, struct scope_state *expected);

#endif
