/* HTTP answer: what the server answers one request with. Private to this room. */
#ifndef PROXY_HTTP_ANSWER_H
#define PROXY_HTTP_ANSWER_H

#include "base/bytes.h"

#include <microhttpd.h>

struct http_answer {
	unsigned status;
	const char *type;            /* of the body: Content-Type */
	char tag[64];                /* ETag; empty: none */
	const char *home;            /* Homeport-Home: where a user lives, for proxies that read no JSON; NULL: none. Lives as long as the program */
	struct buffer body;          /* owned */
};

/* A JSON object with TEXT as "error". */
void http_answer_set_error(struct http_answer *answer, unsigned status, const char *text);
/* Queues ANSWER on the connection and frees its body. */
enum MHD_Result http_answer_send(struct MHD_Connection *connection, struct http_answer *answer);

#endif
