#include "site.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "proxy/core/records/episode_pack.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/version.h"

static const char *const names[] = { "ams", "bom", "cpt" };
struct policy site_policies[SITE_POLICIES] = {
	{ .rule = &rule_lww }, { .rule = &rule_record, .is_keeping = true }, { .rule = &rule_priority, .ranks = { 2, 0, 1 } }, { .rule = &rule_merge },
};
static struct policy *policy;

static struct policy *policy_for(void *context, struct slice key)
{
	(void)context;
	(void)key;
	return policy;
}

void site_open(struct site *site, struct policy *chosen)
{
	policy = chosen;
	*site = (struct site){ .origins = { .dcs = names, .dc_count = 3 } };
	for (unsigned dc = 0; dc < 3; dc++)
		origins_get_dc(&site->origins, dc, 1);
	site->keyspace.policy_for = policy_for;
	site->keyspace.note_value_bytes_max = 8;
	keyspace_open(&site->keyspace, &site->origins, 16, 15);
	episodes_open(&site->keyspace);
	site->conflicts.keyspace = &site->keyspace;
	site->conflicts.effects = &site->effects;
	site->conflicts.arena = &site->arena;
}

void site_close(struct site *site)
{
	site->keyspace.is_flush_dirty = false;
	episodes_close(&site->keyspace);
	keyspace_free(&site->keyspace);
	origins_free(&site->origins);
	effects_free(&site->effects);
	arena_free(&site->arena);
}

void site_apply(struct site *site, const struct write *write)
{
	struct context *context = context_new(NULL, 3);
	memcpy(context->seqs, write->seen, sizeof write->seen);
	struct stamp stamp = { .seq = write->seq, .hlc = write->hlc, .context = context, .origin = write->dc };
	const struct write_facts facts = { .command = slice_of(write->command != NULL ? write->command : "set"), .client = SLICE("me"), .choice = write->choice };
	struct key *key = write->change.kind == CHANGE_FLUSH ? NULL : keyspace_key(&site->keyspace, write->change.db, write->change.key);
	struct arriving_write arriving = { .mode = APPLY_REMOTE, .is_under_our_rules = true, .stamp = &stamp, .facts = &facts };
	conflicts_apply(&site->conflicts, &arriving, &write->change, key);
	context_drop(context);
}

struct change set_of(const char *value)
{
	return (struct change){ .kind = CHANGE_SET, .key = SLICE("k"), .value = slice_of(value), .expire_at_ms = EXPIRE_KEEP };
}

struct change of_kind(enum change_kind kind)
{
	return (struct change){ .kind = kind, .key = SLICE("k"), .element = kind >= CHANGE_FIELD_SET && kind <= CHANGE_SCORE_INCREMENT ? SLICE("e") : SLICE(""), .number = kind == CHANGE_INCREMENT ? 5 : 0 };
}

const struct element *site_element(struct site *site, enum kind kind, struct slice name)
{
	return keyspace_element(&site->keyspace, keyspace_key(&site->keyspace, 0, SLICE("k")), kind, name);
}

unsigned episode_count(const struct element *element)
{
	unsigned count = 0;
	for (const struct episode *episode = element->episodes; episode != NULL; episode = episode->next)
		count++;
	return count;
}

static void encode_episode(const struct site *site, const struct episode *episode, bool is_last, struct buffer *out)
{
	struct telling telling;
	struct buffer id = { 0 };
	telling_begin(&telling, &site->keyspace, 7, is_last);
	episode_add_id(&site->keyspace, episode, &id);
	episode_encode(&telling, episode, buffer_slice(&id), out);
	telling_end(&telling);
	buffer_free(&id);
}

void site_read(const struct site *site, const struct episode *episode, struct read *read)
{
	*read = (struct read){ .bytes = { 0 } };
	encode_episode(site, episode, true, &read->bytes);
	struct buffer unfinished = { 0 };
	encode_episode(site, episode, false, &unfinished);
	bool is_alike = slice_equal(buffer_slice(&unfinished), buffer_slice(&read->bytes));
	CU_ASSERT(is_alike || !episode_is_told_for_good(episode));
	buffer_free(&unfinished);
	bool is_read = record_decode(buffer_slice(&read->bytes), &read->scratch, &read->record);
	CU_ASSERT_FATAL(is_read);
}

void read_free(struct read *read)
{
	buffer_free(&read->bytes);
	memory_free(read->scratch.sides);
}
