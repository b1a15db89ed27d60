/* Orders that end open conflicts, or have their handler run again: conflicts resolve, ignore, retry. */
#ifndef PROXY_CTL_RESOLVE_H
#define PROXY_CTL_RESOLVE_H

#include "ctl_order.h"

#define CTL_CHOICE_NAMES "winner side value remove rule"

int ctl_conflicts_resolve(const struct ctl_call *call);
int ctl_conflicts_ignore(const struct ctl_call *call);
int ctl_conflicts_retry(const struct ctl_call *call);

#endif
