/* RESP, for homeportctl: a connection on which one command at a time is asked, with a bound on how long that may take. Without TLS. */
#ifndef PROXY_CTL_RESP_H
#define PROXY_CTL_RESP_H

#include "base/bytes.h"

struct ctl_resp { int fd; struct buffer in; };   /* fd -1: not connected. IN is owned */

#define CTL_RESP_CLOSED ((struct ctl_resp){ .fd = -1 })

/* LOGIN: the arguments of AUTH, with a space between them, or ""; NULL: none is needed. False: it does not answer, or lets nobody in. */
MUST_CHECK bool ctl_resp_open(struct ctl_resp *resp, const char *host, unsigned port, const char *login, unsigned wait_ms);
void ctl_resp_close(struct ctl_resp *resp);
/* The whole reply, good until the next call. Of no bytes: there was none in time, or the connection broke; it is closed. */
struct slice ctl_resp_ask(struct ctl_resp *resp, unsigned argc, const struct slice *argv, unsigned wait_ms);

#endif
