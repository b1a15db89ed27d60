/* Facts about episodes: which writes are one conflict, and what is told of it, whatever the order in which they come. */
#include "site.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_episode(void);

/* ---- orders: writes by number, in every order that causality allows ---- */

static bool may_come(const struct write *writes, unsigned count, const bool *is_there, unsigned index)
{
	for (unsigned i = 0; i < count; i++) {
		bool is_before = writes[i].dc == writes[index].dc ? writes[i].seq < writes[index].seq : writes[index].seen[writes[i].dc] >= writes[i].seq;
		if (is_before && !is_there[i])
			return false;
	}
	return true;
}

struct trial { struct policy *policy; const struct write *writes; unsigned count; enum kind kind; struct buffer expected; unsigned orders; bool is_same; };

/* All records of the element, by id, as the hash has them. */
static void add_records(struct site *site, enum kind kind, struct buffer *out)
{
	const struct element *element = site_element(site, kind, kind == KIND_HASH ? SLICE("e") : SLICE(""));
	struct read reads[4];
	unsigned count = 0;
	for (const struct episode *episode = element->episodes; episode != NULL && count < 4; episode = episode->next) {
		unsigned at = count++;
		site_read(site, episode, &reads[at]);
		for (; at > 0 && slice_compare(reads[at].record.id, reads[at - 1].record.id) < 0; at--) {
			struct read swap = reads[at];
			reads[at] = reads[at - 1];
			reads[at - 1] = swap;
		}
	}
	for (unsigned i = 0; i < count; i++) {
		buffer_add(out, buffer_slice(&reads[i].bytes));
		read_free(&reads[i]);
	}
}

static void try_order(struct trial *trial, const unsigned *order)
{
	struct site site;
	struct buffer records = { 0 };
	site_open(&site, trial->policy);
	for (unsigned i = 0; i < trial->count; i++)
		site_apply(&site, &trial->writes[order[i]]);
	add_records(&site, trial->kind, &records);
	if (trial->orders++ == 0)
		buffer_add(&trial->expected, buffer_slice(&records));
	trial->is_same &= slice_equal(buffer_slice(&records), buffer_slice(&trial->expected));
	buffer_free(&records);
	site_close(&site);
}

static void try_orders(struct trial *trial, unsigned *order, bool *is_there, unsigned placed)
{
	if (placed == trial->count) {
		try_order(trial, order);
		return;
	}
	for (unsigned i = 0; i < trial->count; i++) {
		if (is_there[i] || !may_come(trial->writes, trial->count, is_there, i))
			continue;
		order[placed] = i;
		is_there[i] = true;
		try_orders(trial, order, is_there, placed + 1);
		is_there[i] = false;
	}
}

static unsigned orders_agree(struct policy *chosen, const struct write *writes, unsigned count, enum kind kind)
{
	struct trial trial = { .policy = chosen, .writes = writes, .count = count, .kind = kind, .is_same = true };
	unsigned order[8];
	bool is_there[8] = { false };
	try_orders(&trial, order, is_there, 0);
	CU_ASSERT(trial.is_same);
	CU_ASSERT(trial.expected.len > 0);
	buffer_free(&trial.expected);
	return trial.orders;
}

/* ---- facts ---- */

