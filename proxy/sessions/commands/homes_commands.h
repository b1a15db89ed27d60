/* HOMEPORT HOME, HOMES, REHOME, TRACKING: where users live, for clients; FORWARD, PEER: what other sidecars send. Private to this room. */
#ifndef PROXY_HOMES_COMMANDS_H
#define PROXY_HOMES_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_homeport_home, session_homeport_homes, session_homeport_rehome, session_homeport_forward, session_homeport_peer,
	session_homeport_tracking;

#endif
