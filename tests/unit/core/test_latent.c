/* Facts about latent writes: all of a key, and only those, are taken, oldest first, whatever the ring has gone through. */
#include "proxy/core/versions/latent.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void suite_latent(void);

#define KEYS 7                       /* key k has the hash k % HASHES: some share a chain, some even the hash */
#define HASHES 3

/* What stands AT a place of the only batch is a write to key AT % KEYS. */
static struct slice key_of(void *context, const struct latent *latent, uint32_t *db)
{
	static const char names[KEYS] = "abcdefg";
	(void)context;
	*db = 0;
	return (struct slice){ &names[latent->at % KEYS], 1 };
}

struct site {
	struct latents latents;
	struct latent_batch *batch;
	struct origin origin;
	struct origins origins;
	uint32_t next_at;
	uint32_t taken[1024], taken_count;
};

static void take(void *context, const struct latent *latent)
{
	struct site *site = context;
	site->taken[site->taken_count++ % 1024] = latent->at;
}

static void site_open(struct site *site, uint32_t position)
{
	*site = (struct site){ .latents = { .reader = { site, key_of, take }, .first = position, .next = position } };
	site->origins = (struct origins){ .items = &site->origin, .count = 1 };
	site->batch = latent_batch_new(&site->latents);
	struct context *context = context_new(1);
	latent_batch_end(&site->latents, site->batch, &(struct buffer){ 0 }, &(struct stamp){ .seq = 1, .context = context });
	context_drop(context);
}

static void site_close(struct site *site)
{
	latent_batch_drop(&site->latents, site->batch);
	latents_free(&site->latents);
}

static uint64_t hash_of(uint32_t key)
{
	return key % HASHES;
}

static bool add(struct site *site, enum latent_state state)
{
	uint32_t at = site->next_at;
	if (!latents_have_room(&site->latents, hash_of(at % KEYS)))
		return false;
	latents_add(&site->latents, hash_of(at % KEYS), &(struct latent){ .at = at, .index = (uint16_t)at, .state = (uint8_t)state, .batch = site->batch });
	site->next_at++;
	return true;
}

static bool take_key(struct site *site, uint32_t key)
{
	const char name = (char)('a' + key);
	site->taken_count = 0;
	return latents_take(&site->latents, hash_of(key), 0, (struct slice){ &name, 1 });
}

static void all_of_a_key_in_order(struct site *site)
{
	for (unsigned i = 0; i < 50; i++)
		CU_ASSERT_TRUE(add(site, LATENT_LIVE));
	CU_ASSERT_TRUE(take_key(site, 4));
	CU_ASSERT_EQUAL(site->taken_count, 7);
	for (uint32_t i = 0; i < site->taken_count; i++)
		CU_ASSERT_EQUAL(site->taken[i], 4 + i * KEYS);
	CU_ASSERT_FALSE(take_key(site, 4));
	CU_ASSERT_EQUAL(site->latents.waiting, 43);
	CU_ASSERT_TRUE(take_key(site, 1));
	CU_ASSERT_EQUAL(site->taken_count, 7);
}

static void takes_a_key_whole(void)
{
	struct site site;
	site_open(&site, 0);
	all_of_a_key_in_order(&site);
	site_close(&site);
}

/* Positions wrap, and what an old head names must not come to life as another entry. */
static void survives_the_end_of_positions(void)
{
	static const uint32_t starts[] = { UINT32_MAX - 20, 0x80000000U - 20, UINT32_MAX };
	for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
		struct site site;
		site_open(&site, starts[i]);
		all_of_a_key_in_order(&site);
		site_close(&site);
	}
}

static void grows_and_forgets_what_is_stable(void)
{
	struct site site;
	site_open(&site, 0);
	while (site.next_at < 5000) {
		/* The seq of what stands AT is AT + 1: the last 100 are not stable. */
		site.origin.stable = site.next_at > 100 ? site.next_at - 100 : 0;
		CU_ASSERT_TRUE_FATAL(add(&site, LATENT_LIVE));
		latents_forget(&site.latents, &site.origins);
	}
	CU_ASSERT_EQUAL(site.latents.waiting, 101);
	CU_ASSERT_EQUAL(site.latents.cap, 128);
	CU_ASSERT_TRUE(take_key(&site, 2));
	CU_ASSERT_EQUAL(site.taken_count, 14);
	CU_ASSERT_EQUAL(site.taken[site.taken_count - 1] % KEYS, 2);
	site.origin.stable = 5000;
	latents_forget(&site.latents, &site.origins);
	CU_ASSERT_EQUAL(site.latents.waiting, 0);
	CU_ASSERT_EQUAL(site.latents.bytes, 0);
	CU_ASSERT_FALSE(take_key(&site, 3));
	site_close(&site);
}

