/* The order completion: a script for the shell, made from the tables of orders and options. */
#ifndef PROXY_CTL_COMPLETION_H
#define PROXY_CTL_COMPLETION_H

#include "ctl_order.h"

int ctl_completion(const struct ctl_call *call);

#endif
