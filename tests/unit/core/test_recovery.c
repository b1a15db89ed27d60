/* Opening a store, as a table: what it remembers, and what comes of it: which incarnation writes, from where each log is read, whether writes are
 * taken. (The states in between: docs/recovery.md.) */
#include "peers.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_recovery(void);

#define PAIRS_MAX 4
#define NEW UINT64_MAX

static const struct row {
	const char *name, *run;
	struct { const char *field, *value; } remembers[PAIRS_MAX];
	uint64_t incarnation;        /* NEW: one that no write had */
	/* Which message of each log was read last; POSITION_BEGIN: none, it is read from the first on. The own log is read only until all that this
	 * datacenter wrote is found again; then, and where nothing may be read, it is STAGE_NOT_FOLLOWED. */
	int64_t own, b, c;
	bool is_open;
	unsigned alarms;
} rows[] = {
	{ "an empty store", "one", { { NULL, NULL } }, NEW, STAGE_NOT_FOLLOWED, POSITION_BEGIN, POSITION_BEGIN, true, 0 },
	{ "the same run of the server", "one", { { "run", "one 5" }, { "dc:a", "3 5:2:1:1:1" }, { "dc:b", "7 1:4:0:0:0" } }, 5, 3, 7, POSITION_BEGIN, true, 0 },
	{ "another run: it may lack its tail", "two", { { "run", "one 5" }, { "dc:a", "3 5:2:1:1:1" }, { "dc:b", "7 1:4:0:0:0" } }, NEW, 3, 7, POSITION_BEGIN, true, 0 },
	{ "a datacenter that is no longer configured", "one", { { "run", "one 5" }, { "dc:z", "9 1:4:0:0:0" } }, 5, STAGE_NOT_FOLLOWED, POSITION_BEGIN, POSITION_BEGIN, true, 0 },
	{ "positions that cannot be read", "one", { { "run", "one 5" }, { "dc:b", "nonsense" } }, 0, STAGE_NOT_FOLLOWED, STAGE_NOT_FOLLOWED, STAGE_NOT_FOLLOWED, false, 1 },
	{ "positions that contradict themselves", "one", { { "run", "one 5" }, { "dc:b", "7 1:4:5:5:5" } }, 0, STAGE_NOT_FOLLOWED, STAGE_NOT_FOLLOWED, STAGE_NOT_FOLLOWED, false, 1 },
};

static void open_with(struct stage *stage, const struct row *row)
{
	struct stored_pair pairs[PAIRS_MAX];
	unsigned count = 0;
	for (; count < PAIRS_MAX && row->remembers[count].field != NULL; count++)
		pairs[count] = (struct stored_pair){ slice_of(row->remembers[count].field), slice_of(row->remembers[count].value) };
	peers_connect(stage, row->run, pairs, count);
}

static void judge(const struct stage *stage, const struct row *row)
{
	const struct core_status *status = core_status(stage->core);
	if (row->incarnation == NEW)
		CU_ASSERT_EQUAL(status->incarnation, stage->now_ms * 1000);
	if (row->is_open && row->incarnation != NEW)
		stage_expect_number(row->name, "incarnation", status->incarnation, row->incarnation);
	stage_expect_number(row->name, "the own log is read behind", (uint64_t)stage->followed[PEER_A], (uint64_t)row->own);
	stage_expect_number(row->name, "the log of b is read behind", (uint64_t)stage->followed[PEER_B], (uint64_t)row->b);
	stage_expect_number(row->name, "the log of c is read behind", (uint64_t)stage->followed[PEER_C], (uint64_t)row->c);
	stage_expect_number(row->name, "alarms", stage->alarms, row->alarms);
}

static void what_the_store_remembers_says_where_to_go_on(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage stage;
		peers_start(&stage, "lww");
		open_with(&stage, &rows[i]);
		judge(&stage, &rows[i]);
		stage_close(&stage);
	}
}

