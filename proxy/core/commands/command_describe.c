/* docs/commands.md, made from the command table: the page cannot say anything that the code does not do. */
#include "command.h"

static const char intro[] =
	"<!-- Made by homeportd --describe-commands: do not edit. -->\n# Commands\n\n"
	"What homeportd does with every command of Redis (up to 8) and of Valkey (up to 9). A command that the server\n"
	"does not have gets the server's own error; one that the server has and this page has not is refused.\n\n";

static const struct { enum command_class class; const char *title, *text; } sections[] = {
	{ COMMAND_WRITE, "Replicated", "Executed here, and shipped to every other datacenter as said in the second column. The last column says which of them Redis "
	                             "still takes when it is at its `maxmemory`; the others are answered with its `-OOM`." },
	{ COMMAND_READ, "Reads", "Sent to the local server as they are." },
	{ COMMAND_SESSION, "Sessions", "Answered or steered by homeportd itself, as the server would." },
	{ COMMAND_PINNED, "Pinned", "Get a connection to the server of their own." },
	{ COMMAND_SERVER, "The local server's", "Passed through to the local server; what they change stays there." },
	{ COMMAND_UNSUPPORTED, "Refused", "Refused with `-HOMEPORT unsupported command '…' (docs/commands.md)`: they would change data or topology unreplicated." },
};

static void add_cell(struct buffer *out, const char *text)
{
	buffer_add_text(out, text);
	buffer_add_text(out, " |");
}

/* "config|get" is what a user types as CONFIG GET. */
static void add_name(struct buffer *out, const char *name)
{
	buffer_add_text(out, "| `");
	for (; *name != '\0'; name++) {
		char c = *name == '|' ? ' ' : *name;
		buffer_add_byte(out, c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c);
	}
	buffer_add_text(out, "` | ");
}

static void add_row(struct buffer *out, const struct command *command)
{
	add_name(out, command->name);
	if (command->class == COMMAND_WRITE) {
		buffer_add_text(out, plan_prose(command->plan));
		if (command->note[0] != '\0')
			buffer_add_text(out, "; ");
	}
	add_cell(out, command->note);
	if (command->class == COMMAND_WRITE)
		add_cell(out, command->is_free ? " yes" : "");
	buffer_add_byte(out, '\n');
}

void command_describe(struct buffer *out)
{
	buffer_add_text(out, intro);
	for (unsigned s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
		buffer_add_text(out, s == 0 ? "## " : "\n## ");
		buffer_add_text(out, sections[s].title);
		buffer_add_text(out, "\n\n");
		buffer_add_text(out, sections[s].text);
		buffer_add_text(out, sections[s].class == COMMAND_WRITE ? "\n\n| command | shipped | when Redis is full |\n|---|---|---|\n" : "\n\n| command | note |\n|---|---|\n");
		for (unsigned i = 0; i < command_count(); i++)
			if (command_at(i)->class == sections[s].class && !command_at(i)->is_container)
				add_row(out, command_at(i));
	}
}
