/* Facts about whole keys of many elements: they are taken in some at a time, while others go on. */
#include "peers.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_pieces(void);

#define ELEMENTS 1000

/* A store whose keys are all hashes of so many fields. */
static bool reply_large(struct stage *stage, const struct request *request, struct buffer *out)
{
	char text[32];
	(void)stage;
	if (slice_equal(request->argv[0], SLICE("PEXPIRETIME"))) {
		resp_add_integer(out, -1);
	} else if (slice_equal(request->argv[0], SLICE("rename"))) {
		resp_add_status(out, "OK");
	} else if (slice_equal(request->argv[0], SLICE("HGETALL"))) {
		resp_add_array(out, (uint64_t)2 * ELEMENTS);
		for (unsigned i = 0; i < ELEMENTS; i++) {
			snprintf(text, sizeof text, "f%u", i);
			resp_add_bulk(out, slice_of(text));
			resp_add_bulk(out, SLICE("v"));
		}
	} else {
		return false;
	}
	return true;
}

static void open_renamed(struct stage *stage)
{
	peers_open(stage, "lww");
	stage->reply = reply_large;
	stage_say(stage, 3, (struct slice[]){ SLICE("rename"), SLICE("k"), SLICE("l") }, false);
	stage_end_turn(stage);
	stage_answer(stage);
}

/* Turns until nothing is left to do, but for what was asked of the store. */
static unsigned turns_to_the_end(struct stage *stage)
{
	unsigned turns = 0;
	do {
		stage_end_turn(stage);
		turns++;
	} while (core_is_unfinished(stage->core) && turns < 10 * ELEMENTS);
	return turns;
}

static void a_key_read_back_whole_is_taken_in_some_at_a_time(void)
{
	struct stage stage;
	open_renamed(&stage);
	CU_ASSERT_EQUAL(core_status(stage.core)->seq, 0);
	CU_ASSERT(turns_to_the_end(&stage) >= ELEMENTS / PEERS_ELEMENTS_PER_TURN);
	const struct core_status *status = core_status(stage.core);
	CU_ASSERT(status->turn_elements_max >= PEERS_ELEMENTS_PER_TURN && status->turn_elements_max <= PEERS_ELEMENTS_PER_TURN + 2);
	CU_ASSERT(status->sliced_turns >= ELEMENTS / PEERS_ELEMENTS_PER_TURN);
	CU_ASSERT_EQUAL(status->seq, 1);
	CU_ASSERT(status->unstable_elements >= ELEMENTS);
	stage_close(&stage);
}

static void others_write_meanwhile_and_come_behind(void)
{
	struct stage stage;
	open_renamed(&stage);
	stage_end_turn(&stage);
	for (unsigned i = 0; i < 3; i++) {
		stage_set(&stage, "other");
		stage_end_turn(&stage);
		CU_ASSERT_EQUAL_FATAL(stage.group_count, 1);
		stage_answer(&stage);
		CU_ASSERT_EQUAL(core_status(stage.core)->seq, 0);
	}
	(void)turns_to_the_end(&stage);
	CU_ASSERT_EQUAL(core_status(stage.core)->seq, 4);
	CU_ASSERT_EQUAL(core_status(stage.core)->outbox_events, 0);
	stage_close(&stage);
}

/* Half of it is nowhere: the store's answer counts as a whole, or not at all. */
static void a_lost_connection_takes_in_the_rest_at_once(void)
{
	struct stage stage;
	open_renamed(&stage);
	stage_end_turn(&stage);
	stage_step(&stage, (struct event){ .type = EVENT_LOST });
	CU_ASSERT_EQUAL(core_status(stage.core)->seq, 1);
	CU_ASSERT_EQUAL(core_status(stage.core)->groups_unanswered, 0);
	stage_close(&stage);
}

static void a_core_may_end_in_between(void)
{
	struct stage stage;
	open_renamed(&stage);
	stage_end_turn(&stage);
	stage_close(&stage);
}

/* What others wrote waits: it may meet what is half taken in. */
static void writes_of_others_wait_until_it_is_taken_in(void)
{
	struct stage stage;
	open_renamed(&stage);
	stage_end_turn(&stage);
	const struct change change = { .kind = CHANGE_MEMBER_ADD, .key = SLICE("elsewhere"), .element = SLICE("m") };
	peers_tell(&stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 1000, .changes = &change, .change_count = 1 });
	stage_end_turn(&stage);
	CU_ASSERT(!stage_has_sent(&stage, "elsewhere"));
	(void)turns_to_the_end(&stage);
	CU_ASSERT(stage_has_sent(&stage, "elsewhere"));
	stage_close(&stage);
}

/* ---- what others wrote ---- */

static void tell_large(struct stage *stage)
{
	static char names[ELEMENTS][8];
	static struct change changes[ELEMENTS + 1];
	changes[0] = (struct change){ .kind = CHANGE_CLEAR, .key = SLICE("k") };
	for (unsigned i = 0; i < ELEMENTS; i++) {
		snprintf(names[i], sizeof names[i], "%u", i);
		changes[i + 1] = (struct change){ .kind = CHANGE_MEMBER_ADD, .key = SLICE("k"), .element = slice_of(names[i]) };
	}
	peers_tell(stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 1000, .changes = changes, .change_count = ELEMENTS + 1 });
}

