/* Store: what others ask of it (see store.h). store_life.c connects, opens and fails. */
#include "store.h"

#include <assert.h>

#include "connectors/net/timer.h"
#include "full_script.h"
#include "store_state.h"

bool store_is_open(const struct store *store)
{
	return store->is_open;
}

void store_read(struct store *store, unsigned protocol, uint32_t db, struct slice command, uint64_t tag)
{
	assert(store->is_open);
	assert(tag != FACTS_TAG);
	pipeline_read(store->pipelines[protocol == 3 ? PIPELINE_RESP3 : PIPELINE_RESP2], db, command, tag);
}

void store_read_remembered(struct store *store, unsigned protocol, uint32_t db, struct slice command, uint64_t tag)
{
	pipeline_remember(store->pipelines[protocol == 3 ? PIPELINE_RESP3 : PIPELINE_RESP2], db);
	store_read(store, protocol, db, command, tag);
}

void store_remember_groups(struct store *store, bool is_on)
{
	store->is_remembering = is_on;
}

/* Afterwards groups of no protocol of their own go on where they went before. */
static void guarded_group(struct store *store, const struct effect *group)
{
	unsigned ordinal = 0, last = store->order.last_pipeline;
	struct pipeline *pipeline = guards_group(store->guards, group->group.guard, &ordinal);
	bool is_void = pipeline == NULL;
	unsigned index = is_void ? last : PIPELINE_COUNT + ordinal;
	if (is_void)
		pipeline = store->pipelines[last];
	group_order_add(&store->order, index, pipeline_position(pipeline));
	store->order.last_pipeline = last;
	if (is_void)
		pipeline_void_group(pipeline, group);
	else
		pipeline_group(pipeline, group);
	pipeline_set_gate(pipeline, group_order_gate(&store->order, index));
}

struct store_guard *store_guard_new(struct store *store, unsigned protocol, const struct store_guard_callbacks *callbacks)
{
	assert(store->is_open);
	return guards_add(store->guards, protocol, callbacks);
}

void store_group(struct store *store, const struct effect *group)
{
	assert(store->is_open);
	assert(group->type == EFFECT_GROUP);
	if (group->group.guard != 0) {
		guarded_group(store, group);
		return;
	}
	unsigned index = group->group.protocol == 0 ? store->order.last_pipeline : group->group.protocol == 3 ? PIPELINE_RESP3 : PIPELINE_RESP2;
	struct pipeline *pipeline = store->pipelines[index];
	group_order_add(&store->order, index, pipeline_position(pipeline));
	if (store->is_remembering)
		pipeline_remember(pipeline, PIPELINE_ANY_DB);
	if (group->group.is_for_full)
		full_script_send(pipeline, group, index == PIPELINE_RESP3 ? 3 : 2);
	else
		pipeline_group(pipeline, group);
	pipeline_set_gate(pipeline, group_order_gate(&store->order, index));
}

void store_flush(struct store *store)
{
	if (store->is_open)
		store_flush_all(store);
}

const struct store_facts *store_facts(const struct store *store)
{
	return &store->facts;
}

void store_load(const struct store *store, uint64_t *bytes_queued, uint64_t *answers_due)
{
	*bytes_queued = *answers_due = 0;
	for (unsigned i = 0; i < PIPELINE_COUNT; i++) {
		if (store->pipelines[i] == NULL)
			continue;
		*bytes_queued += pipeline_bytes_queued(store->pipelines[i]);
		*answers_due += pipeline_answers_due(store->pipelines[i]);
	}
}

const char *store_busy(const struct store *store)
{
	return store->busy[0] != '\0' ? store->busy : NULL;
}

void store_probe(struct store *store)
{
	if (!store->is_open || store->is_probed)
		return;
	store->is_probed = true;
	pipeline_probe(store->pipelines[PIPELINE_NOTICES]);
}

uint64_t store_answers(const struct store *store)
{
	return store->answers;
}

const char *store_trouble(const struct store *store)
{
	return store->is_open ? "" : store->why;
}

uint64_t store_silence_ms(const struct store *store)
{
	return silence_ms(&store->silence, timer_now_ms(), store_bytes_moved(store));
}
