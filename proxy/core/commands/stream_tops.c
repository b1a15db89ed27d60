#include "stream_tops.h"

#include <string.h>

static uint64_t hash_of(uint32_t db, struct slice key)
{
	uint64_t hash = (slice_hash(key) ^ db) * UINT64_C(0x9E3779B97F4A7C15);
	return hash == 0 ? 1 : hash;
}

static struct stream_top *place_of(struct stream_tops *tops, uint64_t hash)
{
	return &tops->items[(hash >> 32) % STREAM_TOPS];
}

bool stream_tops_know(const struct stream_tops *tops, uint32_t db, struct slice key)
{
	if (tops == NULL)
		return false;
	uint64_t hash = hash_of(db, key);
	const struct stream_top *top = &tops->items[(hash >> 32) % STREAM_TOPS];
	return top->hash == hash && top->is_known;
}

void stream_tops_ask(struct stream_tops *tops, uint32_t db, struct slice key, uint64_t ms, uint64_t seq)
{
	if (tops == NULL)
		return;
	uint64_t hash = hash_of(db, key);
	*place_of(tops, hash) = (struct stream_top){ .hash = hash, .asked_ms = ms, .asked_seq = seq };
}

void stream_tops_learn(struct stream_tops *tops, uint32_t db, struct slice key, uint64_t ms, uint64_t seq)
{
	if (tops == NULL)
		return;
	uint64_t hash = hash_of(db, key);
	struct stream_top *top = place_of(tops, hash);
	top->is_known = top->is_known || (top->hash == hash && top->asked_ms == ms && top->asked_seq == seq);
}

void stream_tops_forget(struct stream_tops *tops, uint32_t db, struct slice key)
{
	if (tops == NULL)
		return;
	uint64_t hash = hash_of(db, key);
	struct stream_top *top = place_of(tops, hash);
	if (top->hash == hash)
		top->hash = 0;
}

void stream_tops_forget_all(struct stream_tops *tops)
{
	if (tops != NULL)
		memset(tops, 0, sizeof *tops);
}
