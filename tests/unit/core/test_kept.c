/* What is kept of a log that is in the store: for how long, how much, and what of it a log that lost its end gets again. */
#include "proxy/core/local/kept.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_kept(void);

#define BYTES_MAX 4000

struct bench {
	struct core_options options;
	struct step step;
	struct causes causes;
	struct origin origins[2];
	struct outbox outbox;
};

static void bench_open(struct bench *bench, bool is_log_in_store)
{
	memset(bench, 0, sizeof *bench);
	bench->options.outbox_bytes_max = BYTES_MAX;
	bench->options.is_log_in_store = is_log_in_store;
	step_init(&bench->step);
	bench->causes.origins.items = bench->origins;
	bench->causes.origins.count = 2;
	bench->outbox = (struct outbox){ .options = &bench->options, .step = &bench->step, .causes = &bench->causes };
	outbox_init(&bench->outbox);
}

static void bench_close(struct bench *bench)
{
	outbox_free(&bench->outbox);
	step_free(&bench->step);
	CU_ASSERT(bench->outbox.bytes == 0 && bench->outbox.events == 0 && bench->outbox.kept_bytes == 0);
}

/* The log has a batch of one write, or PART of PARTS of one. */
static void append(struct bench *bench, unsigned origin, uint64_t seq, size_t bytes, unsigned part, unsigned parts)
{
	struct buffer text = { 0 }, out = { 0 };
	for (size_t i = 0; i < bytes; i++)
		buffer_add_byte(&text, (char)('a' + part));
	envelope_begin(&out, &(struct batch){ .dc = SLICE("a"), .incarnation = 1, .first_seq = seq, .part = part, .part_count = parts,
	                                     .part_bytes = parts > 0 ? buffer_slice(&text) : SLICE("") });
	if (parts == 0)
		buffer_add(&out, buffer_slice(&text));
	bool is_part = part + 1 < parts;
	struct append facts = { .origin = origin, .last_seq = is_part ? 0 : seq, .events = !is_part, .is_part = is_part };
	kept_add(&bench->outbox, append_new(&bench->outbox, buffer_slice(&out), &facts));
	buffer_free(&text);
	buffer_free(&out);
}

static unsigned count(const struct append_list *list)
{
	unsigned count = 0;
	for (const struct append *append = list->first; append != NULL; append = append->next)
		count++;
	return count;
}

static void only_a_log_in_the_store_is_kept_and_for_a_while(void)
{
	struct bench bench;
	bench_open(&bench, false);
	append(&bench, 0, 1, 0, 0, 0);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 0);
	bench_close(&bench);
	bench_open(&bench, true);
	append(&bench, 0, 1, 0, 0, 0);
	bench.step.steady_ms = KEPT_MS - 1;
	append(&bench, 0, 2, 0, 0, 0);
	kept_forget(&bench.outbox);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 2);
	bench.step.steady_ms = KEPT_MS;
	kept_forget(&bench.outbox);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 1);
	CU_ASSERT_EQUAL(bench.outbox.kept.first->last_seq, 2);
	bench_close(&bench);
}

static void beyond_a_part_of_the_outbox_the_oldest_go_and_no_batch_by_halves(void)
{
	struct bench bench;
	bench_open(&bench, true);
	append(&bench, 0, 1, BYTES_MAX / KEPT_PART, 0, 2);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 1);
	append(&bench, 0, 1, 1, 1, 2);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 0);
	append(&bench, 0, 2, BYTES_MAX / KEPT_PART / 2, 0, 2);
	append(&bench, 0, 2, 1, 1, 2);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 2);
	bench_close(&bench);
}

static void what_the_log_lacks_comes_again_whole_and_in_order(void)
{
	struct bench bench;
	struct append_list lost;
	append_list_init(&lost);
	bench_open(&bench, true);
	append(&bench, 0, 1, 0, 0, 0);
	append(&bench, 0, 2, 3, 0, 2);
	append(&bench, 0, 2, 2, 1, 2);
	append(&bench, 1, 1, 0, 0, 0);
	append(&bench, 0, 3, 0, 0, 0);
	bench.origins[0].logged = 1;
	bench.origins[1].is_past = true;
	kept_take_lost(&bench.outbox, &lost);
	CU_ASSERT_EQUAL(count(&bench.outbox.kept), 2);
	CU_ASSERT_EQUAL_FATAL(count(&lost), 2);
	CU_ASSERT(slice_equal(lost.first->bytes, SLICE("aaabb")) && lost.first->last_seq == 2 && lost.first->was_sent);
	CU_ASSERT_EQUAL(lost.first->next->last_seq, 3);
	append_list_clear(&bench.outbox, &lost);
	bench_close(&bench);
}

void suite_kept(void)
{
	CU_pSuite suite = CU_add_suite("kept", NULL, NULL);
	CU_ADD_TEST(suite, only_a_log_in_the_store_is_kept_and_for_a_while);
	CU_ADD_TEST(suite, beyond_a_part_of_the_outbox_the_oldest_go_and_no_batch_by_halves);
	CU_ADD_TEST(suite, what_the_log_lacks_comes_again_whole_and_in_order);
}
