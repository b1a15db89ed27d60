/* Facts about homes: whose a key is, where users live by default, and how much memory it takes to know who has moved. */
#include <CUnit/CUnit.h>
#include <stdio.h>

#include "proxy/core/topology/home_map.h"
#include "proxy/core/topology/patterns.h"
#include "stage.h"

void suite_homes(void);

static const char *const dcs[] = { "eu", "us", "ap" };
static const struct origins origins = { .dcs = dcs, .dc_count = 3 };
static const struct core_home_default at_eu[] = { { "*", "eu", 0 } };

static const char *load(struct patterns *patterns, const struct core_home *homes, unsigned count)
{
	return patterns_init(patterns, &origins, homes, count);
}

/* ---- keys ---- */

static void keys_have_users(void)
{
	static const struct { const char *pattern, *key, *id; } rows[] = {
		{ "user:{id}:*", "user:42:cart", "42" },
		{ "user:{id}:*", "user:{42}:cart", "42" },
		{ "user:{id}:*", "user:42:", "42" },
		{ "user:{id}:*", "user:42", NULL },
		{ "user:{id}:*", "user::cart", NULL },
		{ "user:{id}:*", "user:{}:cart", NULL },
		{ "user:{id}:*", "user:{42:cart", NULL },
		{ "user:{id}:*", "user:{42}x:cart", NULL },
		{ "user:{id}:*", "user:4{2}:cart", NULL },
		{ "user:{id}:*", "auser:42:cart", NULL },
		{ "user:{id}:*", "user:a.b-c d:cart", "a.b-c d" },
		{ "*:{id}", "cart:42", "42" },
		{ "*:{id}", "shop:cart:42", "42" },
		{ "*:{id}", "shop:cart:{42}", "42" },
		{ "*:{id}", ":42", "42" },
		{ "*:{id}", "42", NULL },
		{ "*:{id}", "cart:", NULL },
		{ "*:{id}:*", "a:b:c:d", "b" },
		{ "a?:*:{id}.x", "ab:c:d:e.x", "e" },
		{ "a?:*:{id}.x", "ab:c.x", NULL },
		{ "{id}", "42", "42" },
		{ "{id}", "{42}", "42" },
		{ "{id}", "4}2", NULL },
		{ "{id}:*", "42:x", "42" },
		{ "{user:{id}}:*", "{user:42}:cart", "42" },
		{ "cart-{id}", "cart-42", "42" },
		{ "cart-{id}", "cart-4-2", NULL },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct core_home home = { .match = rows[i].pattern, .defaults = at_eu, .default_count = 1 };
		struct patterns patterns;
		struct user user;
		CU_ASSERT_PTR_NULL_FATAL(load(&patterns, &home, 1));
		bool has_user = patterns_user(&patterns, slice_of(rows[i].key), &user);
		stage_expect_number(rows[i].key, rows[i].pattern, has_user, rows[i].id != NULL);
		if (has_user && rows[i].id != NULL)
			stage_expect(rows[i].key, rows[i].pattern, user.id, rows[i].id);
		patterns_free(&patterns);
	}
}

