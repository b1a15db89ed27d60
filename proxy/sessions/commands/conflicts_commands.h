/* HOMEPORT CONFLICTS, CONFLICT, RESOLVE, IGNORE and RETRY. Private to this room. */
#ifndef PROXY_CONFLICTS_COMMANDS_H
#define PROXY_CONFLICTS_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_homeport_conflicts, session_homeport_conflict, session_homeport_resolve, session_homeport_ignore,
	session_homeport_retry;

#endif
