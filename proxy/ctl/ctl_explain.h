/* The order explain: a key's rule, its live versions, and why one is visible. */
#ifndef PROXY_CTL_EXPLAIN_H
#define PROXY_CTL_EXPLAIN_H

#include "ctl_order.h"

int ctl_explain(const struct ctl_call *call);

#endif
