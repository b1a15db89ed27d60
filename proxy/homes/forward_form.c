/* Forward form (see forward_form.h). */
#include "forward_form.h"

#define HEAD_ARGUMENTS 7

static const char *const mode_words[] = { [FORWARD_ONE] = "ONE", [FORWARD_MULTI] = "MULTI", [FORWARD_REHOME] = "REHOME", [FORWARD_ISOLATE] = "ISOLATE", [FORWARD_TOKEN] = "TOKEN", [FORWARD_PING] = "PING" };

/* A command that did not come inline is there as RESP already: all that stands behind its count. */
static void command_add(struct buffer *out, const struct request *command)
{
	const char *end = command->raw.len > 0 ? memchr(command->raw.ptr, '\n', command->raw.len) : NULL;
	resp_add_bulk_int(out, command->argc);
	if (end != NULL) {
		buffer_add(out, (struct slice){ end + 1, command->raw.len - (size_t)(end + 1 - command->raw.ptr) });
		return;
	}
	for (uint32_t i = 0; i < command->argc; i++)
		resp_add_bulk(out, command->argv[i]);
}

uint64_t forward_add_commands(struct buffer *out, const struct request *commands, unsigned count)
{
	uint64_t arguments = 0;
	for (unsigned i = 0; i < count; i++) {
		command_add(out, &commands[i]);
		arguments += commands[i].argc + 1;
	}
	return arguments;
}

void forward_add(struct buffer *out, const struct forward_head *head, struct slice arguments, uint64_t argument_count)
{
	resp_add_array(out, HEAD_ARGUMENTS + argument_count);
	resp_add_bulk(out, SLICE("HOMEPORT"));
	resp_add_bulk(out, SLICE("FORWARD"));
	resp_add_bulk_int(out, (int64_t)head->tag);
	resp_add_bulk_int(out, head->db);
	resp_add_bulk_int(out, (int64_t)head->epoch);
	resp_add_bulk(out, slice_of(mode_words[head->mode]));
	resp_add_bulk(out, head->client);
	buffer_add(out, arguments);
}

/* ---- reading ---- */

static bool number_read(struct slice text, int64_t max, int64_t *number)
{
	return slice_to_int64(text, number) && *number >= 0 && *number <= max;
}

static bool head_read(const struct request *request, struct forward_head *head)
{
	int64_t tag, db, epoch;
	const struct slice *argv = request->argv;
	if (!number_read(argv[2], INT64_MAX, &tag))
		return false;
	head->tag = (uint64_t)tag;
	if (!number_read(argv[3], UINT32_MAX, &db) || !number_read(argv[4], INT64_MAX, &epoch))
		return false;
	head->db = (uint32_t)db;
	head->epoch = (uint64_t)epoch;
	head->client = argv[6];
	for (unsigned i = 0; i < sizeof(mode_words) / sizeof(*mode_words); i++) {
		if (!slice_equal(argv[5], slice_of(mode_words[i])))
			continue;
		head->mode = (enum forward_mode)i;
		return true;
	}
	return false;
}

/* How many commands there are, each a count and as many arguments; 0: it is none of that. */
static unsigned commands_count(const struct request *request)
{
	unsigned count = 0;
	int64_t argc;
	for (uint32_t at = HEAD_ARGUMENTS; at < request->argc; at += (uint32_t)argc + 1, count++) {
		if (!number_read(request->argv[at], request->argc - at - 1, &argc) || argc == 0)
			return 0;
	}
	return count;
}

/* Inside MULTI nothing blocks, and nothing needs a connection of its own. */
static bool can_be_forwarded(const struct command *row, enum forward_mode mode)
{
	bool is_in_multi = mode == FORWARD_MULTI && (row->class == COMMAND_SERVER || row->class == COMMAND_PINNED);
	return row->class == COMMAND_WRITE || row->class == COMMAND_READ || is_in_multi;
}

static bool commands_read(const struct request *request, struct forwarded *forwarded, const char **error)
{
	forwarded->count = commands_count(request);
	if (forwarded->count == 0 || (forwarded->head.mode == FORWARD_ONE && forwarded->count > 1)) {
		*error = "ERR a forwarded request holds no whole command";
		return false;
	}
	forwarded->commands = memory_new(forwarded->count * sizeof(*forwarded->commands));
	forwarded->rows = memory_new(forwarded->count * sizeof(*forwarded->rows));
	uint32_t at = HEAD_ARGUMENTS;
	for (unsigned i = 0; i < forwarded->count; i++) {
		int64_t argc;
		struct request *command = &forwarded->commands[i];
		bool is_number = slice_to_int64(request->argv[at], &argc);
		*command = (struct request){ .argv = request->argv + at + 1, .argc = is_number ? (uint32_t)argc : 0 };
		at += command->argc + 1;
		forwarded->rows[i] = command_find(command->argc, command->argv);
		if (forwarded->rows[i] == NULL || !can_be_forwarded(forwarded->rows[i], forwarded->head.mode) || !command_arity_ok(forwarded->rows[i], command->argc)) {
			*error = "HOMEPORT unsupported command: this datacenter does not take it from another one, see that all run the same version";
			return false;
		}
	}
	return true;
}

bool forward_read(const struct request *request, struct forwarded *forwarded, const char **error)
{
	*forwarded = (struct forwarded){ 0 };
	if (request->argc < HEAD_ARGUMENTS || !head_read(request, &forwarded->head)) {
		*error = "ERR this is no forwarded request";
		return false;
	}
	if (forwarded->head.mode == FORWARD_PING || forwarded->head.mode == FORWARD_TOKEN)
		return true;
	if (forwarded->head.mode != FORWARD_REHOME && forwarded->head.mode != FORWARD_ISOLATE)
		return commands_read(request, forwarded, error);
	forwarded->order = request->argv + HEAD_ARGUMENTS;
	*error = "ERR this is no forwarded order";
	return request->argc == HEAD_ARGUMENTS + FORWARD_ORDER_WORDS;
}

void forwarded_free(struct forwarded *forwarded)
{
	memory_free(forwarded->commands);
	memory_free(forwarded->rows);
}
