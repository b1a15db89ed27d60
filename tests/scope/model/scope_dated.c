#include "scope_dated.h"

bool scope_covers(const struct dated *newer, const struct dated *older)
{
	if (newer->dc == older->dc)
		return older->stamp < newer->stamp;
	return older->own_seq != 0 ? newer->contexts[older->dc] >= older->own_seq : newer->seen >> older->dc & 1;
}

void scope_gather(const struct scope_history *history, unsigned applied, struct dated_writes *writes)
{
	writes->count = 0;
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++) {
		const struct scope_batch *batch = &history->batches[dc];

		for (unsigned i = 0; (applied >> dc & 1) && i < batch->count; i++)
			writes->items[writes->count++] =
				(struct dated){ &batch->writes[i], dc, batch->seen, batch->stamp + i * SCOPE_STAMP_STEP, 0, batch->contexts };
	}
	for (unsigned i = 0; i < history->own_count; i++) {
		const struct scope_own *own = &history->owns[i];

		if (applied & scope_own_bit(i))
			writes->items[writes->count++] = (struct dated){ &own->write, own->dc, own->seen, own->stamp, own->seq, own->contexts };
	}
}
