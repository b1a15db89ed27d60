/* Ship: what stands in the logs of a scope world: when each client's write was stamped, and what a core wrote by itself (docs/replication-model.md,
 * rule 8: a deadline that went with its key; rule 11: what fractions came to). Read from the messages, as a peer reads them. */
#ifndef SCOPE_SHIP_H
#define SCOPE_SHIP_H

#include "tests/scope/model/scope_write.h"

struct scope_world;
struct scope_dc;

struct scope_message { uint64_t last_seq, contexts[SCOPE_DCS]; unsigned write_count; };

/* What a core wrote by itself. */
struct scope_own_word { unsigned dc, number; struct scope_fact fact; uint64_t seq, hlc, contexts[SCOPE_DCS]; };

/* Takes a message of DC's into account. IS_CLIENT: what it holds was asked for. */
void scope_note_message(struct scope_dc *dc, struct slice bytes, bool is_client);
/* Up to which write DC has applied each log: by causes, of what it has read. */
void scope_applied(const struct scope_world *world, unsigned dc, uint64_t seqs[SCOPE_DCS]);

#endif
