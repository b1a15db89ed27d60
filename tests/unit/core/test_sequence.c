/* Facts about sequences: where the elements of a list stand, whatever order writes come in, and what the store is told. */
#include "site.h"

#include "proxy/core/versions/note.h"
#include "proxy/core/versions/sequence.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_sequence(void);

#define OPS_MAX 5

/* A write of DC, its SEQth, that had seen so much of each. VALUE: of one letter. */
struct deed {
	unsigned dc;
	uint64_t seq, hlc, seen[3];
	enum sequence_kind kind;
	int64_t index;
	uint64_t count, length;
	const char *value;
};

/* IS_ALIVE: no later write of another type is known. */
static void receive(struct site *site, struct sequence *sequence, const struct deed *deed, bool is_alive)
{
	struct context *context = context_new(NULL, 3);
	memcpy(context->seqs, deed->seen, sizeof deed->seen);
	const struct change change = { .kind = deed->kind == SEQUENCE_SET ? CHANGE_LIST_SET : CHANGE_LIST_INSERT, .key = SLICE("k"), .value = slice_of(deed->value == NULL ? "" : deed->value) };
	const struct write_facts facts = { .command = SLICE("rpush") };
	struct note *note = deed->value == NULL ? NULL : note_new(&site->keyspace, &change, &facts, context);
	const struct stamp stamp = { .seq = deed->seq, .hlc = deed->hlc, .context = context, .origin = deed->dc };
	if (deed->kind == SEQUENCE_CLEAR || deed->kind == SEQUENCE_KILL)
		sequence_erase(&site->keyspace, sequence, &stamp, deed->kind);
	else
		sequence_receive(&site->keyspace, sequence, &(struct sequence_op){ .stamp = stamp, .kind = deed->kind, .index = deed->index, .count = deed->count,
		                                                                   .length = deed->length, .note = note }, is_alive);
	note_drop(&site->keyspace, note);
	context_drop(context);
}

static void visit(void *out, const struct note *note)
{
	buffer_add(out, note_whole_value(note));
}

/* Do these writes, in this order, come to the list EXPECTED? */
static bool come_to(const struct deed *const *deeds, unsigned count, const char *expected)
{
	struct site site;
	struct buffer found = { 0 };
	site_open(&site, &site_policies[SITE_LWW]);
	struct sequence *sequence = sequence_new(&site.keyspace);
	for (unsigned i = 0; i < count; i++) {
		bool is_alive = true;
		for (unsigned j = 0; j < i; j++)
			is_alive &= deeds[j]->kind != SEQUENCE_KILL || deeds[j]->hlc < deeds[i]->hlc;
		receive(&site, sequence, deeds[i], is_alive);
	}
	sequence_values(&site.keyspace, sequence, visit, &found);
	bool is_equal = slice_equal(buffer_slice(&found), slice_of(expected));
	if (!is_equal)
		printf("\n    found %.*s, not %s\n", (int)found.len, buffer_slice(&found).ptr, expected);
	buffer_free(&found);
	sequence_free(&site.keyspace, sequence);
	CU_ASSERT_EQUAL(site.keyspace.bytes, 0);
	site_close(&site);
	return is_equal;
}

/* In every order in which a datacenter may get them: causes first. */
static unsigned in_all_orders(const struct deed *deeds, unsigned count, const struct deed **order, unsigned placed, const char *expected)
{
	unsigned orders = 0;
	if (placed == count) {
		CU_ASSERT(come_to(order, count, expected));
		return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t seen[3] = { 0 };
		bool is_placed = false, is_ready = true;
		for (unsigned j = 0; j < placed; j++) {
			is_placed |= order[j] == &deeds[i];
			seen[order[j]->dc] = order[j]->seq;
		}
		for (unsigned dc = 0; dc < 3; dc++)
			is_ready &= deeds[i].seen[dc] <= seen[dc];
		if (is_placed || !is_ready || deeds[i].seq > seen[deeds[i].dc] + 1)
			continue;
		order[placed] = &deeds[i];
		orders += in_all_orders(deeds, count, order, placed + 1, expected);
	}
	return orders;
}

static unsigned all_orders(const struct deed *deeds, unsigned count, const char *expected)
{
	const struct deed *order[OPS_MAX];
	return in_all_orders(deeds, count, order, 0, expected);
}

