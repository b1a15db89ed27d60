/* AUTH and HELLO. Private to this room. */
#ifndef PROXY_LOGIN_COMMANDS_H
#define PROXY_LOGIN_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_auth, session_hello;

#endif
