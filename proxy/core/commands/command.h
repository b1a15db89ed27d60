/* Command: how we classify each command of Redis. The facts are in command.def, one row a
 * command; code, docs/commands.md and a test against a live server's COMMAND read the same rows. */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "base/bytes.h"
#include "plan.h"
#include "proxy/core/resp/resp.h"

enum command_class {
	COMMAND_READ,        /* goes to the local store as it is */
	COMMAND_WRITE,       /* replicated: its plan says how */
	COMMAND_SESSION,     /* answered or steered by the sidecar itself: MULTI, EXEC, WATCH, AUTH, HELLO, SELECT, CLIENT, … */
	COMMAND_PINNED,      /* needs connection state of its own in the store: SUBSCRIBE, MONITOR, … */
	COMMAND_SERVER,      /* administration and information of the local server, passed through: CONFIG, INFO, SLOWLOG, PUBLISH, … */
	COMMAND_UNSUPPORTED, /* would change data or topology unreplicated: refused */
};

struct command {
	const char *name;            /* lower case, "container|sub" for subcommands */
	int arity;                   /* as in Redis: negative means at least */
	enum command_class class;
	enum plan plan;              /* for COMMAND_WRITE */
	int first_key, last_key, key_step; /* as in Redis; 0 0 0: none */
	int numkeys_at;              /* the argument that counts the keys which follow it; 0: none */
	bool is_container;           /* of the "container|sub" rows */
	bool is_free;                /* a write that a full store takes, too: without the server's flag DENYOOM */
	bool is_blocking;            /* a pop that waits if there is nothing to pop, or a read that may. Inside a transaction the server answers at once, so the core knows no waiting */
	const char *note;            /* one line for docs/commands.md */
};

/* The row for this request, subcommand included; NULL when the name or the subcommand is unknown (the store words the error). */
const struct command *command_find(uint32_t argc, const struct slice *argv);
bool command_arity_ok(const struct command *command, uint32_t argc);
/* Calls VISIT for each key the request names by position (numkeys forms such as ZUNIONSTORE and ZDIFF included). */
bool command_group_keys(const struct request *request, uint32_t *first, uint32_t *count);     /* of XREADGROUP: behind STREAMS; false: the server will refuse it */
void command_keys(const struct command *command, const struct request *request,
                  void (*visit)(void *context, struct slice key), void *context);
/* Why a command that is passed to the server is refused in this form: an error line without '-', or NULL. */
const char *command_refusal(const struct command *command, const struct request *request);
/* Can a full store run it, from within a script? (Not a script itself.) */
bool command_runs_when_full(const struct command *command);
/* The key after STORE or STOREDIST in GEORADIUS and GEORADIUSBYMEMBER; false: the command only reads. */
MUST_CHECK bool command_store_key(const struct request *request, struct slice *key);
unsigned command_count(void);
const struct command *command_at(unsigned index);
/* docs/commands.md, made from the table (command_describe.c). */
void command_describe(struct buffer *out);

#endif