#define PUSH(of, n, at, v, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = SEQUENCE_INSERT, .index = SEQUENCE_TAIL, .value = v }
#define LPUSH(of, n, at, v, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = SEQUENCE_INSERT, .index = 0, .value = v }
#define INSERT(of, n, at, i, len, v, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = SEQUENCE_INSERT, .index = i, .length = len, .value = v }
#define TAKE(of, n, at, i, c, len, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = SEQUENCE_REMOVE, .index = i, .count = c, .length = len }
#define PUT(of, n, at, i, len, v, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = SEQUENCE_SET, .index = i, .length = len, .value = v }
#define ERASE(of, n, at, how, ...) { .dc = of, .seq = n, .hlc = at, .seen = { __VA_ARGS__ }, .kind = how }

static void runs_of_pushes_stay_together_at_both_ends(void)
{
	const struct deed tail[] = { PUSH(0, 1, 10, "a", 0, 0, 0), PUSH(0, 2, 12, "b", 1, 0, 0), PUSH(1, 1, 11, "x", 0, 0, 0), PUSH(1, 2, 13, "y", 0, 1, 0) };
	const struct deed head[] = { LPUSH(0, 1, 10, "a", 0, 0, 0), LPUSH(0, 2, 12, "b", 1, 0, 0), LPUSH(1, 1, 11, "x", 0, 0, 0), LPUSH(1, 2, 13, "y", 0, 1, 0) };
	CU_ASSERT_EQUAL(all_orders(tail, 4, "abxy"), 6);
	CU_ASSERT_EQUAL(all_orders(head, 4, "yxba"), 6);
}

static void inserts_at_one_place_do_not_mix(void)
{
	const struct deed deeds[] = {
		PUSH(0, 1, 10, "a", 0, 0, 0), PUSH(0, 2, 11, "z", 1, 0, 0),
		INSERT(1, 1, 12, 1, 2, "p", 2, 0, 0), INSERT(1, 2, 13, 2, 3, "q", 2, 1, 0), INSERT(2, 1, 14, 1, 2, "u", 2, 0, 0),
	};
	CU_ASSERT_EQUAL(all_orders(deeds, 5, "apquz"), 3);
}

static void what_is_removed_is_gone_whoever_else_removed_or_set_it(void)
{
	const struct deed deeds[] = {
		PUSH(0, 1, 10, "a", 0, 0, 0), PUSH(0, 2, 11, "b", 1, 0, 0), TAKE(1, 1, 12, 0, 1, 2, 2, 0, 0), PUT(2, 1, 13, 0, 2, "c", 2, 0, 0), TAKE(0, 3, 14, 0, 1, 2, 2, 0, 0),
	};
	CU_ASSERT_EQUAL(all_orders(deeds, 5, "b"), 6);
}

static void of_those_who_set_an_element_the_latest_counts(void)
{
	const struct deed deeds[] = { PUSH(0, 1, 10, "a", 0, 0, 0), PUT(1, 1, 13, 0, 1, "c", 1, 0, 0), PUT(2, 1, 12, 0, 1, "d", 1, 0, 0), LPUSH(0, 2, 11, "x", 1, 0, 0) };
	CU_ASSERT_EQUAL(all_orders(deeds, 4, "xc"), 6);
}

static void a_clear_removes_what_it_has_seen_and_another_type_what_is_older(void)
{
	const struct deed cleared[] = { PUSH(0, 1, 10, "a", 0, 0, 0), PUSH(1, 1, 11, "x", 0, 0, 0), ERASE(0, 2, 12, SEQUENCE_CLEAR, 1, 0, 0), PUSH(2, 1, 13, "p", 0, 0, 0) };
	const struct deed killed[] = { PUSH(0, 1, 10, "a", 0, 0, 0), PUSH(1, 1, 11, "x", 0, 0, 0), ERASE(0, 2, 12, SEQUENCE_KILL, 1, 0, 0), PUSH(2, 1, 13, "p", 0, 0, 0) };
	CU_ASSERT_EQUAL(all_orders(cleared, 4, "xp"), 12);
	CU_ASSERT_EQUAL(all_orders(killed, 4, "p"), 12);
}

/* ---- what the store is told ---- */

struct store { struct site site; struct sequence *sequence; };

static void told_open(struct store *told)
{
	site_open(&told->site, &site_policies[SITE_LWW]);
	told->sequence = sequence_new(&told->site.keyspace);
}

static void told_close(struct store *told)
{
	sequence_free(&told->site.keyspace, told->sequence);
	site_close(&told->site);
}

