/* HOMEPORT STATUS and HELP. Private to this room. */
#ifndef PROXY_HOMEPORT_COMMANDS_H
#define PROXY_HOMEPORT_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_homeport_status, session_homeport_help;

#endif
