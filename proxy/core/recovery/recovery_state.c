/* Recovery state: the table of states and moves (see recovery_state.h). */
#include "recovery_state.h"

#include <assert.h>

/* What a state tells the rooms below. While the store is not open, they keep what they were told last. */
static const struct state {
	const char *name;
	bool is_open;                /* the store is connected and was read */
	bool is_gate_open;           /* final batches may be appended to the own log */
	bool is_recalled;            /* remote writes may be applied, and what is stable forgotten */
	const char *meaning;
} states[RECOVERY_STATE_COUNT] = {
	[RECOVERY_CLOSED] = { "closed", false, false, false, "The store is not connected." },
	[RECOVERY_UNREADABLE] = { "unreadable", false, false, false,
	                          "The reserved database holds what this version cannot read. Nothing is replicated, until the store is opened "
	                          "anew." },
	[RECOVERY_READING] = { "reading", true, false, false,
	                       "Our own log is read up to the hello that this opening appended to it. Local writes are executed, but not appended "
	                       "yet." },
	[RECOVERY_STOPPED] = { "stopped", true, false, false,
	                       "The log lost its beginning and the store its end: what may be shipped cannot be told. See needs-resync in docs/operating.md." },
	[RECOVERY_SETTLING] = { "settling", true, false, false,
	                        "The store was asked what became of the outbox entries that the log lacks; its answer is under way." },
	[RECOVERY_REFUSED] = { "refused", true, false, false, "The store refused that question. It is asked again after a pause." },
	[RECOVERY_RECALLING] = { "recalling", true, true, false,
	                         "Our writes go to the log. Metadata of writes that not all datacenters have applied is still being read from the "
	                         "logs; remote writes wait for it." },
	[RECOVERY_WHOLE] = { "whole", true, true, true, "Everything works: remote writes are applied." },
	[RECOVERY_TORN] = { "torn", true, true, false,
	                    "Part of the reserved database is gone. What the outbox held goes to the log; nothing else is done until the data is gone, too: then "
	                    "all is read from the logs. Clients are refused since the opening." },
};

static const char *const events[RECOVERY_EVENT_COUNT] = {
	[RECOVERY_OPENED] = "the store was opened and read",
	[RECOVERY_OPENED_UNREADABLE] = "the store was opened and could not be read",
	[RECOVERY_LOST] = "the connection was lost",
	[RECOVERY_HEARD_HELLO] = "our hello was read in our log",
	[RECOVERY_HEARD_AGAIN] = "a second hello of ours was read",
	[RECOVERY_FOUND_LOG_CUT] = "our hello was read, and outbox entries may have been in the part of the log that is gone",
	[RECOVERY_PROBE_ABORTED] = "the store refused the question",
	[RECOVERY_PROBED_AGAIN] = "the pause is over",
	[RECOVERY_GATE_OPENED] = "the store has answered, or there was nothing to ask",
	[RECOVERY_GATE_OPENED_TORN] = "the same, and part of the reserved database is gone",
	[RECOVERY_METADATA_BACK] = "all metadata is back that no log has lost",
};

