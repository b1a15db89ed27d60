/* CLIENT LIST and INFO; and the types of clients that LIST and KILL take. Private to this room. */
#ifndef PROXY_CLIENT_LIST_H
#define PROXY_CLIENT_LIST_H

#include "proxy/sessions/session.h"

session_command_run session_client_list, session_client_info;

struct client_types {
	bool normal, pubsub;
};

/* False: an error was answered. */
bool client_types_read(struct client_types *types, struct session *session, struct slice name);
bool client_types_have(const struct client_types *types, const struct client *client);

#endif
