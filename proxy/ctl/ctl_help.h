/* Help: what orders there are, what one of them takes, and what was probably meant by a word that is none. */
#ifndef PROXY_CTL_HELP_H
#define PROXY_CTL_HELP_H

#include "ctl_order.h"

#include <stdio.h>

/* The order that WORDS begin with, and how many words that takes; NULL: none. */
const struct ctl_order *ctl_help_find(const struct ctl_call *call, int *used);
/* Help of the order, or of the family of orders ("conflicts"), that the call's words begin with; of all where there are no words. */
void ctl_help_print(const struct ctl_call *call, FILE *out);
/* Says what is wrong with words that begin with no order; returns how to exit. */
int ctl_help_refuse(const struct ctl_call *call);

#endif
