/* Admin parts: what the admin*.c files share. Nobody else includes this. */
#ifndef PROXY_ADMIN_PARTS_H
#define PROXY_ADMIN_PARTS_H

#include "admin.h"

#include <microhttpd.h>

/* One answer. */
struct answer {
	unsigned status;
	const char *type;
	struct buffer body;
};

/* A request whose answer comes later: suspended until then. Only those that deal with conflicts are. */
struct admin_request {
	struct admin *admin;
	struct MHD_Connection *connection;
	struct admin_request *next, **link;      /* among all */
	struct buffer body;
	bool is_too_large;                       /* the body */
	bool is_begun, is_answered, is_suspended;
	struct answer answer;
};

struct admin {
	struct admin_options options;
	struct MHD_Daemon *server;
	struct event *readable;                  /* the server's epoll set */
	struct event *due;                       /* the server's own timeouts */
	struct admin_request *requests;
};

/* ---- admin.c ---- */

void write_error(struct answer *answer, unsigned status, const char *text);
/* The answer is complete: the connection goes on. */
void admin_request_end(struct admin_request *request);

/* ---- admin_conflicts.c ---- */

/* Is URL about conflicts? */
bool admin_conflicts_own(const char *url);
/* The request is complete. Ends now or later, with admin_request_end. */
void admin_conflicts_begin(struct admin_request *request, const char *url, const char *method);

/* ---- admin_orders.c ---- */

/* POST: ID is NULL for many at once; VERB is resolve, ignore or retry. */
void admin_order(struct admin_request *request, const char *id, const char *verb);
bool admin_verb_is_known(const char *verb);
/* An ask was refused, answered by an error, or its answer was lost. */
void admin_fail_by_reply(struct admin_request *request, enum errand_end end, struct slice reply);

#endif