static void a_connection_that_is_lost_and_made_again_goes_on_from_what_the_store_remembers(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage stage;
		peers_open(&stage, "lww");
		stage_step(&stage, (struct event){ .type = EVENT_LOST });
		CU_ASSERT_FALSE(core_status(stage.core)->is_open);
		stage.now_ms += 1000;
		open_with(&stage, &rows[i]);
		CU_ASSERT_EQUAL(core_status(stage.core)->is_open, rows[i].is_open);
		stage_expect_number(rows[i].name, "alarms", stage.alarms, rows[i].alarms);
		stage_close(&stage);
	}
}

/* A client must not wait for what never comes. */
static void what_cannot_be_opened_refuses_writes_with_the_reason(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage stage;
		peers_start(&stage, "lww");
		open_with(&stage, &rows[i]);
		stage_set(&stage, "k");
		stage_expect_number(rows[i].name, "refusals", stage.refusals, !rows[i].is_open);
		CU_ASSERT_EQUAL(core_status(stage.core)->trouble == NULL, rows[i].is_open);
		stage_close(&stage);
	}
}

static void open_with_incarnations(struct stage *stage, unsigned count, const char *run)
{
	struct buffer value = { 0 };
	buffer_add_text(&value, "7");
	for (unsigned i = 1; i <= count; i++) {
		buffer_add_byte(&value, ' ');
		buffer_add_uint64(&value, i);
		buffer_add_text(&value, ":4:0:0:0");
	}
	peers_start(stage, "lww");
	peers_connect(stage, run, (struct stored_pair[]){ { SLICE("run"), SLICE("one 4096") }, { SLICE("dc:a"), buffer_slice(&value) } }, 2);
	buffer_free(&value);
}

static void at_the_limit_of_incarnations_writes_are_refused_with_the_reason(void)
{
	static const struct { const char *run; unsigned count, remembered; bool is_open, is_refused; } cases[] = {
		{ "one", CORE_INCARNATIONS_MAX - 1, CORE_INCARNATIONS_MAX, true, true },
		{ "two", CORE_INCARNATIONS_MAX - 2, CORE_INCARNATIONS_MAX - 1, true, false },
		{ "two", CORE_INCARNATIONS_MAX + 5, CORE_INCARNATIONS_MAX + 6, true, true },
		{ "two", CORE_INCARNATIONS_KNOWN_MAX, CORE_INCARNATIONS_KNOWN_MAX, false, true },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		open_with_incarnations(&stage, cases[i].count, cases[i].run);
		stage_end_turn(&stage);
		stage_set(&stage, "k");
		const struct core_status *status = core_status(stage.core);
		CU_ASSERT_EQUAL(status->is_open, cases[i].is_open);
		CU_ASSERT_EQUAL(status->incarnations, cases[i].remembered);
		CU_ASSERT_EQUAL(stage.refusals, cases[i].is_refused);
		CU_ASSERT(cases[i].is_open || strcmp(status->trouble, CORE_TROUBLE_INCARNATIONS) == 0);
		stage_close(&stage);
	}
}

static void beyond_the_incarnations_that_can_be_told_apart_a_peers_log_is_called_so(void)
{
	const struct change change = { .kind = CHANGE_SET, .key = SLICE("b1"), .value = SLICE("v") };
	struct stage stage;
	open_with_incarnations(&stage, CORE_INCARNATIONS_KNOWN_MAX - 1, "two");
	CU_ASSERT(core_status(stage.core)->is_open);
	peers_tell(&stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 1, .changes = &change, .change_count = 1 });
	const struct core_peer_status *peer = &core_status(stage.core)->peers[PEER_B];
	CU_ASSERT(peer->state == PEER_UNDECODABLE && peer->is_beyond_incarnations);
	stage_close(&stage);
}

void suite_recovery(void)
{
	CU_pSuite suite = CU_add_suite("recovery", NULL, NULL);
	CU_ADD_TEST(suite, what_the_store_remembers_says_where_to_go_on);
	CU_ADD_TEST(suite, what_cannot_be_opened_refuses_writes_with_the_reason);
	CU_ADD_TEST(suite, beyond_the_incarnations_that_can_be_told_apart_a_peers_log_is_called_so);
	CU_ADD_TEST(suite, at_the_limit_of_incarnations_writes_are_refused_with_the_reason);
	CU_ADD_TEST(suite, a_connection_that_is_lost_and_made_again_goes_on_from_what_the_store_remembers);
}
