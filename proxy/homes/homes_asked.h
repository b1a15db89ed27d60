/* Homes asked: orders that were given here and are not answered. One lives until it is answered, also when nobody waits for that any more. */
#ifndef PROXY_HOMES_ASKED_H
#define PROXY_HOMES_ASKED_H

#include "homes.h"

struct order;

struct order *homes_asked_new(struct homes *homes, const struct homes_asker *asker);
/* Both end it. */
void homes_asked_answer(struct order *order, struct slice reply);
void homes_asked_refuse(struct order *order, struct slice error);
/* Who waits where it is passed on to another datacenter. */
struct homes_asker homes_asked_elsewhere(struct order *order);
/* Whoever waits with this context is told nothing any more. */
void homes_forget(struct homes *homes, const void *context);
void homes_orders_end(struct homes *homes);

#endif
