/* Transaction (see transaction.h). The bytes that a client sent are only good while it is being read from, so queued commands are copied, once. */
#include "transaction.h"

struct span {
	size_t at, len;              /* in bytes of the transaction */
};

struct queued {
	const struct command *row;
	struct span raw;             /* empty: it was an inline command */
	uint32_t argv_at, argc;      /* in spans of the transaction */
};

struct transaction {
	struct buffer bytes;
	struct span *spans;          /* owned, as are the commands */
	uint32_t span_count, span_cap;
	struct queued *commands;
	uint32_t count, cap;
	bool is_mixed;               /* not all of it is the store's, or its replies are adapted */
	struct transaction_list list; /* made when it is asked for */
};

struct transaction *transaction_new(void)
{
	return memory_new(sizeof(struct transaction));
}

void transaction_free(struct transaction *transaction)
{
	if (transaction == NULL)
		return;
	buffer_free(&transaction->bytes);
	memory_free(transaction->spans);
	memory_free(transaction->commands);
	memory_free(transaction->list.argv);
	memory_free(transaction->list.commands);
	memory_free(transaction->list.rows);
	memory_free(transaction);
}

uint32_t transaction_count(const struct transaction *transaction)
{
	return transaction->count;
}

size_t transaction_bytes(const struct transaction *transaction)
{
	return transaction->bytes.len;
}

bool transaction_is_mixed(const struct transaction *transaction)
{
	return transaction->is_mixed;
}

static struct span transaction_copy(struct transaction *transaction, struct slice bytes)
{
	struct span span = { transaction->bytes.len, bytes.len };
	buffer_add(&transaction->bytes, bytes);
	return span;
}

static void transaction_add_span(struct transaction *transaction, struct span span)
{
	if (transaction->span_count == transaction->span_cap) {
		transaction->span_cap = transaction->span_cap == 0 ? 32 : transaction->span_cap * 2;
		transaction->spans = memory_resize(transaction->spans, transaction->span_cap * sizeof(*transaction->spans));
	}
	transaction->spans[transaction->span_count++] = span;
}

/* The arguments of a command lie within its raw bytes, which are copied. Those of an inline command, which has no raw bytes, are copied one by
 * one. */
void transaction_add(struct transaction *transaction, const struct command *row, const struct request *request, bool is_mixed)
{
	transaction->is_mixed |= is_mixed;
	transaction->commands = array_reserve(transaction->commands, transaction->count, &transaction->cap, sizeof(*transaction->commands));
	struct queued *queued = &transaction->commands[transaction->count++];
	*queued = (struct queued){ .row = row, .argv_at = transaction->span_count, .argc = request->argc };
	queued->raw = transaction_copy(transaction, request->raw);
	for (uint32_t i = 0; i < request->argc; i++) {
		struct slice argument = request->argv[i];
		struct span span = { queued->raw.at, argument.len };
		if (request->raw.len > 0)
			span.at += (size_t)(argument.ptr - request->raw.ptr);
		else
			span = transaction_copy(transaction, argument);
		transaction_add_span(transaction, span);
	}
}

static struct slice span_slice(const struct transaction *transaction, struct span span)
{
	return (struct slice){ transaction->bytes.ptr + span.at, span.len };
}

const struct transaction_list *transaction_list(struct transaction *transaction)
{
	struct transaction_list *list = &transaction->list;
	if (list->commands != NULL)
		return list;
	list->count = transaction->count;
	list->argv = memory_new(transaction->span_count * sizeof(*list->argv));
	list->commands = memory_new(list->count * sizeof(*list->commands));
	list->rows = memory_new(list->count * sizeof(*list->rows));
	for (uint32_t i = 0; i < transaction->span_count; i++)
		list->argv[i] = span_slice(transaction, transaction->spans[i]);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct queued *queued = &transaction->commands[i];
		list->commands[i] = (struct request){ span_slice(transaction, queued->raw), list->argv + queued->argv_at, queued->argc };
		list->rows[i] = queued->row;
	}
	return list;
}
