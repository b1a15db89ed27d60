/* Orders about the sidecar itself: status, ready, metrics. */
#ifndef PROXY_CTL_STATUS_H
#define PROXY_CTL_STATUS_H

#include "ctl_order.h"

int ctl_status(const struct ctl_call *call);
int ctl_ready(const struct ctl_call *call);
int ctl_metrics(const struct ctl_call *call);

#endif
