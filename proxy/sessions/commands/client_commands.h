/* CLIENT, but for LIST, INFO and KILL: what a client says about itself. Private to this room. */
#ifndef PROXY_CLIENT_COMMANDS_H
#define PROXY_CLIENT_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_client_getname, session_client_setname, session_client_id, session_client_setinfo, session_client_reply,
	session_client_flag, session_client_pause, session_client_unpause, session_client_unblock, session_client_unknown;

#endif
