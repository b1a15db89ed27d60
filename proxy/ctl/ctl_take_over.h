/* Taking over: what is said and waited for before a user is taken from a home that is dead. */
#ifndef PROXY_CTL_TAKE_OVER_H
#define PROXY_CTL_TAKE_OVER_H

#include "ctl_order.h"

/* Says up to when all that the home of the user wrote is known at the new home, and waits until that home is taken to be dead, unless --now is given. EXIT_SUCCESS: the user may be
 * taken over; else how to exit, and why was said. Until then nothing was ordered, so Ctrl-C leaves all as it was. */
int ctl_prepare_take_over(const struct ctl_call *call);

#endif
