/* Transaction: the commands that a client has queued since MULTI. */
#ifndef PROXY_TRANSACTION_H
#define PROXY_TRANSACTION_H

#include "proxy/core/commands/command.h"

struct transaction;

struct transaction_list {
	struct slice *argv;          /* owned, as are the two below */
	struct request *commands;
	const struct command **rows;
	uint32_t count;
};

struct transaction *transaction_new(void);
void transaction_free(struct transaction *transaction);  /* NULL is fine */
uint32_t transaction_count(const struct transaction *transaction);
size_t transaction_bytes(const struct transaction *transaction);
/* IS_MIXED: the command is the sidecar's own, or its reply is adapted. */
void transaction_add(struct transaction *transaction, const struct command *row, const struct request *request, bool is_mixed);
bool transaction_is_mixed(const struct transaction *transaction);
/* What is queued, as long as nothing is added. */
const struct transaction_list *transaction_list(struct transaction *transaction);

#endif