static void a_large_write_of_others_is_applied_some_at_a_time(void)
{
	struct stage stage;
	unsigned turns = 0;
	peers_open(&stage, "lww");
	tell_large(&stage);
	do {
		stage_end_turn(&stage);
		turns++;
	} while (stage.group_count == 0 && turns < 10 * ELEMENTS);
	/* They enter the metadata, and then they are rendered. */
	CU_ASSERT(turns > 2 * ELEMENTS / PEERS_ELEMENTS_PER_TURN);
	CU_ASSERT(stage_has_sent(&stage, "UNLINK") && stage_has_sent(&stage, "\r\n999\r\n"));
	CU_ASSERT_EQUAL(core_status(stage.core)->turn_elements_max, PEERS_ELEMENTS_PER_TURN);
	CU_ASSERT(core_status(stage.core)->unstable_elements >= ELEMENTS);
	stage_answer_all(&stage);
	CU_ASSERT_EQUAL(core_status(stage.core)->peers[PEER_B].applied_seq, 1);
	stage_close(&stage);
}

/* A local write that has not seen it may not meet what is half there. */
static void local_writes_are_sent_when_it_is_applied(void)
{
	struct stage stage;
	peers_open(&stage, "lww");
	tell_large(&stage);
	stage_end_turn(&stage);
	stage_end_turn(&stage);
	stage_set(&stage, "k");
	stage_end_turn(&stage);
	CU_ASSERT_EQUAL(stage.group_count, 0);
	(void)turns_to_the_end(&stage);
	CU_ASSERT(stage_has_sent(&stage, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n"));
	stage_close(&stage);
}

static void a_lost_connection_forgets_what_was_half_applied(void)
{
	static const unsigned afters[] = { 2, ELEMENTS / PEERS_ELEMENTS_PER_TURN + 3 };      /* in the metadata, and in what is rendered */
	for (unsigned i = 0; i < 2; i++) {
		struct stage stage;
		peers_open(&stage, "lww");
		tell_large(&stage);
		for (unsigned turn = 0; turn < afters[i]; turn++)
			stage_end_turn(&stage);
		CU_ASSERT(core_is_unfinished(stage.core));
		CU_ASSERT_EQUAL(stage.group_count, 0);
		stage_step(&stage, (struct event){ .type = EVENT_LOST });
		CU_ASSERT_EQUAL(core_status(stage.core)->unstable_elements, 0);
		CU_ASSERT_EQUAL(core_status(stage.core)->peers[PEER_B].applied_seq, 0);
		stage_close(&stage);
	}
}

/* It would have to be looked at whether their keys are among the many. */
static void a_large_write_waits_for_all_that_is_under_way(void)
{
	struct stage stage;
	peers_open(&stage, "lww");
	stage_set(&stage, "other");
	stage_end_turn(&stage);
	tell_large(&stage);
	CU_ASSERT_EQUAL(turns_to_the_end(&stage), 1);
	stage_answer_all(&stage);
	CU_ASSERT(turns_to_the_end(&stage) > ELEMENTS / PEERS_ELEMENTS_PER_TURN);
	CU_ASSERT(stage_has_sent(&stage, "\r\n999\r\n"));
	stage_close(&stage);
}

/* It names what is applied here, and that must be whole. */
static void a_session_token_has_it_applied_at_once(void)
{
	struct stage stage;
	peers_open(&stage, "lww");
	tell_large(&stage);
	stage_end_turn(&stage);
	stage_end_turn(&stage);
	stage_step(&stage, (struct event){ .type = EVENT_ASKED, .asked = { .token = 77, .ask = ASK_TOKEN } });
	CU_ASSERT_EQUAL(stage.group_count, 1);
	CU_ASSERT(stage_has_sent(&stage, "\r\n999\r\n"));
	stage_close(&stage);
}

void suite_pieces(void)
{
	CU_pSuite suite = CU_add_suite("pieces", NULL, NULL);
	CU_ADD_TEST(suite, a_key_read_back_whole_is_taken_in_some_at_a_time);
	CU_ADD_TEST(suite, others_write_meanwhile_and_come_behind);
	CU_ADD_TEST(suite, a_lost_connection_takes_in_the_rest_at_once);
	CU_ADD_TEST(suite, a_core_may_end_in_between);
	CU_ADD_TEST(suite, writes_of_others_wait_until_it_is_taken_in);
	CU_ADD_TEST(suite, a_large_write_of_others_is_applied_some_at_a_time);
	CU_ADD_TEST(suite, local_writes_are_sent_when_it_is_applied);
	CU_ADD_TEST(suite, a_lost_connection_forgets_what_was_half_applied);
	CU_ADD_TEST(suite, a_large_write_waits_for_all_that_is_under_way);
	CU_ADD_TEST(suite, a_session_token_has_it_applied_at_once);
}