/* Is the one edit that DEED leads to this? */
static bool is_told(struct store *told, const struct deed *deed, enum sequence_kind kind, bool is_from_tail, uint64_t index, uint64_t count)
{
	const struct sequence *sequence = told->sequence;
	sequence_drop_edits(&told->site.keyspace, told->sequence);
	receive(&told->site, told->sequence, deed, true);
	const struct sequence_edit *edit = sequence->edits;
	return sequence->edit_count == 1 && edit->kind == kind && edit->is_from_tail == is_from_tail && edit->index == index && edit->count == count;
}

static void places_are_counted_from_the_nearer_end(void)
{
	struct store told;
	told_open(&told);
	CU_ASSERT(is_told(&told, &(struct deed)TAKE(0, 1, 10, 2, 1, 100, 0, 0, 0), SEQUENCE_REMOVE, false, 2, 1));
	CU_ASSERT(is_told(&told, &(struct deed)TAKE(0, 2, 11, 90, 3, 99, 1, 0, 0), SEQUENCE_REMOVE, true, 6, 3));
	CU_ASSERT(is_told(&told, &(struct deed)INSERT(0, 3, 12, 90, 96, "v", 2, 0, 0), SEQUENCE_INSERT, true, 6, 0));
	/* Concurrent to all of that, in a list of 100. */
	CU_ASSERT(is_told(&told, &(struct deed)PUT(1, 1, 13, 50, 100, "w", 0, 0, 0), SEQUENCE_SET, true, 47, 1));
	CU_ASSERT(is_told(&told, &(struct deed)INSERT(1, 2, 14, 3, 100, "x", 0, 1, 0), SEQUENCE_INSERT, false, 2, 1));
	told_close(&told);
}

static void what_two_have_removed_meets_and_is_removed_once(void)
{
	struct store told;
	told_open(&told);
	CU_ASSERT(is_told(&told, &(struct deed)TAKE(0, 1, 10, 0, 1, 5, 0, 0, 0), SEQUENCE_REMOVE, false, 0, 1));
	CU_ASSERT(is_told(&told, &(struct deed)TAKE(1, 1, 11, 0, 2, 5, 0, 0, 0), SEQUENCE_REMOVE, false, 0, 1));
	CU_ASSERT_FATAL(told.sequence->meeting_count == 1);
	CU_ASSERT(told.sequence->meetings[0].origin == 0 && told.sequence->meetings[0].seq == 1);
	told_close(&told);
}

static void what_is_stable_is_forgotten_but_for_what_the_rest_has_not_seen(void)
{
	struct store told;
	told_open(&told);
	for (uint64_t i = 1; i <= 16; i++)
		receive(&told.site, told.sequence, &(struct deed){ .dc = 0, .seq = i, .hlc = i, .seen = { i - 1, 0, 0 }, .kind = SEQUENCE_INSERT, .index = SEQUENCE_TAIL, .value = "a" }, true);
	receive(&told.site, told.sequence, &(struct deed)PUSH(1, 1, 20, "b", 10, 0, 0), true);
	sequence_drop_edits(&told.site.keyspace, told.sequence);
	CU_ASSERT(!sequence_is_stable(&told.site.keyspace, told.sequence));
	told.site.origins.items[0].stable = 16;
	sequence_prune(&told.site.keyspace, told.sequence);
	CU_ASSERT_EQUAL(told.sequence->count, 7);
	told.site.origins.items[1].stable = 1;
	CU_ASSERT(sequence_is_stable(&told.site.keyspace, told.sequence));
	told_close(&told);
}

void suite_sequence(void)
{
	CU_pSuite suite = CU_add_suite("sequence", NULL, NULL);
	CU_ADD_TEST(suite, runs_of_pushes_stay_together_at_both_ends);
	CU_ADD_TEST(suite, inserts_at_one_place_do_not_mix);
	CU_ADD_TEST(suite, what_is_removed_is_gone_whoever_else_removed_or_set_it);
	CU_ADD_TEST(suite, of_those_who_set_an_element_the_latest_counts);
	CU_ADD_TEST(suite, a_clear_removes_what_it_has_seen_and_another_type_what_is_older);
	CU_ADD_TEST(suite, places_are_counted_from_the_nearer_end);
	CU_ADD_TEST(suite, what_two_have_removed_meets_and_is_removed_once);
	CU_ADD_TEST(suite, what_is_stable_is_forgotten_but_for_what_the_rest_has_not_seen);
}
