/* Stage: one datacenter's core, whose log and store are played. The log takes all that it is given, and tells it again; the store answers when a
 * test says so. */
#ifndef UNIT_STAGE_H
#define UNIT_STAGE_H

#include "proxy/core/commands/command.h"
#include "proxy/core/core.h"

#define STAGE_WAITING_MAX 16
#define STAGE_NOT_FOLLOWED INT64_C(-2)

struct waiting { uint64_t id; struct slice bytes; };         /* a group, or a message; owned */

struct stage {
	struct core *core;
	uint64_t now_ms, token;
	struct waiting groups[STAGE_WAITING_MAX], appends[STAGE_WAITING_MAX];        /* on their way, oldest first */
	unsigned group_count, append_count;
	int64_t log_end;
	int64_t followed[4];         /* from which position each log was asked for last; STAGE_NOT_FOLLOWED */
	unsigned alarms, refusals, replies;
	char answer[400];            /* the last reply or refusal, as RESP, as far as there is room */
	struct buffer *heard;        /* what became of requests and asks, one line each, and news of homes; NULL: nobody listens */
	int64_t log_positions[4];    /* of other datacenters' logs (peers.h): the next message's */
	/* What the test's store says to a command; false, or NULL: what an empty one would say. */
	bool (*reply)(struct stage *stage, const struct request *request, struct buffer *out);
};

/* It follows the rule record, and was just opened on an empty store: nothing is answered yet. */
void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
void stage_step(struct stage *stage, struct event event);
void stage_end_turn(struct stage *stage);
/* The store answers the oldest group. */
void stage_answer(struct stage *stage);
/* … and then all others, and what they lead to; a turn ends after each. */
void stage_answer_all(struct stage *stage);
/* The oldest group did not run. ERROR: why; empty: a key that was watched had changed. */
void stage_abort(struct stage *stage, const char *error);
/* Does the group that was sent last have this? */
bool stage_has_sent(const struct stage *stage, const char *text);

/* GUARDED: a transaction of one who watched keys. */
void stage_say(struct stage *stage, unsigned argc, struct slice *argv, bool is_guarded);
void stage_set(struct stage *stage, const char *key);

/* For tables: a failure names the ROW and WHAT of it is wrong, with both texts, or numbers. */
void stage_expect(const char *row, const char *what, struct slice found, const char *wanted);
void stage_expect_number(const char *row, const char *what, uint64_t found, uint64_t wanted);

#endif