static void wrong_homes_are_refused(void)
{
	static const struct core_home_default nowhere[] = { { "*", "moon", 0 } }, open_end[] = { { "1*", "eu", 0 } }, weightless[] = { { NULL, "eu", 0 } },
					     twice[] = { { NULL, "eu", 1 }, { NULL, "eu", 2 } }, at_us[] = { { "*", "us", 0 } };
	static const struct { struct core_home homes[2]; unsigned count; const char *error; } rows[] = {
		{ { { .match = "user:*" } }, 1, "{id} in one place" },
		{ { { .match = "{id}:{id}" } }, 1, "{id} in one place" },
		{ { { .match = "user:{id}*" } }, 1, "literal byte" },
		{ { { .match = "user*{id}" } }, 1, "literal byte" },
		{ { { .match = "user:{id}", .name = "a:b", .defaults = at_eu, .default_count = 1 } }, 1, "word without" },
		{ { { .match = "user:{id}", .name = "", .defaults = at_eu, .default_count = 1 } }, 1, "word without" },
		{ { { .match = "user:{id}" } }, 1, "need a default" },
		{ { { .match = "user:{id}", .defaults = nowhere, .default_count = 1 } }, 1, "does not exist" },
		{ { { .match = "user:{id}", .defaults = open_end, .default_count = 1 } }, 1, "must be *" },
		{ { { .match = "user:{id}", .is_hash = true, .defaults = weightless, .default_count = 1 } }, 1, "1 or more" },
		{ { { .match = "user:{id}", .is_hash = true, .defaults = twice, .default_count = 2 } }, 1, "twice" },
		{ { { .match = "user:{id}", .defaults = at_eu, .default_count = 1 }, { .match = "cart:{id}", .defaults = at_us, .default_count = 1 } }, 2,
		  "different defaults" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct patterns patterns;
		const char *error = load(&patterns, rows[i].homes, rows[i].count);
		bool is_named = error != NULL && strstr(error, rows[i].error) != NULL;
		stage_expect_number(rows[i].homes[rows[i].count - 1].match, rows[i].error, is_named, 1);
		patterns_free(&patterns);
	}
}

static void patterns_of_one_name_share_users(void)
{
	const struct core_home homes[] = {
		{ .match = "user:{id}:*", .defaults = at_eu, .default_count = 1 }, { .match = "cart:{id}" }, { .match = "t:{id}", .name = "tenant", .defaults = at_eu, .default_count = 1 },
	};
	struct patterns patterns;
	struct user a, b, c;
	CU_ASSERT_PTR_NULL_FATAL(load(&patterns, homes, 3));
	CU_ASSERT(patterns_user(&patterns, SLICE("user:7:x"), &a) && patterns_user(&patterns, SLICE("cart:{7}"), &b) && patterns_user(&patterns, SLICE("t:7"), &c));
	struct user_hash x = patterns_hash(&a), y = patterns_hash(&b), z = patterns_hash(&c);
	CU_ASSERT(x.low == y.low && x.high == y.high && (x.low != z.low || x.high != z.high));
	CU_ASSERT(patterns_named(&patterns, SLICE("tenant:7"), &c) && !patterns_named(&patterns, SLICE("nobody:7"), &c) && !patterns_named(&patterns, SLICE("user:"), &c));
	patterns_free(&patterns);
}

/* ---- defaults ---- */

static void lists_tell_where_users_live(void)
{
	static const struct core_home_default list[] = { { "1*", "us", 0 }, { "?2*", "ap", 0 }, { "*", "eu", 0 } };
	static const struct { const char *user; unsigned dc; } rows[] = { { "user:17", 1 }, { "user:12", 1 }, { "user:22", 2 }, { "user:3", 0 } };
	const struct core_home home = { .match = "user:{id}", .defaults = list, .default_count = 3 };
	struct patterns patterns;
	CU_ASSERT_PTR_NULL_FATAL(load(&patterns, &home, 1));
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct user user;
		CU_ASSERT(patterns_named(&patterns, slice_of(rows[i].user), &user));
		stage_expect_number(rows[i].user, "home", patterns_default(&user, patterns_hash(&user)), rows[i].dc);
	}
	patterns_free(&patterns);
}

static unsigned home_by_weight(const struct patterns *patterns, unsigned number)
{
	char text[40];
	struct user user;
	snprintf(text, sizeof text, "user:%u", number);
	CU_ASSERT_FATAL(patterns_named(patterns, slice_of(text), &user));
	return patterns_default(&user, patterns_hash(&user));
}

