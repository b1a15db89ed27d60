/* Who is who: ids of datacenters in the store, in the own log and in those of peers. */
#include "peers.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "proxy/core/wire/envelope.h"

void suite_identity(void);

#define OWN "11111111111111111111111111111111"
#define OTHER "22222222222222222222222222222222"
#define QUIET_MS 10000

static const char *const names[] = { "a", "b", "c" };

static void open_with(struct stage *stage, const char *store_id, const char *stored)
{
	struct stored_pair pair = { SLICE("id:a"), slice_of(stored == NULL ? "" : stored) };
	peers_start(stage, "lww");
	stage_step(stage, (struct event){ .type = EVENT_OPENED, .opened = {
		.run_id = SLICE("run"), .nonce = stage->now_ms * 1000, .store_id = slice_of(store_id), .positions = &pair, .position_count = stored != NULL,
		.parts = CORE_PARTS_ALL,
	} });
	stage_end_turn(stage);
	stage_answer_all(stage);
}

struct said_by { unsigned dc; uint64_t incarnation, hlc; const char *id, *takes_a_for; };

static struct buffer heartbeat(const struct said_by *said)
{
	struct known known = { .dc = SLICE("a"), .id = slice_of(said->takes_a_for == NULL ? "" : said->takes_a_for) };
	struct batch batch = {
		.dc = slice_of(names[said->dc]), .incarnation = said->incarnation, .first_seq = 1, .hlc = said->hlc, .known = &known,
		.known_count = said->takes_a_for != NULL, .id = slice_of(said->id == NULL ? "" : said->id),
	};
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &batch);
	return bytes;
}

static void tell(struct stage *stage, const struct said_by *said)
{
	struct buffer bytes = heartbeat(said);
	peers_tell_bytes(stage, said->dc, buffer_slice(&bytes));
	buffer_free(&bytes);
}

static void find_between(struct stage *stage, const struct said_by *said)
{
	struct buffer bytes = heartbeat(said);
	stage_step(stage, (struct event){ .type = EVENT_BETWEEN, .between = { .position = stage->log_end + 1 } });
	stage_step(stage, (struct event){ .type = EVENT_BETWEEN, .between = { stage->log_end, buffer_slice(&bytes) } });
	buffer_free(&bytes);
}

static const char *id_of(const struct stage *stage, unsigned dc)
{
	return core_status(stage->core)->peers[dc].id;
}

static void wait_ms(struct stage *stage, uint64_t ms)
{
	for (uint64_t end = stage->now_ms + ms; stage->now_ms < end; stage->now_ms += 100)
		stage_step(stage, (struct event){ .type = EVENT_TICK });
}

static void an_id_comes_from_the_store_or_from_peers_or_is_made(void)
{
	struct stage stage;
	open_with(&stage, OTHER, OWN);
	CU_ASSERT_STRING_EQUAL(id_of(&stage, 0), OWN);
	stage_close(&stage);
	open_with(&stage, OTHER, NULL);
	CU_ASSERT_STRING_EQUAL(id_of(&stage, 0), "");
	tell(&stage, &(struct said_by){ PEER_B, 5, 1, OTHER, OWN });
	CU_ASSERT_STRING_EQUAL(id_of(&stage, 0), OWN);
	stage_close(&stage);
	open_with(&stage, OTHER, NULL);
	wait_ms(&stage, QUIET_MS);
	CU_ASSERT_STRING_EQUAL(id_of(&stage, 0), OTHER);
	stage_close(&stage);
}

static void another_id_in_a_peers_log_is_a_stranger_and_nothing_of_it_is_heard(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	tell(&stage, &(struct said_by){ PEER_B, 5, 1, OWN, NULL });
	uint64_t heard_ms = core_status(stage.core)->peers[PEER_B].heard_ms;
	stage.now_ms += 1000;
	tell(&stage, &(struct said_by){ PEER_B, 6, 2, OTHER, NULL });
	const struct core_peer_status *peer = &core_status(stage.core)->peers[PEER_B];
	CU_ASSERT_STRING_EQUAL(peer->id, OWN);
	CU_ASSERT_STRING_EQUAL(peer->stranger_id, OTHER);
	CU_ASSERT_EQUAL(peer->stranger_ms, stage.now_ms);
	CU_ASSERT_EQUAL(peer->heard_ms, heard_ms);
	CU_ASSERT_EQUAL(stage.alarms, 1);
	stage_close(&stage);
}

