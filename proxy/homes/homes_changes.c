/* Homes changes: a ring, and a list of those who wait (see homes_changes.h). */
#include "homes_changes.h"

#include "connectors/net/timer.h"

struct waiter {
	void (*tell)(void *context);
	void *context;
	uint64_t until_ms;           /* of timer_now_ms */
};

struct homes_changes {
	uint64_t run;
	uint64_t version;            /* of the latest change; 0: there was none */
	struct home_change *ring;    /* owned, and so are the names of users; version V is at V modulo HOMES_CHANGES_KEPT */
	struct waiter *waiters;      /* owned */
	unsigned waiter_count, waiter_cap;
	struct timer *due;
	bool is_news;                /* there is a change that those who wait were not told of */
};

static void on_due(void *context);

struct homes_changes *homes_changes_new(struct event_base *loop, uint64_t run)
{
	struct homes_changes *changes = memory_new(sizeof(*changes));
	changes->run = run;
	changes->ring = memory_new(HOMES_CHANGES_KEPT * sizeof(*changes->ring));
	changes->due = timer_new(loop, on_due, changes);
	return changes;
}

void homes_changes_free(struct homes_changes *changes)
{
	for (unsigned i = 0; i < HOMES_CHANGES_KEPT; i++)
		bytes_free(changes->ring[i].user);
	memory_free(changes->ring);
	memory_free(changes->waiters);
	timer_free(changes->due);
	memory_free(changes);
}

void homes_changes_add(struct homes_changes *changes, const struct home_change *change)
{
	struct home_change *place = &changes->ring[++changes->version % HOMES_CHANGES_KEPT];
	bytes_free(place->user);
	*place = *change;
	place->user = buffer_copy(change->user);
	changes->is_news = true;
	if (changes->waiter_count > 0)
		timer_start(changes->due, 0);
}

/* ---- versions ---- */

void homes_changes_add_tag(struct buffer *out, const struct homes_changes *changes)
{
	buffer_add_uint64(out, changes->run);
	buffer_add_byte(out, '-');
	buffer_add_uint64(out, changes->version);
}

bool homes_changes_read_tag(const struct homes_changes *changes, struct slice tag, uint64_t *version)
{
	struct slice rest = tag, run = slice_take_until(&rest, '-');
	int64_t run_number, number;
	if (!slice_to_int64(run, &run_number) || (uint64_t)run_number != changes->run || !slice_to_int64(rest, &number) || number < 0)
		return false;
	*version = (uint64_t)number;
	return *version <= changes->version && changes->version - *version <= HOMES_CHANGES_KEPT;
}

uint64_t homes_changes_version(const struct homes_changes *changes)
{
	return changes->version;
}

const struct home_change *homes_changes_at(const struct homes_changes *changes, uint64_t version)
{
	return &changes->ring[version % HOMES_CHANGES_KEPT];
}

/* ---- waiting ---- */

/* Runs again when the first of those who wait has waited long enough. */
static void schedule(struct homes_changes *changes)
{
	uint64_t now_ms = timer_now_ms(), first_ms = UINT64_MAX;
	for (unsigned i = 0; i < changes->waiter_count; i++)
		if (changes->waiters[i].until_ms < first_ms)
			first_ms = changes->waiters[i].until_ms;
	if (changes->waiter_count > 0)
		timer_start(changes->due, changes->is_news || first_ms <= now_ms ? 0 : (uint32_t)(first_ms - now_ms));
}

void homes_changes_wait(struct homes_changes *changes, uint32_t wait_ms, void (*tell)(void *context), void *context)
{
	if (changes->waiter_count == 0)
		changes->is_news = false;
	changes->waiters = array_reserve(changes->waiters, changes->waiter_count, &changes->waiter_cap, sizeof(*changes->waiters));
	changes->waiters[changes->waiter_count++] = (struct waiter){ tell, context, timer_now_ms() + wait_ms };
	schedule(changes);
}

void homes_changes_forget(struct homes_changes *changes, const void *context)
{
	for (unsigned i = changes->waiter_count; i-- > 0;)
		if (changes->waiters[i].context == context)
			changes->waiters[i] = changes->waiters[--changes->waiter_count];
}

/* Each is taken off the list before it is told, as it may wait again. */
static void on_due(void *context)
{
	struct homes_changes *changes = context;
	uint64_t now_ms = timer_now_ms();
	bool is_news = changes->is_news;
	changes->is_news = false;
	for (unsigned i = changes->waiter_count; i-- > 0;) {
		if (i >= changes->waiter_count)      /* somebody who was told had others forgotten */
			continue;
		struct waiter waiter = changes->waiters[i];
		if (!is_news && waiter.until_ms > now_ms)
			continue;
		changes->waiters[i] = changes->waiters[--changes->waiter_count];
		waiter.tell(waiter.context);
	}
	schedule(changes);
}
