/* Command: finding a request's row in the table, and the keys it names (see command.h). */
#include "command.h"

#include <string.h>

#define NAME_LEN_MAX 40

static const struct command commands[] = {
#define CONTAINER(name, arity, note) \
	{ name, arity, COMMAND_SERVER, PLAN_NONE, 0, 0, 0, 0, true, false, false, note },
#define COMMAND(name, arity, class, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_##class, PLAN_NONE, first, last, step, numkeys_at, false, false, false, note },
#define WRITE(name, arity, plan, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_WRITE, PLAN_##plan, first, last, step, numkeys_at, false, false, false, note },
#define FREE(name, arity, plan, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_WRITE, PLAN_##plan, first, last, step, numkeys_at, false, true, false, note },
#define BLOCKING(name, arity, plan, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_WRITE, PLAN_##plan, first, last, step, numkeys_at, false, false, true, note },
#define BLOCKING_FREE(name, arity, plan, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_WRITE, PLAN_##plan, first, last, step, numkeys_at, false, true, true, note },
#define BLOCKING_READ(name, arity, class, first, last, step, numkeys_at, note) \
	{ name, arity, COMMAND_##class, PLAN_NONE, first, last, step, numkeys_at, false, false, true, note },
#include "command.def"
#undef CONTAINER
#undef COMMAND
#undef WRITE
#undef FREE
#undef BLOCKING
#undef BLOCKING_FREE
#undef BLOCKING_READ
};

#define COMMANDS ((unsigned)(sizeof(commands) / sizeof(commands[0])))

unsigned command_count(void)
{
	return COMMANDS;
}

const struct command *command_at(unsigned index)
{
	return index < COMMANDS ? &commands[index] : NULL;
}

/* Rows are in strcmp's order. */
static const struct command *row_find(const char *name)
{
	size_t low = 0, high = COMMANDS;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, commands[middle].name);
		if (order == 0)
			return &commands[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Adds WORD to NAME in lower case. False: no row is that long, or has such bytes. */
static bool name_add(char *name, size_t *len, struct slice word)
{
	if (word.len > NAME_LEN_MAX - *len)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];
		/* '|' joins our names, not the client's. */
		if (c == '\0' || c == '|')
			return false;
		name[*len + i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	*len += word.len;
	name[*len] = '\0';
	return true;
}

const struct command *command_find(uint32_t argc, const struct slice *argv)
{
	char name[NAME_LEN_MAX + 1];
	size_t len = 0;
	if (argc == 0 || !name_add(name, &len, argv[0]))
		return NULL;
	const struct command *command = row_find(name);
	if (command == NULL || !command->is_container || argc == 1)
		return command;
	if (len == NAME_LEN_MAX)
		return NULL;
	name[len++] = '|';
	return name_add(name, &len, argv[1]) ? row_find(name) : NULL;
}

bool command_arity_ok(const struct command *command, uint32_t argc)
{
	return command->arity >= 0 ? argc == (uint32_t)command->arity : argc >= (uint32_t)-command->arity;
}

bool command_runs_when_full(const struct command *command)
{
	if (command->class == COMMAND_WRITE)
		return command->is_free;
	/* EVAL_RO and the like count their keys there. What runs then is a script itself, which cannot run or load another. */
	return command->class == COMMAND_READ && command->numkeys_at != 2 && strncmp(command->name, "script|", strlen("script|")) != 0 &&
	       strncmp(command->name, "function|", strlen("function|")) != 0;
}

bool command_store_key(const struct request *request, struct slice *key)
{
	bool is_found = false;
	/* As Redis reads options: from the first one on, the last destination counts. */
	uint32_t first = request->argc > 0 && slice_equal_nocase(request->argv[0], SLICE("GEORADIUS")) ? 6 : 5;
	for (uint32_t i = first; i + 1 < request->argc; i++) {
		struct slice word = request->argv[i];
		if (slice_equal_nocase(word, SLICE("STORE")) || slice_equal_nocase(word, SLICE("STOREDIST"))) {
			*key = request->argv[++i];
			is_found = true;
		} else if (slice_equal_nocase(word, SLICE("COUNT"))) {
			i++;
		}
	}
	return is_found;
}

bool command_group_keys(const struct request *request, uint32_t *first, uint32_t *count)
{
	uint32_t i = 1;
	for (; i < request->argc && !slice_equal_nocase(request->argv[i], SLICE("STREAMS")); i++) {
		if (slice_equal_nocase(request->argv[i], SLICE("GROUP")))
			i += 2;
		else if (!slice_equal_nocase(request->argv[i], SLICE("NOACK")))
			i++;
	}
	*first = i + 1;
	*count = *first < request->argc ? (request->argc - *first) / 2 : 0;
	return *count > 0 && (request->argc - *first) % 2 == 0;
}

void command_keys(const struct command *command, const struct request *request,
                  void (*visit)(void *context, struct slice key), void *context)
{
	int64_t argc = request->argc;
	if (command->first_key > 0) {
		int64_t last = command->last_key < 0 ? argc + command->last_key : command->last_key;
		for (int64_t i = command->first_key; i <= last && i < argc; i += command->key_step)
			visit(context, request->argv[i]);
	}
	int64_t numkeys;
	if (command->numkeys_at > 0 && command->numkeys_at < argc &&
	    slice_to_int64(request->argv[command->numkeys_at], &numkeys)) {
		for (int64_t i = 1; i <= numkeys && command->numkeys_at + i < argc; i++)
			visit(context, request->argv[command->numkeys_at + i]);
	}
	struct slice key;
	uint32_t first, count;
	if (command->plan == PLAN_GROUP_READ && command_group_keys(request, &first, &count))
		for (uint32_t i = 0; i < count; i++)
			visit(context, request->argv[first + i]);
	if (command->plan == PLAN_GEORADIUS && command_store_key(request, &key))
		visit(context, key);
}

/* DEBUG's subcommands have no rows: to Redis it is one command. */
static bool debug_changes_data(const struct request *request)
{
	static const char *const words[] = { "LOADAOF", "POPULATE", "REPLICATE", "SET-SKIP-CHECKSUM-VALIDATION" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal_nocase(request->argv[1], slice_of(words[i])))
			return true;
	/* RELOAD alone gives the same data back. */
	return slice_equal_nocase(request->argv[1], SLICE("RELOAD")) && request->argc > 2;
}

const char *command_refusal(const struct command *command, const struct request *request)
{
	if (command->class != COMMAND_SERVER || strcmp(command->name, "debug") != 0)
		return NULL;
	if (debug_changes_data(request))
		return "HOMEPORT unsupported DEBUG subcommand (docs/commands.md): it would change data unreplicated";
	/* A push is no answer, and would be handed to whoever shares the connection. */
	if (slice_equal_nocase(request->argv[1], SLICE("PROTOCOL")) && request->argc == 3 && slice_equal_nocase(request->argv[2], SLICE("push")))
		return "HOMEPORT unsupported DEBUG PROTOCOL push (docs/commands.md): pushes come from subscriptions and tracking only";
	return NULL;
}