static void a_peer_that_takes_another_for_us_says_so(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	tell(&stage, &(struct said_by){ PEER_B, 5, 1, OTHER, OTHER });
	CU_ASSERT_TRUE(core_status(stage.core)->peers[PEER_B].is_following_other);
	tell(&stage, &(struct said_by){ PEER_B, 5, 2, OTHER, OWN });
	CU_ASSERT_FALSE(core_status(stage.core)->peers[PEER_B].is_following_other);
	stage_close(&stage);
}

/* One heartbeat may have been on its way when its process ended; a second one is from somebody who is alive. */
static void a_second_writer_of_our_log_stops_writes_until_it_is_gone(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	find_between(&stage, &(struct said_by){ PEER_A, 7, 1, OWN, NULL });
	find_between(&stage, &(struct said_by){ PEER_A, 7, 1, OWN, NULL });
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, 0);
	find_between(&stage, &(struct said_by){ PEER_A, 7, 2, OWN, NULL });
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, stage.now_ms);
	stage_set(&stage, "k");
	CU_ASSERT_EQUAL(stage.refusals, 1);
	wait_ms(&stage, QUIET_MS + 200);
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, 0);
	stage_set(&stage, "k");
	CU_ASSERT_EQUAL(stage.refusals, 1);
	stage_close(&stage);
}

static void one_that_reads_a_peers_log_in_our_name_stops_writes_until_it_is_gone(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	stage_step(&stage, (struct event){ .type = EVENT_NAMESAKE, .log = { .dc = PEER_B } });
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, stage.now_ms);
	stage_set(&stage, "k");
	CU_ASSERT_EQUAL(stage.refusals, 1);
	wait_ms(&stage, QUIET_MS + 200);
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, 0);
	stage_set(&stage, "k");
	CU_ASSERT_EQUAL(stage.refusals, 1);
	stage_close(&stage);
}

static void one_with_another_id_is_a_second_writer_at_once(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	find_between(&stage, &(struct said_by){ PEER_A, 7, 1, OTHER, NULL });
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, stage.now_ms);
	stage_close(&stage);
}

static void our_own_messages_that_were_sent_again_are_no_second_writer(void)
{
	struct stage stage;
	open_with(&stage, OWN, OWN);
	uint64_t incarnation = core_status(stage.core)->incarnation;
	for (uint64_t i = 0; i < 5; i++)
		find_between(&stage, &(struct said_by){ PEER_A, incarnation, i, OWN, NULL });
	CU_ASSERT_EQUAL(core_status(stage.core)->rival_ms, 0);
	stage_close(&stage);
}

static void a_store_that_was_exchanged_is_not_opened(void)
{
	struct stored_pair pair = { SLICE("id:a"), SLICE(OTHER) };
	struct stage stage;
	open_with(&stage, OWN, OWN);
	stage_step(&stage, (struct event){ .type = EVENT_LOST });
	peers_connect(&stage, "another run", &pair, 1);
	CU_ASSERT_STRING_EQUAL(core_status(stage.core)->trouble, CORE_TROUBLE_EXCHANGED);
	stage_step(&stage, (struct event){ .type = EVENT_LOST });
	peers_connect(&stage, "a third run", NULL, 0);
	CU_ASSERT_PTR_NULL(core_status(stage.core)->trouble);
	CU_ASSERT_STRING_EQUAL(id_of(&stage, 0), OWN);
	stage_close(&stage);
}

void suite_identity(void)
{
	CU_pSuite suite = CU_add_suite("identity", NULL, NULL);
	CU_ADD_TEST(suite, an_id_comes_from_the_store_or_from_peers_or_is_made);
	CU_ADD_TEST(suite, another_id_in_a_peers_log_is_a_stranger_and_nothing_of_it_is_heard);
	CU_ADD_TEST(suite, a_peer_that_takes_another_for_us_says_so);
	CU_ADD_TEST(suite, a_second_writer_of_our_log_stops_writes_until_it_is_gone);
	CU_ADD_TEST(suite, one_that_reads_a_peers_log_in_our_name_stops_writes_until_it_is_gone);
	CU_ADD_TEST(suite, one_with_another_id_is_a_second_writer_at_once);
	CU_ADD_TEST(suite, our_own_messages_that_were_sent_again_are_no_second_writer);
	CU_ADD_TEST(suite, a_store_that_was_exchanged_is_not_opened);
}
