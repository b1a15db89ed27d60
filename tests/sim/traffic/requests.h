/* Requests: every request of a client, and its state. A request's token is its index + 1. */
#ifndef SIM_REQUESTS_H
#define SIM_REQUESTS_H

#include "base/bytes.h"
#include "audit_rule.h"

#define REQUEST_COMMANDS_MAX 6
#define REQUEST_ARGUMENTS_MAX 10

enum request_state { REQUEST_SENT, REQUEST_ANSWERED, REQUEST_REFUSED, REQUEST_LOST };

struct client_command {
	struct slice argv[REQUEST_ARGUMENTS_MAX];    /* in the pool */
	unsigned argc;
	unsigned operation;          /* which of the generator's, for the coverage report */
	enum audit_rule rule;        /* of its keys, for the coverage report */
};

/* The subcommands of HOMEPORT, by which a client deals with versions itself. */
enum ask_verb { VERB_GET, VERB_SET, VERB_DELETE, VERB_EXPLAIN, VERB_RESOLVE, VERB_RETRY, VERB_TOKEN, VERB_WAIT, VERB_REHOME };
/* What a client chooses when it resolves a conflict: the visible version, the version that VALUE names, VALUE itself, a removal, or what the rule
 * named VALUE would choose. */
enum ask_choice { PICK_WINNER, PICK_SIDE, PICK_VALUE, PICK_REMOVAL, PICK_RULE };

/* Texts are in the pool. */
struct client_ask {
	enum ask_verb verb;
	uint32_t key, element, value, context, id;       /* CONTEXT: of VERB_WAIT a session token */
	uint32_t reply, given;       /* the answer, and the context, or session token, in it */
	bool is_field;
	enum ask_choice choice;
};

struct client_request {
	uint64_t token;
	unsigned dc;
	uint64_t asked_ms;           /* by the clock of its DC */
	uint32_t db;
	unsigned protocol;
	bool is_transaction;
	bool is_guarded;             /* a transaction of a client that watched keys */
	struct client_command commands[REQUEST_COMMANDS_MAX];
	unsigned count;
	bool is_ask;                 /* ASK says what is asked; the one command only says how to count it */
	struct client_ask ask;
	enum request_state state;
	bool is_away;                /* it is on its way to another datacenter */
	bool is_under_way;           /* a group with it was sent to the store */
	bool is_forwarded;           /* by another datacenter, which takes this one for the user's home, since this epoch: */
	uint64_t forwarded_epoch;
	unsigned hops;               /* how often it went elsewhere */
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
