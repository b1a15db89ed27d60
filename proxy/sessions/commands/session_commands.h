/* Session commands: the table of the commands that the sidecar answers itself. Each family of them has a file of its own beside this one. */
#ifndef PROXY_SESSION_COMMANDS_H
#define PROXY_SESSION_COMMANDS_H

#include "proxy/sessions/session_command.h"

/* Indexed as command.def is; NULL: that command is not of class SESSION. Owned by the caller. */
const struct session_command **session_commands_new(void);

#endif
