/* Session command: how a command of class SESSION is answered, by the sidecar itself and not by the store. The rows are in
 * proxy/sessions/commands/session_commands.c, a room above this one; main.c hands them to sessions_new. */
#ifndef PROXY_SESSION_COMMAND_H
#define PROXY_SESSION_COMMAND_H

#include "proxy/core/resp/resp.h"

struct session;

typedef void session_command_run(struct session *session, const struct request *request);

struct session_command {
	const char *name;            /* as in command.def */
	session_command_run *run;
	bool is_immediate;           /* MULTI does not queue it */
	bool is_for_strangers;       /* allowed before AUTH */
};

#endif
