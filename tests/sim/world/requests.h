/* Requests: everything clients asked for, and what became of it. A request's number + 1 is its token. */
#ifndef SIM_REQUESTS_H
#define SIM_REQUESTS_H

#include "proxy/core/commands/command.h"
#include "proxy/core/vocabulary/event.h"
#include "tests/sim/audit/audit_rule.h"

#define REQUEST_COMMANDS_MAX 6
#define REQUEST_ARGUMENTS_MAX 8

enum request_state { REQUEST_SENT, REQUEST_ANSWERED, REQUEST_REFUSED, REQUEST_LOST };

struct client_command {
	struct slice argv[REQUEST_ARGUMENTS_MAX];    /* in the pool */
	unsigned argc;
	const struct command *row;
	unsigned operation;          /* the generator's, for coverage */
	enum audit_rule rule;        /* of its keys, likewise */
};

/* A client that deals with versions itself. Texts are in the pool. */
struct client_ask {
	enum ask ask;
	uint32_t key, element, value, context, id;
	uint32_t reply, given;       /* the answer, and the context in it */
	bool is_field;
	enum choice choice;
};

struct client_request {
	uint64_t token;
	unsigned dc;
	uint64_t asked_ms;           /* by the clock of its DC */
	uint32_t db;
	unsigned protocol;
	bool is_transaction;
	bool is_guarded;             /* … of a client that watched keys */
	struct client_command commands[REQUEST_COMMANDS_MAX];
	unsigned count;
	bool is_ask;                 /* ASK; then the one command only says what to count it as */
	struct client_ask ask;
	enum request_state state;
	bool is_durable;             /* all of its writes are in the log, or it has none */
};

struct requests {
	struct client_request *items;    /* owned */
	unsigned count, cap;
};

struct client_request *requests_add(struct requests *requests);
struct client_request *requests_find(const struct requests *requests, uint64_t token);
void requests_free(struct requests *requests);

#endif
