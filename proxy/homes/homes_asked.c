/* Homes asked (see homes_asked.h). */
#include "homes_asked.h"

#include "homes_room.h"

struct order {
	struct homes *homes;
	struct homes_asker asker;
	struct order *next, **link;
};

struct order *homes_asked_new(struct homes *homes, const struct homes_asker *asker)
{
	struct order *order = memory_new(sizeof(*order));
	*order = (struct order){ .homes = homes, .asker = *asker, .next = homes->orders, .link = &homes->orders };
	if (order->next != NULL)
		order->next->link = &order->next;
	homes->orders = order;
	return order;
}

static void order_free(struct order *order)
{
	*order->link = order->next;
	if (order->next != NULL)
		order->next->link = order->link;
	memory_free(order);
}

void homes_asked_refuse(struct order *order, struct slice error)
{
	if (order->asker.context != NULL)
		order->asker.refused(order->asker.context, order->asker.token, error);
	order_free(order);
}

void homes_asked_answer(struct order *order, struct slice reply)
{
	if (order->asker.context != NULL)
		order->asker.answered(order->asker.context, order->asker.token, reply);
	order_free(order);
}

static void on_answered(void *context, uint64_t token, struct slice reply)
{
	(void)token;
	homes_asked_answer(context, reply);
}

static void on_refused(void *context, uint64_t token, struct slice error)
{
	(void)token;
	homes_asked_refuse(context, error);
}

struct homes_asker homes_asked_elsewhere(struct order *order)
{
	return (struct homes_asker){ .context = order, .answered = on_answered, .refused = on_refused };
}

void homes_forget(struct homes *homes, const void *context)
{
	for (struct order *order = homes->orders; order != NULL; order = order->next)
		if (order->asker.context == context)
			order->asker.context = NULL;
	homes_changes_forget(homes->changes, context);
}

void homes_orders_end(struct homes *homes)
{
	while (homes->orders != NULL)
		order_free(homes->orders);
}