static void two_concurrent_sets_are_one_record(void)
{
	struct site site;
	struct read read;
	const struct write a = { 0, 1, 100, { 0, 0, 0 }, set_of("a value longer than is kept"), "set", WRITE_ORDINARY };
	const struct write b = { 1, 1, 200, { 0, 0, 0 }, set_of("b"), "getset", WRITE_ORDINARY };
	site_open(&site, &site_policies[0]);
	site_apply(&site, &a);
	CU_ASSERT(site_element(&site, KIND_STRING, SLICE(""))->episodes == NULL);
	site_apply(&site, &b);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	CU_ASSERT_FATAL(episode_count(element) == 1);
	site_read(&site, element->episodes, &read);
	const struct record *record = &read.record;
	CU_ASSERT(record->kind == RECORD_WRITE_WRITE && record->status == RECORD_AUTO && record->pairs == 1 && record->side_count == 2);
	CU_ASSERT(slice_equal(record->key, SLICE("k")) && slice_equal(record->type, SLICE("string")) && slice_equal(record->rule, SLICE("lww")));
	CU_ASSERT(record->rules_digest == 7 && record->first_hlc == 100 && record->opened_hlc == 200 && record->ended_hlc == 0);
	CU_ASSERT(slice_equal(record->winner.dc, SLICE("bom")) && record->winner.seq == 1 && slice_equal(record->value, SLICE("b")));
	CU_ASSERT(memcmp(record->id.ptr, "ams-1-1-", 8) == 0);
	CU_ASSERT(slice_equal(record->sides[0].dot.dc, SLICE("bom")) && slice_equal(record->sides[0].command, SLICE("getset")));
	CU_ASSERT(slice_equal(record->sides[1].value, SLICE("a value ")) && record->sides[1].value_len == 27);
	CU_ASSERT(record->sides[1].value_hash == record_hash(RECORD_HASH_START, SLICE("a value longer than is kept")));
	CU_ASSERT(slice_equal(record->sides[1].client, SLICE("me")) && !record->sides[1].is_live);
	read_free(&read);
	site_close(&site);
}

static void chain_is_one_record_in_every_order(void)
{
	/* A || B, B || C, C saw A; D saw all and is no part of it. */
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, set_of("a"), NULL, WRITE_ORDINARY },
		{ 1, 1, 150, { 0, 0, 0 }, set_of("b"), NULL, WRITE_ORDINARY },
		{ 2, 1, 200, { 1, 0, 0 }, set_of("c"), NULL, WRITE_ORDINARY },
		{ 0, 2, 300, { 1, 1, 1 }, set_of("d"), NULL, WRITE_ORDINARY },
	};
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT(orders_agree(&site_policies[i], writes, 4, KIND_STRING) == 3);
	struct site site;
	struct read read;
	site_open(&site, &site_policies[0]);
	for (unsigned i = 0; i < 4; i++)
		site_apply(&site, &writes[i]);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	CU_ASSERT_FATAL(episode_count(element) == 1);
	site_read(&site, element->episodes, &read);
	CU_ASSERT(read.record.side_count == 3 && read.record.pairs == 2);
	read_free(&read);
	site_close(&site);
}

static void later_pair_joins_two_records(void)
{
	/* A || B and C || D, apart, until E is met, which has seen neither B nor D. */
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, set_of("a"), NULL, WRITE_ORDINARY },
		{ 1, 1, 110, { 0, 0, 0 }, set_of("b"), NULL, WRITE_ORDINARY },
		{ 0, 2, 120, { 1, 1, 0 }, set_of("c"), NULL, WRITE_ORDINARY },
		{ 1, 2, 130, { 1, 1, 0 }, set_of("d"), NULL, WRITE_ORDINARY },
		{ 2, 1, 140, { 0, 0, 0 }, set_of("e"), NULL, WRITE_ORDINARY },
	};
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT(orders_agree(&site_policies[i], writes, 5, KIND_STRING) > 10);
	struct site site;
	site_open(&site, &site_policies[0]);
	for (unsigned i = 0; i < 4; i++)
		site_apply(&site, &writes[i]);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	CU_ASSERT(episode_count(element) == 2);
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next)
		pack_add(pack_new(&site.keyspace, SLICE("stored"), EPISODES_WAITING), episode);
	site_apply(&site, &writes[4]);
	CU_ASSERT(episode_count(element) == 1 && site.keyspace.episodes->gone_count == 1 && site.keyspace.episodes->count == 1);
	site_close(&site);
}

static void increments_alone_are_no_record(void)
{
	struct site site;
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, of_kind(CHANGE_INCREMENT), "incr", WRITE_ORDINARY },
		{ 1, 1, 110, { 0, 0, 0 }, of_kind(CHANGE_INCREMENT), "incr", WRITE_ORDINARY },
		{ 2, 1, 120, { 0, 0, 0 }, set_of("10"), NULL, WRITE_ORDINARY },
	};
	site_open(&site, &site_policies[0]);
	site_apply(&site, &writes[0]);
	site_apply(&site, &writes[1]);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	CU_ASSERT(element->episodes == NULL);
	site_apply(&site, &writes[2]);
	CU_ASSERT_FATAL(episode_count(element) == 1);
	struct read read;
	site_read(&site, element->episodes, &read);
	CU_ASSERT(read.record.side_count == 3 && read.record.pairs == 2 && read.record.winner.seq == 0);
	CU_ASSERT(slice_equal(read.record.sides[1].value, SLICE("+5")) && read.record.sides[1].is_increment);
	read_free(&read);
	site_close(&site);
	CU_ASSERT(orders_agree(&site_policies[0], writes, 3, KIND_STRING) == 6);
}

