/* The commands that the simulated store knows, by name. */
#include "sim_command.h"

static const struct sim_command commands[] = {
#define COMMAND(name, argc_min, is_write, is_growing, function) { #name, argc_min, is_write, is_growing, function },
#include "sim_command.def"
#undef COMMAND
};

const struct sim_command *sim_command_find(struct slice name)
{
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argument_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

bool sim_command_is_write(struct slice name)
{
	const struct sim_command *command = sim_command_find(name);

	return command != NULL && command->is_write;
}

bool sim_command_is_growing(struct slice name)
{
	const struct sim_command *command = sim_command_find(name);

	return command != NULL && command->is_growing;
}
