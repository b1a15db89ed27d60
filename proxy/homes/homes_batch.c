/* Homes batch (see homes_batch.h). It lives until each of its orders is answered. */
#include "homes_batch.h"

#include "homes_room.h"
#include "proxy/turn/turn_clock.h"

#include <string.h>

struct item { struct slice user, error; uint64_t took_ms, held_ms; bool has_moved, is_confirmed; };      /* slices owned */

struct homes_batch {
	struct homes *homes;
	struct homes_batch *next, **link;            /* in homes->batches */
	struct homes_batcher batcher;                /* its context is NULL: nobody waits any more */
	struct item *items;          /* owned */
	unsigned count, waiting;
	uint64_t began_us;
};

static uint64_t now_us(const struct homes *homes)
{
	return turn_clock_now(homes->options.clock)->steady_us;
}

static void unlink_batch(struct homes_batch *batch)
{
	*batch->link = batch->next;
	if (batch->next != NULL)
		batch->next->link = batch->link;
}

static void end_batch(struct homes_batch *batch)
{
	unlink_batch(batch);
	if (batch->batcher.context != NULL)
		batch->batcher.ended(batch->batcher.context, batch);
	else
		homes_batch_free(batch);
}

static void end_one(struct homes_batch *batch, uint64_t number, struct slice error)
{
	struct item *item = &batch->items[number];
	item->took_ms = (now_us(batch->homes) - batch->began_us) / 1000;
	item->has_moved = error.ptr == NULL;
	if (!item->has_moved)
		item->error = buffer_copy(error);
	if (--batch->waiting == 0)
		end_batch(batch);
}

/* What a move is answered (proxy/core/topology/moving_tell.h). */
static void read_answer(struct item *item, struct slice reply)
{
	struct reply head, part;
	int64_t number;
	bool is_list = reply_read(&reply, &head) && head.type == REPLY_ARRAY;
	for (unsigned i = 0; is_list && i < 5 && reply_read(&reply, &part); i++) {
		item->is_confirmed |= i == 3 && slice_equal(part.text, SLICE("confirmed"));
		if (i == 4 && head.integer == 5 && slice_to_int64(part.text, &number))
			item->held_ms = (uint64_t)number;
	}
}

static void on_answered(void *context, uint64_t number, struct slice reply)
{
	struct homes_batch *batch = context;
	struct slice error = { NULL, 0 };
	if (reply_is_error(reply))
		error = (struct slice){ reply.ptr + 1, reply.len - 3 };
	else
		read_answer(&batch->items[number], reply);
	end_one(batch, number, error);
}

static void on_refused(void *context, uint64_t number, struct slice error)
{
	end_one(context, number, error);
}

void homes_batch(struct homes *homes, const struct slice *users, unsigned count, const struct homes_order *order, const struct homes_batcher *batcher)
{
	struct homes_batch *batch = memory_new(sizeof(*batch));
	*batch = (struct homes_batch){
		.homes = homes, .batcher = *batcher, .items = memory_new((count + 1) * sizeof(struct item)), .count = count, .waiting = count + 1,
		.began_us = now_us(homes), .next = homes->batches, .link = &homes->batches,
	};
	if (batch->next != NULL)
		batch->next->link = &batch->next;
	homes->batches = batch;
	for (unsigned i = 0; i < count; i++) {
		struct homes_order one = *order;
		one.user = users[i];
		batch->items[i] = (struct item){ .user = buffer_copy(users[i]) };
		homes_order(homes, &one, &(struct homes_asker){ .context = batch, .token = i, .answered = on_answered, .refused = on_refused });
	}
	/* Where all were answered at once, the batch ends here. */
	if (--batch->waiting == 0)
		end_batch(batch);
}

void homes_batch_tell(const struct homes_batch *batch, struct teller *teller)
{
	tell_object(teller, NULL);
	tell_list(teller, "moves");
	for (unsigned i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[i];
		tell_object(teller, NULL);
		tell_bytes(teller, "user", item->user);
		tell_truth(teller, "moved", item->has_moved);
		tell_truth(teller, "confirmed", item->is_confirmed);
		tell_number(teller, "took_ms", item->took_ms);
		tell_number(teller, "held_ms", item->held_ms);
		if (item->has_moved)
			tell_nothing(teller, "error");
		else
			tell_bytes(teller, "error", item->error);
		tell_end(teller);
	}
	tell_end(teller);
	tell_end(teller);
}

void homes_batch_free(struct homes_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		bytes_free(batch->items[i].user);
		bytes_free(batch->items[i].error);
	}
	memory_free(batch->items);
	memory_free(batch);
}

void homes_batches_forget(struct homes *homes, const void *context)
{
	for (struct homes_batch *batch = homes->batches; batch != NULL; batch = batch->next)
		if (batch->batcher.context == context)
			batch->batcher.context = NULL;
}

void homes_batches_end(struct homes *homes)
{
	while (homes->batches != NULL) {
		struct homes_batch *batch = homes->batches;
		unlink_batch(batch);
		homes_batch_free(batch);
	}
}
