/* HOMEPORT STATUS and HELP (see homeport_commands.h). */
#include "homeport_commands.h"

#include "proxy/sessions/session_info.h"
#include "proxy/sessions/session_reply.h"

#include <ctype.h>
#include <string.h>

void session_homeport_status(struct session *session, const struct request *request)
{
	(void)request;
	struct buffer text = { 0 };
	session_info_add_section(session->sessions, &text);
	resp_add_bulk(session_reply_begin(session), buffer_slice(&text));
	buffer_free(&text);
	session_reply_built(session);
}

/* Two lines for ROW. Its note in the command table is "arguments: prose", or prose alone. */
static void help_add(struct buffer *reply, const struct command *row)
{
	const char *prose = strstr(row->note, ": ");
	bool has_arguments = row->arity != 2 && prose != NULL;
	struct buffer line = { 0 };
	for (const char *c = row->name + strlen("homeport|"); *c != '\0'; c++)
		buffer_add_byte(&line, (char)toupper((unsigned char)*c));
	if (has_arguments) {
		buffer_add_byte(&line, ' ');
		buffer_add(&line, (struct slice){ row->note, (size_t)(prose - row->note) });
	}
	buffer_add_byte(&line, '\0');
	resp_add_status(reply, line.ptr);
	buffer_reset(&line);
	buffer_add_text(&line, "    ");
	buffer_add_text(&line, has_arguments ? prose + 2 : row->note);
	line.ptr[4] = (char)toupper((unsigned char)line.ptr[4]);
	buffer_add_text(&line, ".");
	buffer_add_byte(&line, '\0');
	resp_add_status(reply, line.ptr);
	buffer_free(&line);
}

void session_homeport_help(struct session *session, const struct request *request)
{
	struct buffer *reply = session_reply_begin(session), lines = { 0 };
	uint64_t count = 1;
	(void)request;
	for (unsigned i = 0; i < command_count(); i++) {
		if (strncmp(command_at(i)->name, "homeport|", strlen("homeport|")) != 0)
			continue;
		help_add(&lines, command_at(i));
		count += 2;
	}
	resp_add_array(reply, count);
	resp_add_status(reply, "HOMEPORT <subcommand>. Subcommands are:");
	buffer_add(reply, buffer_slice(&lines));
	buffer_free(&lines);
	session_reply_built(session);
}
