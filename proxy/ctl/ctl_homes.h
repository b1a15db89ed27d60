/* Homes: the orders home, homes and rehome. */
#ifndef PROXY_CTL_HOMES_H
#define PROXY_CTL_HOMES_H

#include "ctl_order.h"

int ctl_home(const struct ctl_call *call);
int ctl_homes(const struct ctl_call *call);
int ctl_rehome(const struct ctl_call *call);

#endif
