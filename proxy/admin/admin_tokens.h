/* Admin tokens: /v1/token and /v1/wait, session tokens for HTTP gateways. Private to this room. */
#ifndef PROXY_ADMIN_TOKENS_H
#define PROXY_ADMIN_TOKENS_H

#include "admin_request.h"

/* Is URL about session tokens? */
bool admin_tokens_own(const char *url);
/* The whole request was received. It is answered now or later, by admin_request_end. */
void admin_tokens_begin(struct admin_request *request, const char *url, const char *method);

#endif
