/* Sequence replay: writes of a list, each done in the version of the list that it was made in (sequence.h). */
#ifndef CORE_SEQUENCE_REPLAY_H
#define CORE_SEQUENCE_REPLAY_H

#include "sequence_tree.h"

/* Does OP in SEQUENCE's tree. IS_NEWS: it comes from elsewhere: its edits and meetings are noted. */
void sequence_replay_op(struct keyspace *keyspace, struct sequence *sequence, struct sequence_op *op, bool is_news);
void sequence_add_edit(struct sequence *sequence, const struct sequence_edit *edit);

#endif
