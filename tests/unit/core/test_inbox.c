/* The inbox as a table: messages of other datacenters' logs in the order in which they come, and what of it the store is told, in which order. */
#include "peers.h"

#include <CUnit/CUnit.h>

void suite_inbox(void);

#define MESSAGES_MAX 6

struct message {
	unsigned dc;                 /* 0: that is all */
	uint64_t seq;
	uint64_t needs;              /* of the other peer's writes */
	unsigned part, parts;        /* 0 of 0: whole */
};

#define WHOLE(dc, seq) { dc, seq, 0, 0, 0 }
#define AFTER(dc, seq, needs) { dc, seq, needs, 0, 0 }
#define PART(dc, seq, part, parts) { dc, seq, 0, part, parts }

static const struct row {
	const char *name;
	struct message messages[MESSAGES_MAX];
	const char *applied;         /* keys, which are called after their writes */
	enum peer_state state;       /* of B in the end */
	uint64_t duplicates, held;   /* of B */
} rows[] = {
	{ "a log in order", { WHOLE(PEER_B, 1), WHOLE(PEER_B, 2) }, "SET b1 v; SET b2 v", PEER_FOLLOWING, 0, 0 },
	{ "what came before counts once", { WHOLE(PEER_B, 1), WHOLE(PEER_B, 1), WHOLE(PEER_B, 2) }, "SET b1 v; SET b2 v", PEER_FOLLOWING, 1, 0 },
	{ "the same again, later", { WHOLE(PEER_B, 1), WHOLE(PEER_B, 2), WHOLE(PEER_B, 1), WHOLE(PEER_B, 2) }, "SET b1 v; SET b2 v", PEER_FOLLOWING, 2, 0 },
	{ "a write waits for its cause", { AFTER(PEER_B, 1, 1) }, "", PEER_HELD, 0, 1 },
	{ "what is behind it waits, too", { AFTER(PEER_B, 1, 1), WHOLE(PEER_B, 2) }, "", PEER_HELD, 0, 2 },
	{ "another log does not wait", { AFTER(PEER_B, 1, 2), WHOLE(PEER_C, 1) }, "SET c1 v", PEER_HELD, 0, 1 },
	{ "the cause lets it go", { AFTER(PEER_B, 1, 1), WHOLE(PEER_C, 1) }, "MSET c1 v b1 v", PEER_FOLLOWING, 0, 0 },
	{ "causes of causes", { AFTER(PEER_B, 1, 2), WHOLE(PEER_B, 2), WHOLE(PEER_C, 1), WHOLE(PEER_C, 2) }, "SET c1 v; MSET c2 v b1 v b2 v", PEER_FOLLOWING, 0, 0 },
	{ "a gap is not stepped over", { WHOLE(PEER_B, 1), WHOLE(PEER_B, 3) }, "SET b1 v", PEER_NEEDS_RESYNC, 0, 1 },
	{ "a log that begins too late", { WHOLE(PEER_B, 2) }, "", PEER_NEEDS_RESYNC, 0, 1 },
	{ "half a message is none yet", { PART(PEER_B, 1, 0, 2) }, "", PEER_FOLLOWING, 0, 0 },
	{ "its other half makes it one", { PART(PEER_B, 1, 0, 2), PART(PEER_B, 1, 1, 2) }, "SET b1 v", PEER_FOLLOWING, 0, 0 },
	{ "parts that begin again", { PART(PEER_B, 1, 0, 3), PART(PEER_B, 1, 1, 3), PART(PEER_B, 1, 0, 2), PART(PEER_B, 1, 1, 2) }, "SET b1 v", PEER_FOLLOWING, 0, 0 },
	{ "parts of two logs at once", { PART(PEER_B, 1, 0, 2), PART(PEER_C, 1, 0, 2), PART(PEER_C, 1, 1, 2), PART(PEER_B, 1, 1, 2) }, "SET c1 v; SET b1 v",
	  PEER_FOLLOWING, 0, 0 },
};

static void tell(struct stage *stage, const struct message *message)
{
	char name[] = { message->dc == PEER_B ? 'b' : 'c', (char)('0' + message->seq), '\0' };
	const struct change change = { .kind = CHANGE_SET, .key = slice_of(name), .value = SLICE("v") };
	struct remote remote = { .dc = message->dc, .seq = message->seq, .ms = message->seq, .changes = &change, .change_count = 1 };
	remote.seen[message->dc == PEER_B ? PEER_C : PEER_B] = message->needs;
	if (message->parts > 0)
		peers_tell_part(stage, &remote, message->part, message->parts);
	else
		peers_tell(stage, &remote);
}

static void each_message_is_applied_once_after_its_causes(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct buffer told = { 0 };
		struct stage stage;
		peers_open(&stage, "lww");
		for (unsigned j = 0; j < MESSAGES_MAX && row->messages[j].dc != 0; j++) {
			tell(&stage, &row->messages[j]);
			peers_settle(&stage, &told);
		}
		const struct core_peer_status *peer = &core_status(stage.core)->peers[PEER_B];
		stage_expect(row->name, "the store is told", buffer_slice(&told), row->applied);
		stage_expect(row->name, "the log of b is", slice_of(peer_state_text(peer->state)), peer_state_text(row->state));
		stage_expect_number(row->name, "duplicates", peer->duplicate_events, row->duplicates);
		stage_expect_number(row->name, "writes that wait", peer->held_events, row->held);
		buffer_free(&told);
		stage_close(&stage);
	}
}

static void bytes_that_are_no_message_stop_their_log(void)
{
	struct stage stage;
	peers_open(&stage, "lww");
	peers_tell_bytes(&stage, PEER_B, SLICE("nonsense"));
	CU_ASSERT_EQUAL(core_status(stage.core)->peers[PEER_B].state, PEER_UNDECODABLE);
	CU_ASSERT_EQUAL(core_status(stage.core)->peers[PEER_C].state, PEER_FOLLOWING);
	stage_close(&stage);
}

void suite_inbox(void)
{
	CU_pSuite suite = CU_add_suite("inbox", NULL, NULL);
	CU_ADD_TEST(suite, each_message_is_applied_once_after_its_causes);
	CU_ADD_TEST(suite, bytes_that_are_no_message_stop_their_log);
}
