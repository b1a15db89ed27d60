/* Story: telling and checking. */
#include "story.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void story_say(struct story *story, unsigned dc, const char *command)
{
	generator_say(story->world, &story->world->dcs[dc], command, false);
}

uint64_t story_exec(struct story *story, unsigned dc, const char *command)
{
	assert(!core_is_holding(story->world->dcs[dc].core));
	return generator_say(story->world, &story->world->dcs[dc], command, true);
}

void story_wait(struct story *story, uint64_t duration_ms)
{
	world_advance(story->world, duration_ms * 1000);
}

void story_set_clock(struct story *story, unsigned dc, int64_t ahead_ms)
{
	story->world->dcs[dc].skew_ms = ahead_ms;
}

void story_cut(struct story *story, unsigned dc, unsigned peer)
{
	story->world->dcs[dc].followers[peer].is_cut = true;
}

void story_mend(struct story *story, unsigned dc, unsigned peer)
{
	fault_heal(story->world, &story->world->dcs[dc], FAULT_LINK_CUT, peer);
}

void story_part(struct story *story, unsigned dc, unsigned peer)
{
	story_cut(story, dc, peer);
	story_cut(story, peer, dc);
}

void story_rejoin(struct story *story, unsigned dc, unsigned peer)
{
	story_mend(story, dc, peer);
	story_mend(story, peer, dc);
}

void story_restore(struct story *story, unsigned dc, unsigned kept)
{
	struct dc *restored = &story->world->dcs[dc];

	sidecar_crash(story->world, restored);
	assert(kept <= sim_store_journal(restored->store));
	if (kept < sim_store_journal(restored->store)) {
		sim_store_rewind(restored->store, kept);
		auditor_store_rewound(story->world->auditor, dc, kept);
	}
	restored->run++;
	sidecar_start(story->world, restored);
}

uint64_t story_ask(struct story *story, unsigned dc, enum ask_verb verb, const char *key, const char *value, uint64_t seen)
{
	struct world *world = story->world;
	const struct client_ask said = {
		.verb = verb, .key = pool_intern(world->pool, slice_of(key)), .value = pool_intern(world->pool, slice_of(value)),
		.context = seen == 0 ? 0 : requests_find(&world->requests, seen)->ask.given,
	};
	uint64_t token = client_ask_say(world, &world->dcs[dc], &said);

	story_wait(story, 50);
	return token;
}

/* ---- facts ---- */

void story_check(struct story *story, bool is_true, const char *fact)
{
	if (!is_true)
		auditor_find(story->world->auditor, "it does not hold that %s", fact);
}

static const struct sim_key *key_at(const struct story *story, unsigned dc, const char *key)
{
	return sim_store_find(story->world->dcs[dc].store, 0, pool_intern(story->world->pool, slice_of(key)));
}

static const char *text_of(const struct story *story, const struct sim_element *element)
{
	return element == NULL ? NULL : pool_text(story->world->pool, element->value).ptr;
}

static void expect_text(struct story *story, unsigned dc, const char *what, const char *found, const char *expected)
{
	bool is_equal = found == NULL || expected == NULL ? found == expected : strcmp(found, expected) == 0;

	if (!is_equal)
		auditor_find(story->world->auditor, "%s: %s is %s, not %s", world_dc_names[dc], what, found == NULL ? "absent" : found,
		             expected == NULL ? "absent" : expected);
}

void story_expect(struct story *story, unsigned dc, const char *key, const char *value)
{
	const struct sim_key *found = key_at(story, dc, key);

	expect_text(story, dc, key, found == NULL ? NULL : text_of(story, sim_key_element(found, 0)), value);
}

void story_expect_element(struct story *story, unsigned dc, const char *key, const char *element, const char *value)
{
	const struct sim_key *found = key_at(story, dc, key);
	uint32_t name = pool_intern(story->world->pool, slice_of(element));

	expect_text(story, dc, element, found == NULL ? NULL : text_of(story, sim_key_element(found, name)), value);
}

void story_expect_everywhere(struct story *story, const char *key, const char *value)
{
	for (unsigned dc = 0; dc < story->world->plan.dc_count; dc++)
		story_expect(story, dc, key, value);
}

void story_expect_list_everywhere(struct story *story, const char *key, const char *values)
{
	for (unsigned dc = 0; dc < story->world->plan.dc_count; dc++) {
		const struct sim_key *found = key_at(story, dc, key);
		struct buffer text = { .len = 0 };

		for (unsigned i = 0; found != NULL && i < found->count; i++) {
			if (i > 0)
				buffer_add_byte(&text, ' ');
			buffer_add(&text, pool_text(story->world->pool, found->elements[i].value));
		}
		buffer_add_byte(&text, '\0');
		expect_text(story, dc, key, text.ptr, values);
		buffer_free(&text);
	}
}

void story_expect_element_everywhere(struct story *story, const char *key, const char *element, const char *value)
{
	for (unsigned dc = 0; dc < story->world->plan.dc_count; dc++)
		story_expect_element(story, dc, key, element, value);
}

/* The values in an answer of VERB_GET, between blanks. */
static const char *siblings_of(struct slice reply, char *room, size_t size)
{
	const char *at = reply.ptr, *end = reply.ptr + reply.len;
	size_t len = 0;

	room[0] = '\0';
	while ((at = memchr(at, '*', (size_t)(end - at))) != NULL) {
		const char *text;

		/* Each is an array of four, its value first. */
		if (strncmp(at++, "*4\r\n$", 5) != 0)
			continue;
		text = strstr(at + 4, "\r\n");
		if (text != NULL)
			len += (size_t)snprintf(room + len, size - len, "%s%.*s", len > 0 ? " " : "", atoi(at + 4) < 0 ? 1 : atoi(at + 4),
			                        atoi(at + 4) < 0 ? "-" : text + 2);
	}
	return room;
}

void story_expect_siblings(struct story *story, unsigned dc, const char *key, const char *values)
{
	char room[500];
	const struct client_request *request = requests_find(&story->world->requests, story_ask(story, dc, VERB_GET, key, "", 0));

	expect_text(story, dc, key, siblings_of(pool_text(story->world->pool, request->ask.reply), room, sizeof(room)), values);
}

void story_expect_dots(struct story *story, unsigned dc, unsigned count)
{
	const uint32_t name = pool_intern(story->world->pool, slice_of(CORE_VERSIONS_KEY));
	const struct sim_key *dots = sim_store_find(story->world->dcs[dc].store, SIM_RESERVED_DB, name);
	unsigned found = dots == NULL ? 0 : dots->count - 1;     /* the hash is marked */

	if (found != count)
		auditor_find(story->world->auditor, "%s keeps %u dots, not %u", world_dc_names[dc], found, count);
}

void story_expect_conflicts(struct story *story, unsigned dc, uint64_t count)
{
	const struct core_status *status = core_status(story->world->dcs[dc].core);
	uint64_t counted = 0;

	for (unsigned rule = 0; rule < 4; rule++)
		for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
			for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++)
				counted += status->conflicts[rule][kind][outcome];
	if (counted != count)
		auditor_find(story->world->auditor, "%s counted %llu conflicts, not %llu", world_dc_names[dc], (unsigned long long)counted,
		             (unsigned long long)count);
}
