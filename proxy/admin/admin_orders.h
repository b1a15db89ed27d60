/* Admin orders: POST requests that resolve conflicts. Private to this room. */
#ifndef PROXY_ADMIN_ORDERS_H
#define PROXY_ADMIN_ORDERS_H

#include "admin_request.h"

/* VERB is resolve, ignore or retry; ID names the conflict, NULL: the body's filter says which ones. */
void admin_order(struct admin_request *request, const char *id, const char *verb);
bool admin_verb_is_known(const char *verb);
/* An errand was refused, answered by an error, or its answer was lost. */
void admin_fail_by_reply(struct admin_request *request, enum errand_end end, struct slice reply);

#endif