static void clears_and_types_are_told_alike_in_every_order(void)
{
	struct change field = of_kind(CHANGE_FIELD_SET);
	field.value = SLICE("v");
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, set_of("a"), NULL, WRITE_ORDINARY },
		{ 1, 1, 110, { 0, 0, 0 }, field, "hset", WRITE_ORDINARY },
		{ 2, 1, 120, { 0, 0, 0 }, of_kind(CHANGE_CLEAR), "del", WRITE_ORDINARY },
		{ 2, 2, 130, { 0, 0, 1 }, of_kind(CHANGE_FLUSH), "flushdb", WRITE_ORDINARY },
	};
	static const enum kind kinds[] = { KIND_STRING, KIND_HASH, KIND_KEY };
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < 3; j++)
			CU_ASSERT(orders_agree(&site_policies[i], writes, 4, kinds[j]) == 12);
	struct site site;
	struct read read;
	site_open(&site, &site_policies[0]);
	for (unsigned i = 0; i < 4; i++)
		site_apply(&site, &writes[i]);
	site_read(&site, site_element(&site, KIND_KEY, SLICE(""))->episodes, &read);
	CU_ASSERT(read.record.kind == RECORD_TYPE_CLASH && read.record.side_count == 2);
	read_free(&read);
	site_read(&site, site_element(&site, KIND_HASH, SLICE("e"))->episodes, &read);
	CU_ASSERT(read.record.kind == RECORD_WRITE_DELETE && read.record.side_count == 3);
	read_free(&read);
	site_close(&site);
}

static void same_pop_at_two_datacenters_is_told(void)
{
	struct site site;
	struct read read;
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, of_kind(CHANGE_MEMBER_REMOVE), "spop", WRITE_ORDINARY },
		{ 1, 1, 110, { 0, 0, 0 }, of_kind(CHANGE_MEMBER_REMOVE), "spop", WRITE_ORDINARY },
	};
	site_open(&site, &site_policies[0]);
	site_apply(&site, &writes[0]);
	site_apply(&site, &writes[1]);
	site_read(&site, site_element(&site, KIND_SET, SLICE("e"))->episodes, &read);
	CU_ASSERT(read.record.kind == RECORD_DOUBLE_POP);
	read_free(&read);
	site_close(&site);
}

static void open_record_ends_by_the_earliest_write_that_has_seen_it(void)
{
	/* C and D have both seen A and B; they are a conflict of their own. */
	const struct write writes[] = {
		{ 0, 1, 100, { 0, 0, 0 }, set_of("a"), NULL, WRITE_ORDINARY },
		{ 1, 1, 110, { 0, 0, 0 }, set_of("b"), NULL, WRITE_ORDINARY },
		{ 2, 1, 120, { 1, 1, 0 }, set_of("c"), NULL, WRITE_RESOLVES },
		{ 0, 2, 130, { 1, 1, 0 }, set_of("d"), NULL, WRITE_ORDINARY },
	};
	CU_ASSERT(orders_agree(&site_policies[1], writes, 4, KIND_STRING) == 4);
	struct site site;
	struct read read;
	site_open(&site, &site_policies[1]);
	site_apply(&site, &writes[0]);
	site_apply(&site, &writes[1]);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	site_read(&site, element->episodes, &read);
	CU_ASSERT(read.record.status == RECORD_OPEN && read.record.sides[0].is_live && read.record.sides[1].is_live && read.record.resolution.seq == 0);
	CU_ASSERT(slice_equal(read.record.value, SLICE("b")));
	read_free(&read);
	site_apply(&site, &writes[3]);
	site_read(&site, element->episodes, &read);
	CU_ASSERT(read.record.status == RECORD_SUPERSEDED && slice_equal(read.record.resolution.dc, SLICE("ams")) && read.record.resolution.seq == 2);
	read_free(&read);
	site_apply(&site, &writes[2]);
	CU_ASSERT_FATAL(episode_count(element) == 2);
	site_read(&site, element->episodes->next, &read);
	CU_ASSERT(read.record.status == RECORD_RESOLVED && slice_equal(read.record.resolution.dc, SLICE("cpt")) && read.record.ended_hlc == 120);
	CU_ASSERT(slice_equal(read.record.value, SLICE("c")) && !read.record.sides[0].is_live);
	read_free(&read);
	site_read(&site, element->episodes, &read);
	CU_ASSERT(read.record.status == RECORD_OPEN && read.record.side_count == 2);
	read_free(&read);
	site_close(&site);
}

