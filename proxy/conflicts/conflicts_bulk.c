/* Conflicts bulk: first the ids of the open conflicts that match are read, then the core is asked to end each, ASKS_MAX at a time (see
 * conflicts_bulk.h). */
#include "conflicts_bulk.h"

#include "base/table.h"
#include "conflicts_jobs.h"
#include "conflicts_reader.h"

#define IDS_MAX 100000u
#define ASKS_MAX 32u                 /* questions to the core under way at once */

struct id {
	struct table_node node;
	struct id *next;             /* in the list of those that have not been asked for */
	struct slice text;           /* owned */
};

struct bulk {
	struct conflicts_job job;
	struct conflicts_query query;
	struct conflicts_order order;        /* slices owned */
	struct conflicts_orderer orderer;
	struct conflicts_reader *reader;     /* owned; under way */
	struct table ids;                    /* to find doubles: a scan of the hash may come upon a record twice */
	struct id *next;                     /* the list of those that have not been asked for */
	unsigned due;                        /* asked for and not answered */
	struct conflicts_tally tally;
	struct buffer first_error;
};

static void bulk_end(struct bulk *bulk, const char *error);
static bool bulk_take(void *context, const struct record *record, struct slice bytes, struct slice entry);
static void bulk_on_read(void *context, const char *error);
static void bulk_on_answer(void *context, enum errand_end end, struct slice reply);

static struct id *id_of(struct table_node *node)
{
	return (struct id *)node;
}

static void id_free(void *context, struct table_node *node)
{
	table_remove(context, node);
	memory_free((void *)id_of(node)->text.ptr);
	memory_free(node);
}

static void bulk_free(struct bulk *bulk)
{
	conflicts_reader_stop(bulk->reader);
	conflicts_query_free(&bulk->query);
	memory_free((void *)bulk->order.value.ptr);
	memory_free((void *)bulk->order.by.ptr);
	table_each(&bulk->ids, id_free, &bulk->ids);
	table_free(&bulk->ids);
	buffer_free(&bulk->first_error);
	memory_free(bulk);
}

static void bulk_drop(struct conflicts_job *job)
{
	turn_forget(job->conflicts->turn, job);
	bulk_end((struct bulk *)job, CONFLICTS_STOPPING);
}

void conflicts_order(struct conflicts *conflicts, struct conflicts_query *query, const struct conflicts_order *order,
                     const struct conflicts_orderer *orderer)
{
	struct bulk *bulk = memory_new(sizeof(*bulk));
	bulk->query = *query;
	*query = (struct conflicts_query){ 0 };
	bulk->order = *order;
	bulk->order.value = buffer_copy(order->value);
	bulk->order.by = buffer_copy(order->by);
	bulk->orderer = *orderer;
	bulk->query.status = RECORD_OPEN;
	if (!conflicts_enter(conflicts, &bulk->job, bulk_drop)) {
		bulk_free(bulk);
		orderer->ended(orderer->context, NULL, CONFLICTS_BUSY);
		return;
	}
	bulk->reader = conflicts_reader_open(conflicts->turn, &(struct conflicts_reading){ bulk, bulk_take, bulk_on_read });
}

static bool bulk_has(const struct bulk *bulk, struct slice text, uint64_t hash)
{
	for (struct table_node *node = table_first(&bulk->ids, hash); node != NULL; node = table_same(node)) {
		if (slice_equal(id_of(node)->text, text))
			return true;
	}
	return false;
}

static bool bulk_take(void *context, const struct record *record, struct slice bytes, struct slice entry)
{
	struct bulk *bulk = context;
	uint64_t hash = slice_hash(record->id);
	(void)bytes;
	(void)entry;
	if (!conflicts_query_matches(&bulk->query, record, conflicts_now_ms(bulk->job.conflicts)) || bulk_has(bulk, record->id, hash))
		return true;
	if (bulk->ids.count == IDS_MAX) {
		bulk->tally.has_more = true;
		return false;
	}
	struct id *id = memory_new(sizeof(*id));
	id->text = buffer_copy(record->id);
	id->next = bulk->next;
	bulk->next = id;
	table_add(&bulk->ids, &id->node, hash);
	return true;
}

static void bulk_end(struct bulk *bulk, const char *error)
{
	bulk->tally.error = buffer_slice(&bulk->first_error);
	conflicts_leave(&bulk->job);
	bulk->orderer.ended(bulk->orderer.context, error == NULL ? &bulk->tally : NULL, error);
	bulk_free(bulk);
}

static void bulk_ask(struct bulk *bulk)
{
	struct id *id = bulk->next;
	struct event event = {
		.type = EVENT_ASKED,
		.asked = {
			.ask = bulk->order.ask,
			.choice = bulk->order.choice,
			.value = bulk->order.value,
			.by = bulk->order.by,
			.id = id->text,
		},
	};
	bulk->next = id->next;
	bulk->due++;
	turn_ask_for(bulk->job.conflicts->turn, &event, &(struct errand){ bulk, bulk_on_answer });
}

static void bulk_go_on(struct bulk *bulk)
{
	while (bulk->next != NULL && bulk->due < ASKS_MAX)
		bulk_ask(bulk);
	if (bulk->due == 0)
		bulk_end(bulk, NULL);
}

static void bulk_on_read(void *context, const char *error)
{
	struct bulk *bulk = context;
	bulk->reader = NULL;
	if (error != NULL)
		bulk_end(bulk, error);
	else
		bulk_go_on(bulk);
}

static void bulk_note_refusal(struct bulk *bulk, struct slice error)
{
	bulk->tally.refused++;
	if (bulk->first_error.len == 0)
		buffer_add(&bulk->first_error, error);
}

static void bulk_on_answer(void *context, enum errand_end end, struct slice reply)
{
	struct bulk *bulk = context;
	bulk->due--;
	if (end == ERRAND_LOST)
		bulk_note_refusal(bulk, SLICE(CONFLICTS_STORE_AWAY));
	else if (end == ERRAND_REFUSED)
		bulk_note_refusal(bulk, reply);
	else if (reply_is_error(reply) && reply.len >= 3)
		bulk_note_refusal(bulk, (struct slice){ reply.ptr + 1, reply.len - 3 });
	else
		bulk->tally.done++;
	bulk_go_on(bulk);
}
