/* CLIENT KILL. Private to this room. */
#ifndef PROXY_CLIENT_KILL_H
#define PROXY_CLIENT_KILL_H

#include "proxy/sessions/session.h"

session_command_run session_client_kill;

#endif
