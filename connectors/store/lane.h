/* Lane: one connection to the store, an ordered pipe of single commands and groups. Answers come in the order of sending.
 * A gate can hold back what was queued from some byte on, until groups of another lane are answered. */
#ifndef CONNECTORS_LANE_H
#define CONNECTORS_LANE_H

#include "base/bytes.h"

struct event_base;
struct lane;

#define LANE_NO_GATE UINT64_MAX

/* None of these may free the lane. */
struct lane_handlers {
	void *context;
	void (*connected)(void *context, struct lane *lane);
	void (*closed)(void *context, struct lane *lane, const char *why);   /* once; WHY is borrowed for the call */
	void (*reply)(void *context, uint64_t tag, struct slice reply);      /* to lane_read */
	void (*pushed)(void *context, struct slice reply);                   /* what nobody asked for: messages of subscriptions */
	void (*answered)(void *context, struct lane *lane, uint64_t id, const struct slice *replies, unsigned count, struct slice error);
	void (*fed)(void *context);          /* all that one read from the socket brought was handed out */
};

struct lane_options {
	struct event_base *loop;
	const char *host;
	uint16_t port;
	unsigned attempt;                    /* see dial.h */
	uint32_t reserved_db;                /* where groups end */
	uint64_t reply_bytes_max;
};

/* NULL: *why says why not. Commands may be queued at once, to be sent when connected and flushed. */
struct lane *lane_new(const struct lane_options *options, const struct lane_handlers *handlers, const char **why);
void lane_free(struct lane *lane);           /* NULL is fine; closes without a word */
void lane_read(struct lane *lane, uint32_t db, struct slice command, uint64_t tag);
void lane_group(struct lane *lane, uint64_t id, struct slice bytes, unsigned command_count);
void lane_flush(struct lane *lane);
/* How many bytes were ever queued: the position of what is queued next. */
uint64_t lane_position(const struct lane *lane);
/* Nothing from POSITION on is sent until the gate moves. */
void lane_set_gate(struct lane *lane, uint64_t position);
uint64_t lane_bytes_queued(const struct lane *lane);
uint64_t lane_answers_due(const struct lane *lane);

#endif
