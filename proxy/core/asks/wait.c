/* Wait: session tokens (HOMEPORT TOKEN, HOMEPORT WAITFOR). A token tells what a client may have seen at the DC that gave it out; another DC waits until its
 * own store has all of that. So a client that moves reads its own writes and never goes back in time (Terry et al., "Session Guarantees for Weakly
 * Consistent Replicated Data", 1994). What its writes depend on is applied before them anyway (replication-model.md, rule 2).
 * A wait looks at what the store has answered, not at what is on its way there. */
#include "asked.h"

#include <string.h>

struct want { unsigned dc; uint64_t incarnation, seq; bool is_floor; };

struct wait {
	struct wait *next;
	uint64_t token;                      /* whose answer */
	bool is_minting;                     /* the answer is a session token, as soon as the store has all that had been written when it was asked for */
	uint64_t wait_ms, due_ms;            /* for how long at most; until when, by our steady clock */
	struct slice positions;              /* owned: a context, encoded */
	struct want *wants;                  /* owned: the same, to be compared */
	unsigned want_count;
};

static void wait_free(struct wait *wait)
{
	bytes_free(wait->positions);
	memory_free(wait->wants);
	memory_free(wait);
}

/* ---- what is here ---- */

/* How many writes of it the store lacks, as far as one can tell: at least 1 if any. */
static uint64_t lacking(const struct causes *causes, const struct want *want)
{
	uint64_t floor = floor_at(causes->origins.floors, want->dc);
	if (want->is_floor)
		return floor >= want->incarnation ? 0 : 1;
	if (want->incarnation < floor)
		return 0;
	const struct origin *origin = origins_find(&causes->origins, want->dc, want->incarnation);
	uint64_t confirmed = origin == NULL ? 0 : origin->confirmed;
	return confirmed >= want->seq ? 0 : want->seq - confirmed;
}

static bool is_here(const struct causes *causes, const struct wait *wait)
{
	for (unsigned i = 0; i < wait->want_count; i++)
		if (lacking(causes, &wait->wants[i]) > 0)
			return false;
	return true;
}

/* Grows with whatever a wait may wait for. */
static uint64_t progress_of(const struct causes *causes)
{
	uint64_t progress = causes->origins.count;
	for (unsigned i = 0; i < causes->origins.count; i++)
		progress += causes->origins.items[i].confirmed;
	for (unsigned dc = 0; dc < causes->origins.dc_count; dc++)
		progress += floor_at(causes->origins.floors, dc);
	return progress;
}

/* ---- taking one ---- */

/* A DC that is not configured here: its writes would be waited for in vain. */
static bool take_wants(struct asks *asks, struct wait *wait)
{
	struct slice cursor = wait->positions;
	struct position position;
	unsigned cap = 0;
	while (envelope_context_next(&cursor, &position)) {
		int dc = origins_dc(&asks->causes->origins, position.dc);
		if (dc < 0) {
			buffer_reset(&asks->step->text);
			buffer_add_text(&asks->step->text, "ERR Homeport: the session token names the datacenter '");
			buffer_add(&asks->step->text, position.dc);
			buffer_add_text(&asks->step->text, "', which is not configured here: it comes from elsewhere");
			return false;
		}
		wait->wants = array_reserve(wait->wants, wait->want_count, &cap, sizeof *wait->wants);
		wait->wants[wait->want_count++] = (struct want){ (unsigned)dc, position.incarnation, position.seq, position.is_floor };
	}
	return true;
}

static const char *take_token(struct asks *asks, struct wait *wait, const struct event *event)
{
	const char *error = session_token_read(event->asked.context, &wait->positions);
	if (error != NULL || take_wants(asks, wait))
		return error;
	buffer_add_byte(&asks->step->text, '\0');
	return asks->step->text.ptr;
}

/* CONTEXT, which is dropped, encoded. */
static void add_context(struct asks *asks, struct buffer *out, struct context *context)
{
	unsigned count;
	const struct position *positions = causes_positions(asks->causes, context, &count);
	envelope_add_context(out, positions, count);
	context_drop(context);
}

/* What was written before, by whomever, gets its seqs now. The token waits for that, as for what others wrote and is on its way to the store. */
static void begin_minting(struct asks *asks, struct wait *wait)
{
	gathering_close(asks->local);
	struct context *context = causes_applied(asks->causes, false);
	context_set(&context, asks->causes->self, asks->causes->next_seq - 1);
	struct buffer bytes = { 0 };
	add_context(asks, &bytes, context);
	wait->positions = buffer_copy(buffer_slice(&bytes));
	buffer_free(&bytes);
	take_wants(asks, wait);
}

