/* Admin: the HTTP server: /livez /healthz /readyz /metrics /v1/status, and /v1/conflicts…, /v1/explain, /v1/token, /v1/wait, /v1/homes…. It runs on the loop's
 * thread. */
#ifndef PROXY_ADMIN_H
#define PROXY_ADMIN_H

#include "proxy/conflicts/conflicts.h"
#include "proxy/homes/homes.h"
#include "proxy/ops/status.h"

struct event_base;
struct admin;

struct admin_options {               /* all borrowed as long as the admin lives */
	struct event_base *loop;
	const struct sidecar_status *status;
	struct turn *turn;               /* this and the next may be NULL in tests: then there are no conflicts */
	struct conflicts *conflicts;
	struct homes *homes;             /* may be NULL, too */
};

/* Listens at settings.admin. NULL: ERROR says what is wrong and what to do. */
struct admin *admin_new(const struct admin_options *options, struct buffer *error);
/* After conflicts_free, which answers the requests that wait, and before turn_free. */
void admin_free(struct admin *admin);

#endif
