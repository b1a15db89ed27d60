/* Facts about what the store remembers, and about addresses: how replies and settings are read. */
#include "connectors/store/memento.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "connectors/net/address.h"
#include "connectors/store/store_facts.h"

void suite_memento(void);

static void positions_and_outbox_are_read(void)
{
	struct memento memento = { 0 };
	unsigned count = 0;
	CU_ASSERT(memento_take_positions(&memento, SLICE("*2\r\n$2\r\nus\r\n$1\r\n7\r\n")));
	CU_ASSERT_FATAL(memento.position_count == 1);
	CU_ASSERT(slice_equal(memento.positions[0].field, SLICE("us")) && slice_equal(memento.positions[0].value, SLICE("7")));
	struct slice chunk = SLICE("*1\r\n*2\r\n$5\r\n12-34\r\n*2\r\n$1\r\ni\r\n$3\r\nabc\r\n");
	CU_ASSERT(memento_take_outbox(&memento, chunk, &count) && count == 1);
	CU_ASSERT(memento_take_outbox(&memento, SLICE("*1\r\n*2\r\n$22\r\n18446744073709551615-1\r\n*2\r\n$1\r\nf\r\n$0\r\n\r\n"), &count));
	CU_ASSERT_FATAL(memento.outbox_count == 2);
	CU_ASSERT(memento.outbox[0].ms == 12 && memento.outbox[0].seq == 34 && slice_equal(memento.outbox[0].payload, SLICE("abc")));
	CU_ASSERT(memento.outbox[1].ms == UINT64_MAX && slice_equal(memento.outbox[1].kind, SLICE("f")));
	memento_free(&memento);
}

static void what_is_not_ours_is_refused(void)
{
	static const char *const entries[] = {
		"*1\r\n*2\r\n$2\r\n12\r\n*2\r\n$1\r\ni\r\n$1\r\na\r\n",
		"*1\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\ni\r\n$1\r\na\r\n$1\r\nj\r\n$1\r\nb\r\n",
		"*1\r\n*2\r\n$4\r\n1-2x\r\n*2\r\n$1\r\ni\r\n$1\r\na\r\n",
		"$-1\r\n",
	};
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		struct memento memento = { 0 };
		unsigned count;
		CU_ASSERT(!memento_take_outbox(&memento, slice_of(entries[i]), &count));
		memento_free(&memento);
	}
}

static void episodes_come_in_shares_and_once(void)
{
	struct memento memento = { 0 };
	CU_ASSERT(memento_take_episodes(&memento, SLICE("*2\r\n$2\r\n17\r\n*4\r\n$1\r\nb\r\n$2\r\nb1\r\n$1\r\na\r\n$2\r\na1\r\n")));
	CU_ASSERT_STRING_EQUAL(memento.episodes_place, "17");
	CU_ASSERT(memento_take_episodes(&memento, SLICE("*2\r\n$1\r\n0\r\n*4\r\n$1\r\nb\r\n$2\r\nb1\r\n$1\r\nc\r\n$2\r\nc1\r\n")));
	CU_ASSERT_STRING_EQUAL(memento.episodes_place, "0");
	CU_ASSERT_EQUAL_FATAL(memento.episode_count, 3);
	CU_ASSERT(slice_equal(memento.episodes[0].field, SLICE("a")) && slice_equal(memento.episodes[1].value, SLICE("b1")) &&
	          slice_equal(memento.episodes[2].field, SLICE("c")));
	memento_free(&memento);
	static const char *const wrong[] = { "*1\r\n$1\r\n0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", "*2\r\n$0\r\n\r\n*0\r\n", "$1\r\n0\r\n" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		CU_ASSERT(!memento_take_episodes(&memento, slice_of(wrong[i])));
		memento_free(&memento);
	}
}

static void facts_are_read_from_info(void)
{
	struct store_facts facts = { .is_noeviction = true };
	char info[256], reply[300];
	snprintf(info, sizeof info, "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n# Memory\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n"
	         "aof_enabled:1\r\nevicted_keys:9\r\n");
	snprintf(reply, sizeof reply, "$%zu\r\n%s\r\n", strlen(info), info);
	store_facts_take(&facts, slice_of(reply));
	CU_ASSERT_STRING_EQUAL(facts.version, "7.0.15");
	CU_ASSERT_STRING_EQUAL(facts.run_id, "abc");
	CU_ASSERT(facts.maxmemory == 100 && facts.evicted_keys == 9 && facts.is_aof_on && !facts.is_noeviction);
	store_facts_take(&facts, SLICE("*2\r\n$22\r\nnotify-keyspace-events\r\n$2\r\nEx\r\n"));
	CU_ASSERT(facts.is_notifying && facts.is_aof_on);
	store_facts_take(&facts, SLICE("-ERR unknown command 'CONFIG'\r\n"));
	CU_ASSERT(facts.is_notifying);
	store_facts_take(&facts, SLICE("*2\r\n$22\r\nnotify-keyspace-events\r\n$2\r\nEg\r\n"));
	CU_ASSERT(!facts.is_notifying);
	CU_ASSERT(store_policy_is_evicting_all(slice_of("allkeys-lfu")) && !store_policy_is_evicting_all(slice_of("volatile-lfu")));
	CU_ASSERT(slice_equal(config_value(SLICE("*2\r\n$9\r\ndatabases\r\n$2\r\n16\r\n")), SLICE("16")));
	CU_ASSERT(config_value(SLICE("*0\r\n")).len == 0);
}

static void addresses_are_read(void)
{
	char host[32];
	bool is_tls;
	uint16_t port;
	CU_ASSERT(address_parse("127.0.0.1:6379", host, sizeof host, &port, &is_tls) && port == 6379 && strcmp(host, "127.0.0.1") == 0);
	CU_ASSERT(address_parse("[::1]:1", host, sizeof host, &port, &is_tls) && port == 1 && strcmp(host, "::1") == 0);
	CU_ASSERT(address_parse("/run/redis.sock", host, sizeof host, &port, &is_tls) && port == 0 && strcmp(host, "/run/redis.sock") == 0);
	static const char *const wrong[] = { "", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "[]:1",
	                                     "a-host-with-a-name-longer-than-its-room:1" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		CU_ASSERT(!address_parse(wrong[i], host, sizeof host, &port, &is_tls));
}

void suite_memento(void)
{
	CU_pSuite suite = CU_add_suite("memento", NULL, NULL);
	CU_ADD_TEST(suite, positions_and_outbox_are_read);
	CU_ADD_TEST(suite, what_is_not_ours_is_refused);
	CU_ADD_TEST(suite, episodes_come_in_shares_and_once);
	CU_ADD_TEST(suite, facts_are_read_from_info);
	CU_ADD_TEST(suite, addresses_are_read);
}
