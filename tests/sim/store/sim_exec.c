/* A transaction at the simulated store: parse MULTI … EXEC strictly, run its commands, keep their replies. */
#include "sim_command.h"

#include <stdlib.h>
#include <string.h>

#include "sim_store_state.h"

#define ARGUMENTS_MAX 65536

static bool read_number(struct slice *input, char sign, long *number)
{
	char *end;

	if (input->len < 4 || input->ptr[0] != sign)
		return false;
	*number = strtol(input->ptr + 1, &end, 10);
	if (*number < 0 || end == input->ptr + 1 || end + 2 > input->ptr + input->len || end[0] != '\r' || end[1] != '\n')
		return false;
	input->len -= (size_t)(end + 2 - input->ptr);
	input->ptr = end + 2;
	return true;
}

/* Takes the next command off INPUT. */
static bool read_command(struct slice *input, struct slice *argv, unsigned *argc)
{
	long count, len;

	if (!read_number(input, '*', &count) || count < 1 || count > ARGUMENTS_MAX)
		return false;
	for (long i = 0; i < count; i++) {
		if (!read_number(input, '$', &len) || (size_t)len + 2 > input->len || memcmp(input->ptr + len, "\r\n", 2) != 0)
			return false;
		argv[i] = (struct slice){ input->ptr, (size_t)len };
		input->ptr += len + 2;
		input->len -= (size_t)len + 2;
	}
	*argc = (unsigned)count;
	return true;
}

static void replies_end(struct sim_replies *replies)
{
	replies->ends = array_grow(replies->ends, replies->count, &replies->cap, sizeof(*replies->ends));
	replies->ends[replies->count++] = replies->bytes.len;
}

void sim_replies_reset(struct sim_replies *replies)
{
	replies->count = 0;
	replies->bytes.len = 0;
}

void sim_replies_free(struct sim_replies *replies)
{
	buffer_free(&replies->bytes);
	free(replies->ends);
	*replies = (struct sim_replies){ .count = 0 };
}

struct slice sim_replies_at(const struct sim_replies *replies, unsigned index)
{
	size_t start = index == 0 ? 0 : replies->ends[index - 1];

	return (struct slice){ replies->bytes.ptr + start, replies->ends[index] - start };
}

static void run_command(struct sim_call *call, struct sim_replies *replies)
{
	const struct sim_command *command = sim_command_find(call->argv[0]);
	struct sim_executed executed = { .db = call->db, .index = replies->count, .argc = call->argc, .argv = call->argv };

	if (command == NULL)
		reply_error(call, "ERR unknown command");
	else if (call->argc < command->argc_min)
		reply_error(call, "ERR wrong number of arguments");
	else
		command->run(call);
	replies_end(replies);
	if (call->store->is_replaying)
		return;
	executed.is_write = command != NULL && command->is_write;
	executed.reply = sim_replies_at(replies, executed.index);
	call->store->observer.executed(call->store->observer.context, &executed);
}

/* Runs what BYTES hold, with room for one command's arguments in ARGV. */
static const char *run_all(struct sim_call *call, struct slice *argv, struct slice bytes, struct sim_replies *replies)
{
	if (!read_command(&bytes, argv, &call->argc) || call->argc != 1 || !argument_is(argv[0], "multi"))
		return "the group does not begin with MULTI";
	for (;;) {
		if (!read_command(&bytes, argv, &call->argc))
			return "the group is not well-formed RESP";
		if (call->argc == 1 && argument_is(argv[0], "exec"))
			break;
		if (sim_command_find(argv[0]) == NULL)
			return "the group has a command that the simulated store does not know";
		if (call->db == UINT32_MAX && !argument_is(argv[0], "select"))
			return "the group runs a command before it has selected a database";
		call->luck = call->store->seed ^ (call->store->journal_count * UINT64_C(0x9e3779b97f4a7c15)) ^ replies->count;
		run_command(call, replies);
	}
	if (bytes.len != 0)
		return "the group goes on after EXEC";
	return call->db == SIM_RESERVED_DB ? NULL : "the group does not end on the reserved database";
}

const char *store_run(struct sim_store *store, struct slice bytes, unsigned protocol, uint64_t now_ms, struct sim_replies *replies)
{
	/* A record of many conflicts in one command has many arguments. */
	struct slice *argv = malloc(ARGUMENTS_MAX * sizeof(*argv));
	struct sim_call call = { .store = store, .db = UINT32_MAX, .argv = argv, .protocol = protocol, .now_ms = now_ms, .out = &replies->bytes };
	const char *wrong;

	if (argv == NULL)
		abort();
	sim_replies_reset(replies);
	wrong = run_all(&call, argv, bytes, replies);
	free(argv);
	return wrong;
}

