/* HOMEPORT GET, SET, DEL and EXPLAIN. Private to this room. */
#ifndef PROXY_VERSIONS_COMMANDS_H
#define PROXY_VERSIONS_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_homeport_get, session_homeport_set, session_homeport_del, session_homeport_explain;

#endif
