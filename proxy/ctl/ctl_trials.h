/* The orders rules test and handler test: what new rules, or a handler, would make of recorded conflicts (ctl_trial.h). Nothing is applied. */
#ifndef PROXY_CTL_TRIALS_H
#define PROXY_CTL_TRIALS_H

#include "ctl_order.h"

int ctl_rules_test(const struct ctl_call *call);
int ctl_handler_test(const struct ctl_call *call);

#endif
