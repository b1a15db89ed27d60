/* What is found about peers: whether they are heard, how old their data is, who they are, what their clocks show, this datacenter's own included. */
#ifndef PROXY_READY_PEERS_H
#define PROXY_READY_PEERS_H

struct round;

void ready_check_peers(struct round *round);

#endif
