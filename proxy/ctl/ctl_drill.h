/* homeportctl drill: rehearses a fail-over by moving users, a share at a time, while they write. */
#ifndef PROXY_CTL_DRILL_ORDER_H
#define PROXY_CTL_DRILL_ORDER_H

#include "ctl_order.h"

int ctl_drill(const struct ctl_call *call);

#endif
