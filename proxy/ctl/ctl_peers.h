/* The order peers: the other datacenters, once or again and again. */
#ifndef PROXY_CTL_PEERS_H
#define PROXY_CTL_PEERS_H

#include "ctl_order.h"

int ctl_peers(const struct ctl_call *call);

#endif
