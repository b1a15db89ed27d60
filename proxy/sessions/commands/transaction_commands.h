/* MULTI, EXEC, DISCARD, WATCH and UNWATCH. Private to this room. */
#ifndef PROXY_TRANSACTION_COMMANDS_H
#define PROXY_TRANSACTION_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_multi, session_exec, session_discard, session_watch, session_unwatch_all;

#endif
