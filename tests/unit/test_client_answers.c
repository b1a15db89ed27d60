/* Facts about answers: whatever order they come in, a client gets them in the order in which it asked. */
#include "proxy/clients/client_answers.h"

#include <CUnit/CUnit.h>

void suite_client_answers(void);

static uint32_t expect(struct answers *answers)
{
	return answers_expect(answers, &(struct client_answer){ .parts = 1 });
}

static bool is_out(struct buffer *out, const char *text)
{
	bool is_same = slice_equal(buffer_slice(out), slice_of(text));
	buffer_reset(out);
	return is_same;
}

static void answers_in_order_are_not_held(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t first = expect(&answers), second = expect(&answers);
	answers_fill(&answers, first, SLICE("+1\r\n"), &out);
	CU_ASSERT(is_out(&out, "+1\r\n"));
	answers_fill(&answers, second, SLICE("+2\r\n"), &out);
	CU_ASSERT(is_out(&out, "+2\r\n") && answers_due(&answers) == 0);
	answers_free(&answers);
	buffer_free(&out);
}

static void an_early_answer_waits_for_its_predecessors(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t first = expect(&answers), second = expect(&answers), third = expect(&answers);
	answers_add(&answers, SLICE("+4\r\n"), false, &out);
	answers_fill(&answers, third, SLICE("+3\r\n"), &out);
	answers_fill(&answers, second, SLICE("+2\r\n"), &out);
	CU_ASSERT(is_out(&out, "") && answers_due(&answers) == 4);
	answers_fill(&answers, first, SLICE("+1\r\n"), &out);
	CU_ASSERT(is_out(&out, "+1\r\n+2\r\n+3\r\n+4\r\n") && answers_due(&answers) == 0);
	answers_free(&answers);
	buffer_free(&out);
}

static void a_transaction_is_one_array(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t first = expect(&answers);
	uint32_t exec = answers_expect(&answers, &(struct client_answer){ .parts = 2, .is_array = true });
	uint32_t last = expect(&answers);
	answers_fill(&answers, last, SLICE("+last\r\n"), &out);
	answers_fill(&answers, exec, SLICE("+a\r\n"), &out);
	answers_fill(&answers, first, SLICE("+first\r\n"), &out);
	CU_ASSERT(is_out(&out, "+first\r\n*2\r\n+a\r\n"));
	answers_fill(&answers, exec, SLICE("+b\r\n"), &out);
	CU_ASSERT(is_out(&out, "+b\r\n+last\r\n"));
	answers_free(&answers);
	buffer_free(&out);
}

static void a_refused_transaction_is_one_error(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t exec = answers_expect(&answers, &(struct client_answer){ .parts = 3, .is_array = true });
	answers_settle(&answers, exec, SLICE("-OOM\r\n"), &out);
	CU_ASSERT(is_out(&out, "-OOM\r\n") && answers_find(&answers, exec) == NULL);
	answers_free(&answers);
	buffer_free(&out);
}

static void who_wants_no_answer_gets_none_and_blocks_nobody(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t muted = answers_expect(&answers, &(struct client_answer){ .parts = 1, .is_muted = true });
	uint32_t heard = expect(&answers);
	answers_add(&answers, SLICE("+muted\r\n"), true, &out);
	answers_fill(&answers, heard, SLICE("+heard\r\n"), &out);
	answers_fill(&answers, muted, SLICE("+muted\r\n"), &out);
	CU_ASSERT(is_out(&out, "+heard\r\n") && answers_due(&answers) == 0);
	answers_free(&answers);
	buffer_free(&out);
}

static void numbers_wrap_around_and_the_ring_grows(void)
{
	struct answers answers = { .first = UINT32_MAX - 5, .next = UINT32_MAX - 5 };
	struct buffer out = { 0 };
	uint32_t numbers[100];
	for (unsigned i = 0; i < 100; i++)
		numbers[i] = expect(&answers);
	CU_ASSERT(answers_due(&answers) == 100 && answers_find(&answers, numbers[99] + 1) == NULL);
	for (unsigned i = 100; i-- > 0;)
		answers_fill(&answers, numbers[i], SLICE("x"), &out);
	CU_ASSERT(out.len == 100 && answers_due(&answers) == 0 && answers_find(&answers, numbers[0]) == NULL);
	answers_free(&answers);
	buffer_free(&out);
}

static void a_tagged_answer_waits_for_none_and_is_not_cut(void)
{
	struct answers answers = { 0 };
	struct buffer out = { 0 };
	uint32_t first = answers_expect(&answers, &(struct client_answer){ .parts = 2, .is_array = true });
	uint32_t second = answers_expect(&answers, &(struct client_answer){ .parts = 2, .is_array = true, .is_tagged = true, .tag = 7 });
	uint32_t third = answers_expect(&answers, &(struct client_answer){ .parts = 1, .is_tagged = true, .tag = 8 });
	answers_fill(&answers, second, SLICE("+2a\r\n"), &out);
	CU_ASSERT(is_out(&out, ""));
	answers_fill(&answers, third, SLICE("+3\r\n"), &out);
	CU_ASSERT(is_out(&out, "*2\r\n:8\r\n+3\r\n"));
	answers_fill(&answers, first, SLICE("+1a\r\n"), &out);
	CU_ASSERT(is_out(&out, "*2\r\n+1a\r\n"));
	/* Not into the middle of another one. */
	answers_fill(&answers, second, SLICE("+2b\r\n"), &out);
	CU_ASSERT(is_out(&out, ""));
	answers_fill(&answers, first, SLICE("+1b\r\n"), &out);
	CU_ASSERT(is_out(&out, "+1b\r\n*2\r\n:7\r\n*2\r\n+2a\r\n+2b\r\n") && answers_due(&answers) == 0);
	uint32_t refused = answers_expect(&answers, &(struct client_answer){ .parts = 2, .is_array = true, .is_tagged = true, .tag = 9 });
	answers_settle(&answers, refused, SLICE("-no\r\n"), &out);
	CU_ASSERT(is_out(&out, "*2\r\n:9\r\n-no\r\n") && answers_due(&answers) == 0);
	answers_free(&answers);
	buffer_free(&out);
}

void suite_client_answers(void)
{
	CU_pSuite suite = CU_add_suite("client_answers", NULL, NULL);
	CU_ADD_TEST(suite, answers_in_order_are_not_held);
	CU_ADD_TEST(suite, an_early_answer_waits_for_its_predecessors);
	CU_ADD_TEST(suite, a_transaction_is_one_array);
	CU_ADD_TEST(suite, a_refused_transaction_is_one_error);
	CU_ADD_TEST(suite, a_tagged_answer_waits_for_none_and_is_not_cut);
	CU_ADD_TEST(suite, who_wants_no_answer_gets_none_and_blocks_nobody);
	CU_ADD_TEST(suite, numbers_wrap_around_and_the_ring_grows);
}
