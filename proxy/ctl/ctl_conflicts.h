/* Orders that read conflict records: conflicts list, show, report. */
#ifndef PROXY_CTL_CONFLICTS_H
#define PROXY_CTL_CONFLICTS_H

#include "ctl_order.h"

int ctl_conflicts_list(const struct ctl_call *call);
int ctl_conflicts_show(const struct ctl_call *call);
int ctl_conflicts_report(const struct ctl_call *call);

#endif