static const char *why_not(const struct asks *asks)
{
	if (!asks->causes->is_open)
		return asks->causes->trouble != NULL ? asks->causes->trouble : CORE_STORE_AWAY;
	if (asks->step->status.waits >= asks->options->waits_max)
		return "HOMEPORT too many clients wait for session tokens (limits.waits): /readyz?verbose says which peer is behind";
	return NULL;
}

void wait_take(struct asks *asks, const struct event *event)
{
	struct wait *wait = memory_new(sizeof *wait);
	*wait = (struct wait){
		.token = event->asked.token, .is_minting = event->asked.ask == ASK_TOKEN,
		.wait_ms = event->asked.wait_ms, .due_ms = asks->step->steady_ms + event->asked.wait_ms,
	};
	const char *error = why_not(asks);
	asks->step->status.waits_refused += error != NULL && asks->causes->is_open;
	if (error == NULL && wait->is_minting)
		begin_minting(asks, wait);
	else if (error == NULL)
		error = take_token(asks, wait, event);
	if (error != NULL) {
		step_refuse(asks->step, wait->token, slice_of(error));
		wait_free(wait);
		return;
	}
	wait->next = asks->waits;
	asks->waits = wait;
	asks->step->status.waits++;
	asks->waits_progress = 0;
}

/* ---- answering ---- */

static void answer_behind(struct asks *asks, const struct wait *wait)
{
	struct buffer *out = &asks->step->replies;
	buffer_add_text(out, "-HOMEPORT BEHIND ");
	buffer_add_text(out, asks->causes->origins.dcs[0]);
	buffer_add_text(out, " still lacks writes after ");
	buffer_add_uint64(out, wait->wait_ms);
	buffer_add_text(out, " ms:");
	for (unsigned dc = 0; dc < asks->causes->origins.dc_count; dc++) {
		uint64_t count = 0;
		for (unsigned i = 0; i < wait->want_count; i++)
			count += wait->wants[i].dc == dc ? lacking(asks->causes, &wait->wants[i]) : 0;
		if (count == 0)
			continue;
		buffer_add_byte(out, ' ');
		buffer_add_uint64(out, count);
		buffer_add_text(out, " of ");
		buffer_add_text(out, asks->causes->origins.dcs[dc]);
	}
	buffer_add_text(out, ": wait again, or read where the token is from\r\n");
}

/* It tells what the store has: a seq that was given out may never name a write, where the store refused the group. */
static void answer_token(struct asks *asks)
{
	struct buffer positions = { 0 }, text = { 0 };
	add_context(asks, &positions, causes_confirmed(asks->causes));
	session_token_write(buffer_slice(&positions), &text);
	resp_add_bulk(&asks->step->replies, buffer_slice(&text));
	buffer_free(&positions);
	buffer_free(&text);
}

static void answer(struct asks *asks, const struct wait *wait, bool is_all_here)
{
	struct buffer *out = &asks->step->replies;
	if (!is_all_here)
		answer_behind(asks, wait);
	else if (wait->is_minting)
		answer_token(asks);
	else
		buffer_add_text(out, "+OK\r\n");
	ask_reply_built(asks, wait->token);
}

/* What it waits for may never come, as above. So a token is given out at the latest when nothing is under way. */
static bool is_minted(const struct asks *asks, const struct wait *wait)
{
	return wait->is_minting && asks->groups->unanswered_count == 0 && !local_is_rerunning(asks->local);
}

void wait_pump(struct asks *asks)
{
	if (asks->waits == NULL)
		return;
	uint64_t progress = progress_of(asks->causes);
	bool has_moved = progress != asks->waits_progress;
	asks->waits_progress = progress;
	for (struct wait **link = &asks->waits, *wait = *link; wait != NULL; wait = *link) {
		bool is_all_here = (has_moved && is_here(asks->causes, wait)) || is_minted(asks, wait);
		bool is_over = !wait->is_minting && asks->step->steady_ms >= wait->due_ms;
		if (!is_all_here && !is_over) {
			link = &wait->next;
			continue;
		}
		answer(asks, wait, is_all_here);
		*link = wait->next;
		asks->step->status.waits--;
		asks->step->status.waits_behind += !is_all_here;
		wait_free(wait);
	}
}

void waits_close(struct asks *asks)
{
	while (asks->waits != NULL) {
		struct wait *wait = asks->waits;
		asks->waits = wait->next;
		wait_free(wait);
	}
	asks->step->status.waits = 0;
}
