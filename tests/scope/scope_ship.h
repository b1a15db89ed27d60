/* Ship: what stands in the logs of a scope world, read from the messages as a peer reads them: the stamp of each client's write, and the own words of
 * a core, which are writes that no client asked for (docs/replication-model.md, rule 8: a deadline is gone with its key; rule 11: the sum of
 * fractions). */
#ifndef SCOPE_SHIP_H
#define SCOPE_SHIP_H

#include "tests/scope/model/scope_write.h"

struct scope_world;
struct scope_dc;

struct scope_message { uint64_t last_seq, contexts[SCOPE_DCS]; unsigned write_count; };

/* A write that no client asked for. */
struct scope_own_word { unsigned dc, number; struct scope_fact fact; uint64_t seq, hlc, contexts[SCOPE_DCS]; };

/* Notes what a message of DC's log holds. IS_CLIENT: clients' writes; otherwise DC's own words. */
void scope_note_message(struct scope_dc *dc, struct slice bytes, bool is_client);
/* Up to which write DC must have applied each log, given what it has read: a batch is applied once all its causes are. */
void scope_applied(const struct scope_world *world, unsigned dc, uint64_t seqs[SCOPE_DCS]);

#endif
