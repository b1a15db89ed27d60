/* Facts about session tokens: what a client may have seen at one datacenter is waited for at another. Both are played here: they are called a, and hear
 * of b's writes at different times. */
#include "peers.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_wait(void);

static void ask(struct stage *stage, enum ask kind, const char *token, uint64_t wait_ms)
{
	stage_step(stage, (struct event){ .type = EVENT_ASKED, .asked = {
		.token = ++stage->token, .ask = kind, .context = slice_of(token), .wait_ms = wait_ms,
	} });
	stage_end_turn(stage);
}

/* The token in the last answer, a bulk string. */
static void token_of(const struct stage *stage, char token[400])
{
	const char *start = strchr(stage->answer, '\n');
	CU_ASSERT_FATAL(stage->answer[0] == '$' && start != NULL);
	strcpy(token, start + 1);
	token[strcspn(token, "\r")] = '\0';
}

static void b_sets_k(struct stage *stage)
{
	peers_say(stage, PEER_B, 1, &(struct said){ .kind = CHANGE_SET, .value = "v" }, 1);
}

/* What A gives out that has applied a write of b's. */
static void token_that_saw_b(char token[400])
{
	struct stage stage;
	peers_open(&stage, "lww");
	b_sets_k(&stage);
	peers_settle(&stage, NULL);
	ask(&stage, ASK_TOKEN, "", 0);
	token_of(&stage, token);
	stage_close(&stage);
}

static void pass(struct stage *stage, uint64_t ms)
{
	stage->now_ms += ms;
	stage_step(stage, (struct event){ .type = EVENT_TICK });
}

/* ---- facts ---- */

static void token_is_given_out_when_the_store_has_what_it_tells(void)
{
	struct stage stage;
	peers_open(&stage, "lww");
	stage_set(&stage, "x");
	ask(&stage, ASK_TOKEN, "", 0);
	CU_ASSERT(stage.replies == 0 && stage.group_count == 1);
	peers_settle(&stage, NULL);
	CU_ASSERT(stage.replies == 1 && stage.answer[0] == '$');
	stage_close(&stage);
}

static void what_is_here_is_not_waited_for(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	peers_open(&stage, "lww");
	b_sets_k(&stage);
	peers_settle(&stage, NULL);
	ask(&stage, ASK_WAIT, token, 0);
	CU_ASSERT_STRING_EQUAL(stage.answer, "+OK\r\n");
	stage_close(&stage);
}

static void wait_ends_when_the_store_has_answered(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	peers_open(&stage, "lww");
	ask(&stage, ASK_WAIT, token, 1000);
	b_sets_k(&stage);
	/* It is on its way to the store. */
	CU_ASSERT(stage.replies == 0 && stage.group_count == 1 && core_status(stage.core)->waits == 1);
	peers_settle(&stage, NULL);
	CU_ASSERT_STRING_EQUAL(stage.answer, "+OK\r\n");
	CU_ASSERT(core_status(stage.core)->waits == 0);
	stage_close(&stage);
}

static void wait_that_lasts_too_long_is_told_what_is_not_here(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	peers_open(&stage, "lww");
	ask(&stage, ASK_WAIT, token, 1000);
	pass(&stage, 999);
	CU_ASSERT(stage.replies == 0);
	pass(&stage, 1);
	CU_ASSERT_STRING_EQUAL(stage.answer, "-HOMEPORT BEHIND a still lacks writes after 1000 ms: 1 of b: wait again, or read where the token is from\r\n");
	CU_ASSERT(core_status(stage.core)->waits_behind == 1);
	stage_close(&stage);
}

static void damaged_token_is_refused(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	peers_open(&stage, "lww");
	for (size_t i = 0; token[i] != '\0'; i++) {
		char wrong[400];
		strcpy(wrong, token);
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
		ask(&stage, ASK_WAIT, wrong, 0);
		CU_ASSERT(stage.refusals == i + 1 && strncmp(stage.answer, "-ERR Homeport: this is no session token", 39) == 0);
	}
	token[strlen(token) - 6] = '\0';
	ask(&stage, ASK_WAIT, token, 0);
	ask(&stage, ASK_WAIT, "", 0);
	ask(&stage, ASK_WAIT, "-", 0);
	CU_ASSERT(strncmp(stage.answer, "-ERR Homeport: this is no session token", 39) == 0 && stage.replies == 0);
	stage_close(&stage);
}

static void token_of_a_datacenter_that_is_not_configured_is_refused(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	stage_open(&stage);
	stage_end_turn(&stage);
	ask(&stage, ASK_WAIT, token, 0);
	CU_ASSERT(stage.refusals == 1 && strstr(stage.answer, "names the datacenter 'b', which is not configured here") != NULL);
	stage_close(&stage);
}

static void one_wait_too_many_is_refused(void)
{
	struct stage stage;
	char token[400];
	token_that_saw_b(token);
	peers_open(&stage, "lww");
	for (unsigned i = 0; i < 3; i++)
		ask(&stage, ASK_WAIT, token, 1000);
	CU_ASSERT(stage.refusals == 0);
	ask(&stage, ASK_WAIT, token, 1000);
	CU_ASSERT(stage.refusals == 1 && strstr(stage.answer, "limits.waits") != NULL && core_status(stage.core)->waits_refused == 1);
	stage_step(&stage, (struct event){ .type = EVENT_LOST });
	CU_ASSERT(core_status(stage.core)->waits == 0);
	stage_close(&stage);
}

void suite_wait(void)
{
	CU_pSuite suite = CU_add_suite("wait", NULL, NULL);
	CU_ADD_TEST(suite, token_is_given_out_when_the_store_has_what_it_tells);
	CU_ADD_TEST(suite, what_is_here_is_not_waited_for);
	CU_ADD_TEST(suite, wait_ends_when_the_store_has_answered);
	CU_ADD_TEST(suite, wait_that_lasts_too_long_is_told_what_is_not_here);
	CU_ADD_TEST(suite, damaged_token_is_refused);
	CU_ADD_TEST(suite, token_of_a_datacenter_that_is_not_configured_is_refused);
	CU_ADD_TEST(suite, one_wait_too_many_is_refused);
}
