/* Orders: the table of all that homeportctl can do. Help, completion and the command line are made of it: a new order is one row. */
#ifndef PROXY_CTL_ORDERS_H
#define PROXY_CTL_ORDERS_H

#include "ctl_order.h"

const struct ctl_order *ctl_orders(unsigned *count);

#endif
