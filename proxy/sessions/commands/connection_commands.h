/* SELECT, QUIT, RESET and ACL WHOAMI. Private to this room. */
#ifndef PROXY_CONNECTION_COMMANDS_H
#define PROXY_CONNECTION_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_select, session_quit, session_reset, session_whoami, session_monitor;

#endif
