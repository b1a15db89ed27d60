#include "latent.h"

#include <assert.h>
#include <string.h>

#define CAP_MIN 64U
#define CAP_KEPT 65536U              /* of an empty ring */
#define SPARE_MAX 64
#define SPARE_BYTES_MAX 65536U       /* of each spare batch */
#define TRIM_MIN 256
#define HALF_WAY 0x80000000U         /* of all positions */

/* ---- batches ---- */

struct latent_batch *latent_batch_new(struct latents *latents)
{
	struct latent_batch *batch = latents->spare;
	if (batch == NULL) {
		batch = memory_new(sizeof *batch);
	} else {
		latents->spare = batch->next;
		latents->spare_count--;
	}
	batch->refs = 1;
	return batch;
}

void latent_batch_drop(struct latents *latents, struct latent_batch *batch)
{
	assert(batch->refs > 0);
	if (--batch->refs > 0)
		return;
	if (batch->is_ended) {
		latents->bytes -= batch->bytes.cap;
		context_drop(batch->stamp.context);
	}
	if (batch->shared != NULL)
		batch->bytes = (struct buffer){ 0 };
	shared_drop(batch->shared);
	if (batch->bytes.cap > SPARE_BYTES_MAX)
		buffer_free(&batch->bytes);
	batch->bytes.len = 0;
	*batch = (struct latent_batch){ .next = latents->spare, .bytes = batch->bytes };
	if (latents->spare_count == SPARE_MAX) {
		buffer_free(&batch->bytes);
		memory_free(batch);
		return;
	}
	latents->spare = batch;
	latents->spare_count++;
}

/* Many batches may be kept for long, and a reused buffer may be far larger than what is in it now. */
static void trim(struct buffer *bytes)
{
	if (bytes->len == 0 || bytes->cap <= 2 * bytes->len + TRIM_MIN)
		return;
	bytes->ptr = memory_resize(bytes->ptr, bytes->len);
	bytes->cap = bytes->len;
}

static void end_batch(struct latents *latents, struct latent_batch *batch, const struct stamp *stamp)
{
	batch->group = NULL;
	batch->is_ended = true;
	batch->stamp = *stamp;
	context_hold(batch->stamp.context);
	latents->bytes += batch->bytes.cap;
}

void latent_batch_end(struct latents *latents, struct latent_batch *batch, struct buffer *bytes, const struct stamp *stamp)
{
	struct buffer empty = batch->bytes;
	batch->bytes = *bytes;
	*bytes = empty;
	trim(&batch->bytes);
	end_batch(latents, batch, stamp);
}

void latent_batch_share(struct latents *latents, struct latent_batch *batch, struct shared *shared, const struct stamp *stamp)
{
	buffer_free(&batch->bytes);
	batch->bytes = (struct buffer){ (char *)(uintptr_t)shared->bytes.ptr, shared->bytes.len, shared->bytes.len };
	batch->shared = shared_hold(shared);
	end_batch(latents, batch, stamp);
}

/* ---- the ring ---- */

static bool is_here(const struct latents *latents, uint32_t position)
{
	return position - latents->first < latents->next - latents->first;
}

static struct latent *entry_at(const struct latents *latents, uint32_t position)
{
	return &latents->ring[position & (latents->cap - 1)];
}

static uint32_t *head_of(const struct latents *latents, uint32_t hash)
{
	return &latents->heads[hash & (latents->cap - 1)];
}

static void link_entry(struct latents *latents, uint32_t position)
{
	struct latent *entry = entry_at(latents, position);
	uint32_t *head = head_of(latents, entry->hash);
	unsigned depth = is_here(latents, *head) ? entry_at(latents, *head)->depth + 1U : 0;
	entry->previous = *head;
	entry->depth = depth < UINT8_MAX ? (uint8_t)depth : UINT8_MAX;
	*head = position;
}

/* Builds the ring and its chains anew, with room for CAP. Afterwards no head holds a position that could come to mean another entry. */
static void rebuild(struct latents *latents, uint32_t cap)
{
	struct latents old = *latents;
	latents->cap = cap;
	latents->ring = memory_new(cap * sizeof *latents->ring);
	latents->heads = memory_new(cap * sizeof *latents->heads);
	for (uint32_t i = 0; i < cap; i++)
		latents->heads[i] = latents->first - 1;
	latents->next = latents->first;
	for (uint32_t position = old.first; position != old.next; position++) {
		*entry_at(latents, position) = *entry_at(&old, position);
		latents->next++;
		if (entry_at(latents, position)->state != LATENT_TAKEN)
			link_entry(latents, position);
	}
	memory_free(old.ring);
	memory_free(old.heads);
}

void latents_add(struct latents *latents, uint64_t hash, const struct latent *latent)
{
	if (latents->next - latents->first == latents->cap)
		rebuild(latents, latents->cap > 0 ? latents->cap * 2 : CAP_MIN);
	else if (latents->next % HALF_WAY == 0)
		rebuild(latents, latents->cap);
	uint32_t position = latents->next++;
	struct latent *entry = entry_at(latents, position);
	*entry = *latent;
	entry->hash = (uint32_t)hash;
	entry->batch->refs++;
	link_entry(latents, position);
	latents->waiting++;
	latents->bytes += sizeof *entry;
}

void latents_answered(struct latents *latents, uint32_t *position, uint32_t at)
{
	while (entry_at(latents, *position)->at != at)
		(*position)++;
	assert(is_here(latents, *position) && entry_at(latents, *position)->state == LATENT_UNDER_WAY);
	entry_at(latents, *position)->state = LATENT_LIVE;
}

