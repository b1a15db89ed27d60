/* Sequence replay: writes of a list, each done in the version of the list that it was made in (sequence.h). */
#ifndef CORE_SEQUENCE_REPLAY_H
#define CORE_SEQUENCE_REPLAY_H

#include "sequence_tree.h"

/* Does OP tell for certain how many stable elements there were? It does if it has seen nothing else but pushes. *OTHERS: how many. */
bool sequence_length_fits(const struct sequence *sequence, const struct sequence_op *op, uint64_t *others);
/* Does OP in SEQUENCE's tree. IS_NEWS: it comes from elsewhere: its edits and meetings are noted. */
void sequence_replay_op(struct keyspace *keyspace, struct sequence *sequence, struct sequence_op *op, bool is_news);
/* OP was done in its order among the others, some of which count as having seen it. Notes the edits and meetings of what it still does. */
void sequence_replay_late(struct sequence *sequence, struct sequence_op *op);
void sequence_add_edit(struct sequence *sequence, const struct sequence_edit *edit);

#endif
