/* Admin request: an HTTP request whose answer comes later: its connection is suspended until then. Only requests about conflicts, session tokens and homes wait.
 * Private to this room. */
#ifndef PROXY_ADMIN_REQUEST_H
#define PROXY_ADMIN_REQUEST_H

#include "admin.h"
#include "http_answer.h"

struct https;
struct teller;

struct admin_request {
	struct admin *admin;
	struct MHD_Connection *connection;
	struct admin_request *next, **link;      /* among all */
	struct buffer body;
	bool is_too_large;                       /* the body */
	bool is_begun, is_answered, is_suspended;
	struct http_answer answer;
};

struct admin {
	struct admin_options options;
	struct MHD_Daemon *server;
	struct event *readable;                  /* the server's epoll set */
	struct event *due;                       /* the server's own timeouts */
	struct https *https;                     /* NULL: none */
	struct admin_request *requests;
};

struct admin_request *admin_request_new(struct admin *admin, struct MHD_Connection *connection);
void admin_request_free(struct admin_request *request);
/* There is no answer yet: the connection waits. */
void admin_request_suspend(struct admin_request *request);
/* The answer is complete: the connection goes on. */
void admin_request_end(struct admin_request *request);
/* Likewise, with an error as the answer. */
void admin_request_fail(struct admin_request *request, unsigned status, const char *text);
void admin_request_fail_with(struct admin_request *request, unsigned status, struct slice text);
/* Is its body JSON, by its Content-Type? A page of another site can make a browser send a form, but not a body of this type, so it can order nothing. */
bool admin_request_is_json(const struct admin_request *request);
#define ADMIN_NO_JSON "send a body of Content-Type: application/json"
/* Likewise, with the JSON that TELLER was told; frees it. */
void admin_request_finish(struct admin_request *request, struct teller *teller);

#endif