/* Who joins takes users from all, and nobody moves between the others. */
static void weights_share_users(void)
{
	enum { USERS = 30000 };
	static const struct core_home_default two[] = { { NULL, "eu", 2 }, { NULL, "us", 1 } }, three[] = { { NULL, "ap", 3 }, { NULL, "us", 1 }, { NULL, "eu", 2 } };
	const struct core_home before = { .match = "user:{id}", .is_hash = true, .defaults = two, .default_count = 2 };
	const struct core_home after = { .match = "user:{id}", .is_hash = true, .defaults = three, .default_count = 3 };
	struct patterns old, new;
	unsigned counts[3] = { 0 };
	CU_ASSERT_PTR_NULL_FATAL(load(&old, &before, 1));
	CU_ASSERT_PTR_NULL_FATAL(load(&new, &after, 1));
	for (unsigned i = 0; i < USERS; i++) {
		unsigned dc = home_by_weight(&new, i);
		counts[dc]++;
		CU_ASSERT(dc == 2 || dc == home_by_weight(&old, i));
	}
	CU_ASSERT(counts[0] > USERS / 3 - 500 && counts[0] < USERS / 3 + 500);
	CU_ASSERT(counts[1] > USERS / 6 - 500 && counts[1] < USERS / 6 + 500);
	CU_ASSERT(counts[2] > USERS / 2 - 500 && counts[2] < USERS / 2 + 500);
	patterns_free(&old);
	patterns_free(&new);
}

/* Every machine must come to these numbers, today and later: users would move by themselves otherwise. They were computed by another program, which gives
 * the published test vector of SipHash-128. */
static void hashes_never_change(void)
{
	struct user_hash hash = user_hash(SLICE("user"), SLICE("42"));
	CU_ASSERT(hash.low == UINT64_C(0xeb913ec0ccba57f) && hash.high == UINT64_C(0xcef70f3584366a9c));
	CU_ASSERT(user_hash_draw(hash, user_hash_dc(SLICE("eu"))) == UINT64_C(0x3c822ff27fb92843));
	CU_ASSERT(user_hash_cost(0) == 64 << 24 && user_hash_cost(1) == 64 << 24 && user_hash_cost(UINT64_MAX) == 1);
	CU_ASSERT(user_hash_cost(UINT64_C(1) << 63) == 1 << 24 && user_hash_cost(UINT64_C(1) << 40) == 24 << 24);
	CU_ASSERT(user_hash_cost(UINT64_C(3) << 62) == 6963174);        /* 2^24 * -log2(3/4) = 6963173.6 */
}

/* ---- memory ---- */

static struct user_hash hash_of(unsigned number)
{
	char text[20];
	snprintf(text, sizeof text, "%u", number);
	return user_hash(SLICE("user"), slice_of(text));
}

static void homes_take_at_most_40_bytes(void)
{
	enum { USERS = 200000 };
	struct home_map *map = memory_new(sizeof *map);
	struct explicit_home home;
	bool is_small = true, is_known = true;
	for (unsigned i = 0; i < USERS; i++) {
		home_map_set(map, hash_of(i), &(struct explicit_home){ i % 3, i + 1, i % 7 == 0 });
		is_small = is_small && map->bytes <= map->count * 40;
	}
	CU_ASSERT(is_small && map->count == USERS && map->counts[1] == 66667);
	home_map_set(map, hash_of(7), &(struct explicit_home){ CORE_DC_UNKNOWN, HOME_EPOCH_MAX, false });
	CU_ASSERT(map->count == USERS && map->counts[1] == 66666 && map->counts[CORE_DC_UNKNOWN] == 1);
	CU_ASSERT(home_map_get(map, hash_of(7), &home) && home.dc == CORE_DC_UNKNOWN && home.epoch == HOME_EPOCH_MAX && !home.is_forced);
	for (unsigned i = 10; i < USERS; i++)
		is_known = is_known && home_map_get(map, hash_of(i), &home) && home.dc == i % 3 && home.epoch == i + 1 && home.is_forced == (i % 7 == 0);
	CU_ASSERT(is_known && !home_map_get(map, hash_of(USERS), &home));
	home_map_clear(map);
	CU_ASSERT(!home_map_get(map, hash_of(1), &home) && map->bytes == 0);
	memory_free(map);
}

void suite_homes(void)
{
	CU_pSuite suite = CU_add_suite("homes", NULL, NULL);
	CU_ADD_TEST(suite, keys_have_users);
	CU_ADD_TEST(suite, wrong_homes_are_refused);
	CU_ADD_TEST(suite, patterns_of_one_name_share_users);
	CU_ADD_TEST(suite, lists_tell_where_users_live);
	CU_ADD_TEST(suite, weights_share_users);
	CU_ADD_TEST(suite, hashes_never_change);
	CU_ADD_TEST(suite, homes_take_at_most_40_bytes);
}
