#include "group_order.h"

#include <assert.h>
#include <string.h>

void group_order_add(struct group_order *order, unsigned pipeline, uint64_t position)
{
	order->last_pipeline = pipeline;
	if (order->count > 0 && order->runs[order->count - 1].pipeline == pipeline) {
		order->runs[order->count - 1].groups_due++;
		return;
	}
	order->runs = array_reserve(order->runs, order->count, &order->cap, sizeof *order->runs);
	order->runs[order->count++] = (struct group_run){ .pipeline = pipeline, .position = position, .groups_due = 1 };
}

bool group_order_answered(struct group_order *order)
{
	assert(order->count > 0 && order->runs[0].groups_due > 0);
	if (--order->runs[0].groups_due > 0)
		return false;
	order->count--;
	memmove(order->runs, order->runs + 1, order->count * sizeof *order->runs);
	return order->count > 0;
}

uint64_t group_order_gate(const struct group_order *order, unsigned pipeline)
{
	for (unsigned i = 1; i < order->count; i++)
		if (order->runs[i].pipeline == pipeline)
			return order->runs[i].position;
	return GROUP_ORDER_FREE;
}

void group_order_free(struct group_order *order)
{
	memory_free(order->runs);
	*order = (struct group_order){ 0 };
}