/* One row for each move that may happen. ACTION: what is done on it, and in which file. */
static const struct move { enum recovery_state from; enum recovery_event event; enum recovery_state to; const char *action;
} moves[] = {
	{ RECOVERY_CLOSED, RECOVERY_OPENED, RECOVERY_READING, "append a hello, follow all logs (recover.c)" },
	{ RECOVERY_CLOSED, RECOVERY_OPENED_UNREADABLE, RECOVERY_UNREADABLE, "raise an alarm (recover.c)" },
	{ RECOVERY_CLOSED, RECOVERY_LOST, RECOVERY_CLOSED, "forget what belonged to the connection (recover.c)" },
	{ RECOVERY_UNREADABLE, RECOVERY_LOST, RECOVERY_CLOSED, "the same" },
	{ RECOVERY_READING, RECOVERY_HEARD_HELLO, RECOVERY_SETTLING,
	  "drop outbox entries that the log has; ask the store about the others (own_log.c, settle.c)" },
	{ RECOVERY_READING, RECOVERY_FOUND_LOG_CUT, RECOVERY_STOPPED, "stop following our log; raise an alarm; tell those who read our log, again and again (own_log.c)" },
	{ RECOVERY_READING, RECOVERY_LOST, RECOVERY_CLOSED, "carry outbox entries whose outcome is unknown over to the next opening (settle.c)" },
	{ RECOVERY_STOPPED, RECOVERY_LOST, RECOVERY_CLOSED, "the same" },
	{ RECOVERY_SETTLING, RECOVERY_GATE_OPENED, RECOVERY_RECALLING, "append the final forms, then what was written meanwhile (settle.c)" },
	{ RECOVERY_SETTLING, RECOVERY_GATE_OPENED_TORN, RECOVERY_TORN, "append the final forms; look again and again whether there is still data (settle.c, torn.c)" },
	{ RECOVERY_SETTLING, RECOVERY_PROBE_ABORTED, RECOVERY_REFUSED, "wait" },
	{ RECOVERY_SETTLING, RECOVERY_HEARD_AGAIN, RECOVERY_SETTLING, "stop following our log (own_log.c)" },
	{ RECOVERY_SETTLING, RECOVERY_LOST, RECOVERY_CLOSED, "carry over" },
	{ RECOVERY_REFUSED, RECOVERY_PROBED_AGAIN, RECOVERY_SETTLING, "ask the store again (settle.c)" },
	{ RECOVERY_REFUSED, RECOVERY_HEARD_AGAIN, RECOVERY_REFUSED, "stop following our log (own_log.c)" },
	{ RECOVERY_REFUSED, RECOVERY_LOST, RECOVERY_CLOSED, "carry over" },
	{ RECOVERY_RECALLING, RECOVERY_METADATA_BACK, RECOVERY_WHOLE, "drop what only covered or outdid what is no more (recover.c)" },
	{ RECOVERY_RECALLING, RECOVERY_HEARD_AGAIN, RECOVERY_RECALLING,
	  "writes that the store had lost have come back: stop following our log (own_log.c)" },
	{ RECOVERY_RECALLING, RECOVERY_LOST, RECOVERY_CLOSED, "forget what belonged to the connection (recover.c)" },
	{ RECOVERY_WHOLE, RECOVERY_HEARD_AGAIN, RECOVERY_WHOLE, "writes that the store had lost have come back: stop following our log (own_log.c)" },
	{ RECOVERY_WHOLE, RECOVERY_LOST, RECOVERY_CLOSED, "forget what belonged to the connection (recover.c)" },
	{ RECOVERY_TORN, RECOVERY_HEARD_AGAIN, RECOVERY_TORN, "stop following our log (own_log.c)" },
	{ RECOVERY_TORN, RECOVERY_LOST, RECOVERY_CLOSED, "forget what belonged to the connection. If the data was gone, the next opening makes the reserved database anew (torn.c)" },
};

#define MOVES (sizeof moves / sizeof *moves)

void recovery_state_move(enum recovery_state *state, enum recovery_event event, struct causes *causes)
{
	unsigned i = 0;
	recovery_state_check(*state, causes);
	while (i < MOVES && (moves[i].from != *state || moves[i].event != event))
		i++;
	assert(i < MOVES);
	*state = moves[i].to;
	causes->is_open = states[*state].is_open;
	if (!causes->is_open)
		return;
	causes->is_gate_open = states[*state].is_gate_open;
	causes->is_recalled = states[*state].is_recalled;
}

const char *recovery_state_text(enum recovery_state state)
{
	return states[state].name;
}

void recovery_state_check(enum recovery_state state, const struct causes *causes)
{
	assert(causes->is_open == states[state].is_open);
	assert(!causes->is_open || causes->is_gate_open == states[state].is_gate_open);
	assert(!causes->is_open || causes->is_recalled == states[state].is_recalled);
	assert(state != RECOVERY_STOPPED || causes->peers[0].state == PEER_NEEDS_RESYNC);
}

/* ---- docs/recovery.md ---- */

static const char intro[] =
	"<!-- Made by homeportd --describe-recovery: do not edit. -->\n# Recovery\n\n"
	"Each time homeportd connects to its store, it finds out what the store and the logs hold, before it replicates again. How that works\n"
	"stands in [the replication model](replication-model.md#recovery). This page lists the states of an opening and all moves between them;\n"
	"any other move stops the process.\n\n## States\n\n"
	"| state | our writes are appended | remote writes are applied | meaning |\n|---|---|---|---|\n";

static void add_cell(struct buffer *out, const char *text)
{
	buffer_add_text(out, " ");
	buffer_add_text(out, text);
	buffer_add_text(out, " |");
}

void recovery_describe(struct buffer *out)
{
	buffer_add_text(out, intro);
	for (unsigned i = 0; i < RECOVERY_STATE_COUNT; i++) {
		buffer_add_byte(out, '|');
		add_cell(out, states[i].name);
		add_cell(out, states[i].is_gate_open ? "yes" : "no");
		add_cell(out, states[i].is_recalled ? "yes" : "no");
		add_cell(out, states[i].meaning);
		buffer_add_byte(out, '\n');
	}
	buffer_add_text(out, "\n## Moves\n\n| from | when | to | what is done |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < MOVES; i++) {
		buffer_add_byte(out, '|');
		add_cell(out, states[moves[i].from].name);
		add_cell(out, events[moves[i].event]);
		add_cell(out, states[moves[i].to].name);
		add_cell(out, moves[i].action);
		buffer_add_byte(out, '\n');
	}
}