void latents_cancel(struct latents *latents, uint32_t first, uint32_t count)
{
	for (uint32_t position = first; position != first + count; position++) {
		struct latent *entry = entry_at(latents, position);
		latents->waiting -= entry->state == LATENT_UNDER_WAY;
		if (entry->state == LATENT_UNDER_WAY)
			entry->state = LATENT_TAKEN;
	}
}

static void free_ring(struct latents *latents)
{
	memory_free(latents->ring);
	memory_free(latents->heads);
	latents->ring = NULL;
	latents->heads = NULL;
	latents->cap = 0;
}

void latents_forget(struct latents *latents, const struct origins *origins)
{
	while (latents->first != latents->next) {
		const struct latent *entry = entry_at(latents, latents->first);
		const struct stamp *stamp = &entry->batch->stamp;
		/* The group will look for its entries where it put them, those that were taken meanwhile included. */
		if (entry->batch->group != NULL)
			return;
		if (entry->state == LATENT_LIVE && stamp->seq + entry->index > origins->items[stamp->origin].stable)
			return;
		latents->waiting -= entry->state == LATENT_LIVE;
		latents->bytes -= sizeof *entry;
		latent_batch_drop(latents, entry->batch);
		latents->first++;
	}
	if (latents->cap > CAP_KEPT)
		free_ring(latents);
}

/* ---- chains ---- */

void latents_warm(const struct latents *latents, uint64_t hash)
{
	if (latents->waiting > 0)
		memory_warm(head_of(latents, (uint32_t)hash), 1);
}

void latents_warm_newest(const struct latents *latents, uint64_t hash)
{
	if (latents->waiting > 0)
		memory_warm(entry_at(latents, *head_of(latents, (uint32_t)hash)), sizeof(struct latent));
}

const struct latent *latents_newest(const struct latents *latents, uint64_t hash)
{
	if (latents->waiting == 0)
		return NULL;
	for (uint32_t position = *head_of(latents, (uint32_t)hash); is_here(latents, position); position = entry_at(latents, position)->previous) {
		const struct latent *entry = entry_at(latents, position);
		if (entry->hash == (uint32_t)hash && entry->state != LATENT_TAKEN)
			return entry;
	}
	return NULL;
}

/* Unlinks what is taken. Returns how many are left. */
static unsigned prune_chain(struct latents *latents, uint32_t *head)
{
	unsigned count = 0;
	uint32_t *link = head;
	while (is_here(latents, *link)) {
		struct latent *entry = entry_at(latents, *link);
		if (entry->state == LATENT_TAKEN) {
			*link = entry->previous;
			continue;
		}
		count++;
		link = &entry->previous;
	}
	if (count > 0)
		entry_at(latents, *head)->depth = (uint8_t)(count - 1);
	return count;
}

bool latents_have_room(struct latents *latents, uint64_t hash)
{
	if (latents->cap == 0)
		return true;
	uint32_t *head = head_of(latents, (uint32_t)hash);
	return !is_here(latents, *head) || entry_at(latents, *head)->depth + 1U < LATENT_DEPTH_MAX || prune_chain(latents, head) < LATENT_DEPTH_MAX;
}

static bool is_of(const struct latents *latents, const struct latent *entry, uint32_t db, struct slice key)
{
	uint32_t its_db;
	struct slice its_key = latents->reader.key_of(latents->reader.context, entry, &its_db);
	return its_db == db && slice_equal(its_key, key);
}

bool latents_take(struct latents *latents, uint64_t hash, uint32_t db, struct slice key)
{
	struct latent taken[LATENT_DEPTH_MAX];
	unsigned count = 0;
	if (latents_newest(latents, hash) == NULL)
		return false;
	uint32_t *head = head_of(latents, (uint32_t)hash);
	for (uint32_t position = *head; is_here(latents, position); position = entry_at(latents, position)->previous) {
		struct latent *entry = entry_at(latents, position);
		if (entry->hash != (uint32_t)hash || entry->state == LATENT_TAKEN || !is_of(latents, entry, db, key))
			continue;
		assert(count < LATENT_DEPTH_MAX);
		taken[count++] = *entry;
		entry->state = LATENT_TAKEN;
	}
	latents->waiting -= count;
	prune_chain(latents, head);
	for (unsigned i = count; i-- > 0;)
		latents->reader.take(latents->reader.context, &taken[i]);
	return count > 0;
}

void latents_take_all(struct latents *latents)
{
	for (uint32_t position = latents->first; latents->waiting > 0; position++) {
		const struct latent *entry = entry_at(latents, position);
		uint32_t db;
		if (entry->state == LATENT_TAKEN)
			continue;
		struct slice key = latents->reader.key_of(latents->reader.context, entry, &db);
		latents_take(latents, entry->hash, db, key);
	}
}

void latents_free(struct latents *latents)
{
	for (; latents->first != latents->next; latents->first++)
		latent_batch_drop(latents, entry_at(latents, latents->first)->batch);
	while (latents->spare != NULL) {
		struct latent_batch *batch = latents->spare;
		latents->spare = batch->next;
		buffer_free(&batch->bytes);
		memory_free(batch);
	}
	free_ring(latents);
	*latents = (struct latents){ 0 };
}

/* A batch's bytes are counted once, since its entries follow each other. */
void latents_check(const struct latents *latents)
{
	uint64_t bytes = 0;
	uint32_t waiting = 0;
	const struct latent_batch *batch = NULL;
	for (uint32_t position = latents->first; position != latents->next; position++) {
		const struct latent *entry = entry_at(latents, position);
		bytes += sizeof *entry + (entry->batch != batch && entry->batch->is_ended ? entry->batch->bytes.cap : 0);
		waiting += entry->state != LATENT_TAKEN;
		batch = entry->batch;
	}
	assert(latents->bytes == bytes && latents->waiting == waiting);
}
