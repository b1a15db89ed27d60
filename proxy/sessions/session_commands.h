/* Session commands: what is answered or steered by the session itself, file by file; session_commands.c is the table.
 * Nobody but session*.c and pinned.c includes this. */
#ifndef PROXY_SESSION_COMMANDS_H
#define PROXY_SESSION_COMMANDS_H

#include "session_parts.h"

typedef void session_handler(struct session *session, const struct request *request);

/* A row of session_commands.c: how one command of class SESSION is answered. */
struct session_command {
	const char *name;
	session_handler *handle;
	bool is_immediate;           /* not queued by MULTI */
	bool is_for_strangers;       /* allowed before AUTH */
};

/* ---- session_commands.c ---- */

/* How a command is answered here; NULL: it is not. */
const struct session_command *session_command_of(const struct session *session, const struct command *row);
/* Fills sessions->commands. */
void sessions_find_commands(struct sessions *sessions);

/* ---- session_transaction.c ---- */

session_handler session_multi, session_exec, session_discard, session_watch, session_unwatch;
void session_queue(struct session *session, const struct command *row, const struct request *request);
/* A request was refused inside MULTI: EXEC will be, too. */
void session_spoil(struct session *session);
void session_leave_transaction(struct session *session);
/* Commands gathered by MULTI so far; -1 outside. */
int64_t session_queued(const struct session *session);

/* ---- session_login.c ---- */

session_handler session_auth, session_hello;
void session_drop_login(struct session *session);
/* Asks again whether strangers are let in. */
void sessions_probe(struct sessions *sessions);
void sessions_start_probing(struct sessions *sessions);
void sessions_stop_probing(struct sessions *sessions);
bool session_name_is_good(struct slice name);

/* ---- session_client.c, session_client_kill.c, session_client_list.c ---- */

session_handler session_client_getname, session_client_setname, session_client_id, session_client_setinfo, session_client_reply,
	session_client_flag, session_client_tracking, session_client_trackinginfo, session_client_getredir, session_client_caching,
	session_client_capa, session_client_help, session_client_unblock, session_client_unknown;
session_handler session_client_kill;
session_handler session_client_list, session_client_info;
struct client_types { bool normal, pubsub; };
/* False: an error was answered. */
bool client_types_read(struct client_types *types, struct session *session, struct slice name);
bool client_types_have(const struct client_types *types, const struct client *client);

/* ---- session_control.c ---- */

session_handler session_select, session_quit, session_reset, session_whoami;

/* ---- session_versions.c, session_conflicts.c ---- */

session_handler session_homeport_get, session_homeport_set, session_homeport_del, session_homeport_explain;
session_handler session_homeport_conflicts, session_homeport_conflict, session_homeport_resolve, session_homeport_ignore,
	session_homeport_retry;
/* Gives EVENT to the core, who asks being filled in; the client waits for the answer. */
void session_ask(struct session *session, struct event *event);
/* "user@address:port", for records. */
void session_add_by(const struct session *session, struct buffer *by);

/* ---- session_homeport.c ---- */

session_handler session_homeport_status, session_homeport_help;
/* Does this INFO ask for our section, too? */
bool session_info_is_ours(const struct request *request);
/* INFO's answer as clients see it, in sessions->reply. */
struct slice session_adapt_info(struct sessions *sessions, struct slice reply, bool with_our_section);

#endif
