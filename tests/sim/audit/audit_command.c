/* Commands: what a store is sent for a client must be what the client asked for. Some commands take another form: times to live become deadlines,
 * SETs that follow each other become one MSET, and FLUSHALL becomes one FLUSHDB for each database. */
#include <string.h>
#include <strings.h>

#include "audit_parts.h"

bool audit_is_word(struct slice argument, const char *word)
{
	return argument.len == strlen(word) && strncasecmp(argument.ptr, word, argument.len) == 0;
}

static bool is_same_word(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool is_same_command(const struct client_command *asked, const struct sim_executed *executed)
{
	if (asked->argc != executed->argc || !is_same_word(asked->argv[0], executed->argv[0]))
		return false;
	for (unsigned i = 1; i < asked->argc; i++)
		if (!slice_equal(asked->argv[i], executed->argv[i]))
			return false;
	return true;
}

static uint64_t number_of(struct slice text)
{
	int64_t number = 0;

	return slice_to_int64(text, &number) ? (uint64_t)number : 0;
}

/* The deadline that a SET with a time to live means. 0: it has none, or gives a deadline itself. */
static uint64_t moment_of(const struct client_request *request, const struct client_command *asked)
{
	if (audit_is_word(asked->argv[0], "setex"))
		return request->asked_ms + 1000 * number_of(asked->argv[2]);
	if (audit_is_word(asked->argv[0], "psetex"))
		return request->asked_ms + number_of(asked->argv[2]);
	for (unsigned i = 3; i + 1 < asked->argc && audit_is_word(asked->argv[0], "set"); i++) {
		if (audit_is_word(asked->argv[i], "ex"))
			return request->asked_ms + 1000 * number_of(asked->argv[i + 1]);
		if (audit_is_word(asked->argv[i], "px"))
			return request->asked_ms + number_of(asked->argv[i + 1]);
		if (audit_is_word(asked->argv[i], "exat"))
			return 1000 * number_of(asked->argv[i + 1]);
	}
	return 0;
}

static bool has_option(const struct client_command *asked, struct slice option)
{
	for (unsigned i = 3; i < asked->argc; i++)
		if (is_same_word(asked->argv[i], option))
			return true;
	return false;
}

/* Is the executed SET k v … PXAT m … the same as SET k v … EX n … or SETEX k n v? The other options may stand in another order. */
static bool is_set_until(const struct client_request *request, const struct client_command *asked, const struct sim_executed *executed)
{
	bool is_set = audit_is_word(asked->argv[0], "set");
	uint64_t moment = moment_of(request, asked), told = 0;

	if (moment == 0 || executed->argc != asked->argc + !is_set || !audit_is_word(executed->argv[0], "set") ||
	    !slice_equal(executed->argv[1], asked->argv[1]) || !slice_equal(executed->argv[2], asked->argv[is_set ? 2 : 3]))
		return false;
	for (unsigned i = 3; i < executed->argc; i++) {
		if (audit_is_word(executed->argv[i], "pxat") && i + 1 < executed->argc)
			told = number_of(executed->argv[++i]);
		else if (!is_set || !has_option(asked, executed->argv[i]))
			return false;
	}
	return told == moment;
}

static bool is_chosen(struct slice id)
{
	return id.len > 0 && id.ptr[id.len - 1] == '*' && (id.len == 1 || id.ptr[id.len - 2] == '-');
}

/* Is it the XADD, with an id where it leaves that to us? It may be in the hands of a script: key, five words, the rest. */
static bool is_add(const struct client_command *asked, const struct sim_executed *executed)
{
	bool is_script = audit_is_word(executed->argv[0], "eval");
	unsigned key = is_script ? 3 : 1, rest = is_script ? 9 : 2;

	if (!audit_is_word(asked->argv[0], "xadd") || (!is_script && !audit_is_word(executed->argv[0], "xadd")) || executed->argc + 2 != asked->argc + rest ||
	    !slice_equal(asked->argv[1], executed->argv[key]))
		return false;
	for (unsigned i = 2; i < asked->argc; i++)
		if (!slice_equal(asked->argv[i], executed->argv[i - 2 + rest]) && !is_chosen(asked->argv[i]))
			return false;
	return true;
}

/* A command of a consumer group is in the hands of a script: key, command. */
static bool is_of_group(const struct client_command *asked, const struct sim_executed *executed)
{
	if (!audit_is_word(executed->argv[0], "eval") || executed->argc != asked->argc + 4 || !slice_equal(executed->argv[2], SLICE("1")))
		return false;
	for (unsigned i = 0; i < asked->argc; i++)
		if (!slice_equal(asked->argv[i], executed->argv[4 + i]))
			return false;
	return true;
}

static bool is_asked(const struct client_request *request, const struct client_command *asked, const struct sim_executed *executed)
{
	if (audit_is_word(asked->argv[0], "flushall"))
		return audit_is_word(executed->argv[0], "flushdb");
	return request->db == executed->db && (is_add(asked, executed) || is_of_group(asked, executed) || is_same_command(asked, executed) || is_set_until(request, asked, executed));
}

/* Is a pair of an MSET the same as a client's SET? */
static bool is_pair(const struct client_request *request, const struct client_command *asked, const struct sim_executed *executed, unsigned at)
{
	return request->db == executed->db && asked->argc == 3 && audit_is_word(asked->argv[0], "set") && audit_is_word(executed->argv[0], "mset") && at + 1 < executed->argc &&
	       slice_equal(asked->argv[1], executed->argv[at]) && slice_equal(asked->argv[2], executed->argv[at + 1]);
}

unsigned audit_command(struct auditor *auditor, unsigned dc, const struct sim_executed *executed)
{
	const struct lane_group *group = auditor->dcs[dc].group;
	unsigned answered = 0, at = 1;

	for (unsigned i = 0; i < group->slot_count; i++)
		answered += group->slots[i].reply == executed->index;
	for (unsigned i = 0; i < group->slot_count; i++) {
		const struct lane_slot *slot = &group->slots[i];
		const struct client_request *request;
		const struct client_command *asked;

		if (slot->reply != executed->index)
			continue;
		request = requests_find(auditor->options.requests, slot->token);
		asked = &request->commands[slot->command];
		if (!(answered > 1 ? is_pair(request, asked, executed, at) : is_asked(request, asked, executed)))
			auditor_find(auditor, "dc %u: request %llu is not what the store is told: %.*s", dc, (unsigned long long)slot->token,
			             (int)executed->argv[0].len, executed->argv[0].ptr);
		at += 2;
	}
	if (answered > 1 && executed->argc != 1 + 2 * answered)
		auditor_find(auditor, "dc %u: a reply is given to %u clients, but is not that of an MSET of as many", dc, answered);
	return answered;
}