static void many_writes_keep_the_newest_sides(void)
{
	struct site site;
	struct read read;
	struct buffer bytes = { 0 };
	for (unsigned round = 0; round < 2; round++) {
		site_open(&site, &site_policies[2]);
		struct write only = { 1, 1, 50, { 0, 0, 0 }, set_of("old but first by priority"), NULL, WRITE_ORDINARY };
		if (round == 0)
			site_apply(&site, &only);
		for (unsigned i = 1; i <= 1000; i++)
			site_apply(&site, &(struct write){ 0, i, 100 + i, { 0, 0, 0 }, set_of("x"), NULL, WRITE_ORDINARY });
		if (round == 1)
			site_apply(&site, &only);
		site_read(&site, site_element(&site, KIND_STRING, SLICE(""))->episodes, &read);
		const struct record *record = &read.record;
		CU_ASSERT(record->pairs == 1000 && record->side_count == RECORD_SIDES_MAX + 1 && slice_equal(record->winner.dc, SLICE("bom")));
		CU_ASSERT(slice_equal(record->sides[RECORD_SIDES_MAX].dot.dc, SLICE("bom")) && record->sides[0].dot.seq == 1000);
		struct slice stretches = record->stretches;
		struct record_stretch stretch;
		CU_ASSERT(record_stretch_next(&stretches, &stretch) && stretch.first_seq == 1 && stretch.last_seq == 1000);
		if (round == 0)
			buffer_add(&bytes, buffer_slice(&read.bytes));
		else
			CU_ASSERT(slice_equal(buffer_slice(&bytes), buffer_slice(&read.bytes)));
		read_free(&read);
		CU_ASSERT(site.keyspace.episodes->bytes < 20000);
		site_close(&site);
	}
	buffer_free(&bytes);
}

static void nothing_is_left_behind(void)
{
	struct site site;
	site_open(&site, &site_policies[1]);
	site_apply(&site, &(struct write){ 0, 1, 100, { 0, 0, 0 }, set_of("a"), NULL, WRITE_ORDINARY });
	site_apply(&site, &(struct write){ 1, 1, 110, { 0, 0, 0 }, set_of("b"), NULL, WRITE_ORDINARY });
	uint64_t bytes = site.keyspace.bytes;
	CU_ASSERT(bytes > 0 && site.keyspace.episodes->bytes > 0 && site.keyspace.episodes->bytes < bytes);
	const struct element *element = site_element(&site, KIND_STRING, SLICE(""));
	CU_ASSERT(element_is_open(element));
	site_close(&site);
}

void suite_episode(void)
{
	CU_pSuite suite = CU_add_suite("episode", NULL, NULL);
	CU_ADD_TEST(suite, two_concurrent_sets_are_one_record);
	CU_ADD_TEST(suite, chain_is_one_record_in_every_order);
	CU_ADD_TEST(suite, later_pair_joins_two_records);
	CU_ADD_TEST(suite, increments_alone_are_no_record);
	CU_ADD_TEST(suite, clears_and_types_are_told_alike_in_every_order);
	CU_ADD_TEST(suite, same_pop_at_two_datacenters_is_told);
	CU_ADD_TEST(suite, open_record_ends_by_the_earliest_write_that_has_seen_it);
	CU_ADD_TEST(suite, many_writes_keep_the_newest_sides);
	CU_ADD_TEST(suite, nothing_is_left_behind);
}
