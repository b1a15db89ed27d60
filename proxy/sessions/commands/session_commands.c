/* Session commands (see session_commands.h): exactly those of class SESSION in command.def. They cannot be passed on: asked through the shared
 * connections, the store would speak of the sidecar's own connection. */
#include "session_commands.h"

#include "client_commands.h"
#include "client_kill.h"
#include "client_list.h"
#include "conflicts_commands.h"
#include "connection_commands.h"
#include "homeport_commands.h"
#include "homes_commands.h"
#include "login_commands.h"
#include "token_commands.h"
#include "tracking_commands.h"
#include "transaction_commands.h"
#include "versions_commands.h"

#include <assert.h>
#include <string.h>

static const struct session_command session_commands[] = {
	{ "acl|whoami", session_whoami, false, false },
	{ "auth", session_auth, false, true },
	{ "client|caching", session_client_caching, false, false },
	{ "client|capa", session_client_unknown, false, false },
	{ "client|getname", session_client_getname, false, false },
	{ "client|getredir", session_client_getredir, false, false },
	{ "client|id", session_client_id, false, false },
	{ "client|import-source", session_client_unknown, false, false },
	{ "client|info", session_client_info, false, false },
	{ "client|kill", session_client_kill, false, false },
	{ "client|list", session_client_list, false, false },
	{ "client|maint_notifications", session_client_unknown, false, false },
	{ "client|no-evict", session_client_flag, false, false },
	{ "client|no-touch", session_client_flag, false, false },
	{ "client|pause", session_client_pause, false, false },
	{ "client|reply", session_client_reply, false, false },
	{ "client|setinfo", session_client_setinfo, false, false },
	{ "client|setname", session_client_setname, false, false },
	{ "client|tracking", session_client_tracking, false, false },
	{ "client|trackinginfo", session_client_trackinginfo, false, false },
	{ "client|unblock", session_client_unblock, false, false },
	{ "client|unpause", session_client_unpause, false, false },
	{ "discard", session_discard, true, false },
	{ "exec", session_exec, true, false },
	{ "hello", session_hello, false, true },
	{ "homeport|conflict", session_homeport_conflict, false, false },
	{ "homeport|conflicts", session_homeport_conflicts, false, false },
	{ "homeport|del", session_homeport_del, false, false },
	{ "homeport|explain", session_homeport_explain, false, false },
	{ "homeport|forward", session_homeport_forward, false, false },
	{ "homeport|get", session_homeport_get, false, false },
	{ "homeport|help", session_homeport_help, false, false },
	{ "homeport|home", session_homeport_home, false, false },
	{ "homeport|homes", session_homeport_homes, false, false },
	{ "homeport|ignore", session_homeport_ignore, false, false },
	{ "homeport|peer", session_homeport_peer, false, false },
	{ "homeport|rehome", session_homeport_rehome, false, false },
	{ "homeport|resolve", session_homeport_resolve, false, false },
	{ "homeport|retry", session_homeport_retry, false, false },
	{ "homeport|session", session_homeport_session, false, false },
	{ "homeport|set", session_homeport_set, false, false },
	{ "homeport|status", session_homeport_status, false, false },
	{ "homeport|token", session_homeport_token, false, false },
	{ "homeport|tracking", session_homeport_tracking, false, false },
	{ "homeport|waitfor", session_homeport_waitfor, false, false },
	{ "monitor", session_monitor, false, false },
	{ "multi", session_multi, true, false },
	{ "quit", session_quit, true, true },
	{ "reset", session_reset, true, true },
	{ "select", session_select, false, false },
	{ "unwatch", session_unwatch_all, false, false },
	{ "watch", session_watch, true, false },
};

#define SESSION_COMMANDS (sizeof(session_commands) / sizeof(session_commands[0]))

static const struct session_command *session_command_find(const char *name)
{
	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		if (strcmp(session_commands[i].name, name) == 0)
			return &session_commands[i];
	}
	return NULL;
}

const struct session_command **session_commands_new(void)
{
	const struct session_command **commands = memory_new(command_count() * sizeof(*commands));
	for (unsigned i = 0; i < command_count(); i++) {
		const struct command *row = command_at(i);
		commands[i] = session_command_find(row->name);
		assert((row->class == COMMAND_SESSION) == (commands[i] != NULL));
	}
	return commands;
}