static void bounds_a_chain(void)
{
	struct site site;
	site_open(&site, 0);
	unsigned sharing = 0;
	while (add(&site, LATENT_LIVE))
		sharing += hash_of((site.next_at - 1) % KEYS) == 0;
	CU_ASSERT_EQUAL(sharing, LATENT_DEPTH_MAX);
	CU_ASSERT_EQUAL(hash_of(site.next_at % KEYS), 0);
	CU_ASSERT_TRUE(take_key(&site, 3));
	CU_ASSERT_TRUE(add(&site, LATENT_LIVE));
	site_close(&site);
}

static void knows_what_is_under_way(void)
{
	struct site site;
	site_open(&site, 0);
	uint32_t first = site.latents.next;
	site.batch->group = (struct group *)&site;       /* any */
	for (unsigned i = 0; i < 3 * KEYS; i++)
		add(&site, LATENT_UNDER_WAY);
	CU_ASSERT_EQUAL(latents_newest(&site.latents, hash_of(0))->state, LATENT_UNDER_WAY);
	site.origin.stable = 1000;
	latents_forget(&site.latents, &site.origins);
	CU_ASSERT_EQUAL(site.latents.waiting, 3 * KEYS);
	uint32_t position = first;
	latents_answered(&site.latents, &position, 0);
	latents_answered(&site.latents, &position, KEYS);
	latents_cancel(&site.latents, first, 3 * KEYS);
	site.batch->group = NULL;
	CU_ASSERT_TRUE(take_key(&site, 0));
	CU_ASSERT_EQUAL(site.taken_count, 2);
	CU_ASSERT_FALSE(take_key(&site, 1));
	CU_ASSERT_EQUAL(site.latents.waiting, 0);
	site_close(&site);
}

static void counts_what_it_keeps(void)
{
	struct site site;
	site_open(&site, 0);
	/* Not ended: its buffer is a spare one, and counts no more than before. */
	struct buffer bytes = { 0 };
	buffer_add_text(&bytes, "some writes");
	struct latent_batch *batch = latent_batch_new(&site.latents);
	latent_batch_end(&site.latents, batch, &bytes, &site.batch->stamp);
	CU_ASSERT_TRUE(site.latents.bytes > 0);
	latent_batch_drop(&site.latents, batch);
	latent_batch_drop(&site.latents, latent_batch_new(&site.latents));
	CU_ASSERT_EQUAL(site.latents.bytes, 0);
	latents_check(&site.latents);
	buffer_free(&bytes);
	site_close(&site);
}

/* Its group goes through all of them when it is answered, or is not. */
static void keeps_what_is_taken_until_its_group_ends(void)
{
	struct site site;
	site_open(&site, 0);
	uint32_t first = site.latents.next;
	site.batch->group = (struct group *)&site;       /* any */
	for (unsigned i = 0; i < KEYS; i++)
		add(&site, LATENT_UNDER_WAY);
	for (uint32_t key = 0; key < KEYS; key++)
		CU_ASSERT_TRUE(take_key(&site, key));
	site.origin.stable = 1000;
	latents_forget(&site.latents, &site.origins);
	CU_ASSERT_EQUAL(site.latents.first, first);
	latents_cancel(&site.latents, first, KEYS);
	site.batch->group = NULL;
	latents_forget(&site.latents, &site.origins);
	CU_ASSERT_EQUAL(site.latents.first, site.latents.next);
	CU_ASSERT_EQUAL(site.latents.bytes, 0);
	site_close(&site);
}

void suite_latent(void)
{
	CU_pSuite suite = CU_add_suite("latent", NULL, NULL);
	CU_add_test(suite, "all of a key's writes are taken, in their order, once", takes_a_key_whole);
	CU_add_test(suite, "positions may wrap", survives_the_end_of_positions);
	CU_add_test(suite, "what is stable goes, and the ring stays small", grows_and_forgets_what_is_stable);
	CU_add_test(suite, "a chain is bounded", bounds_a_chain);
	CU_add_test(suite, "spare memory is not counted", counts_what_it_keeps);
	CU_add_test(suite, "what is taken stays as long as its group", keeps_what_is_taken_until_its_group_ends);
	CU_add_test(suite, "what is under way stays, and may not take place", knows_what_is_under_way);
}
