#include "parts.h"

#include "proxy/core/wire/record.h"

static const struct slice hashes[] = {
	[PART_POSITIONS] = SLICE(CORE_POSITIONS_KEY),
	[PART_EPISODES] = SLICE(CORE_EPISODES_KEY),
	[PART_VERSIONS] = SLICE(CORE_VERSIONS_KEY),
	[PART_HOMES] = SLICE(CORE_HOMES_KEY),
};

void parts_make(struct books *books, struct group *group)
{
	struct script *script = &group->script;
	group->positions.has_marks = true;
	group->positions.has_remains = books->is_remade;
	/* Where something is left, only one group removes it, lest another remove what was written after that. */
	books->are_parts_due = !books->is_remade;
	script_select(script, books->options->reserved_db);
	if (books->is_remade)
		script_add(script, 1 + PART_COUNT,
		           (struct slice[]){ SLICE("DEL"), hashes[PART_POSITIONS], hashes[PART_EPISODES], hashes[PART_VERSIONS], hashes[PART_HOMES],
		                             SLICE(CORE_OUTBOX_KEY) });
	for (unsigned part = 0; part < PART_OUTBOX; part++)
		script_add(script, 4, (struct slice[]){ SLICE("HSET"), hashes[part], SLICE(CORE_MARK), SLICE("") });
	/* A stream without entries. Nobody reads it in that group. */
	script_add(script, 6, (struct slice[]){ SLICE("XGROUP"), SLICE("CREATE"), SLICE(CORE_OUTBOX_KEY), SLICE(CORE_MARK), SLICE("$"), SLICE("MKSTREAM") });
}

void parts_made(struct books *books, const struct group *group)
{
	books->is_whole |= group->positions.has_marks;
	books->are_parts_due &= !group->positions.has_marks;
}

/* Something may have been written there meanwhile. */
bool parts_refused(const struct group *group)
{
	return group->positions.has_remains;
}

unsigned parts_ask(const struct books *books, struct script *script)
{
	script_select(script, books->options->reserved_db);
	unsigned first = script->count;
	for (unsigned part = 0; part < PART_OUTBOX; part++)
		script_add(script, 3, (struct slice[]){ SLICE("HEXISTS"), hashes[part], SLICE(CORE_MARK) });
	script_add(script, 2, (struct slice[]){ SLICE("EXISTS"), SLICE(CORE_OUTBOX_KEY) });
	return first;
}

bool parts_are_whole(const struct slice *replies)
{
	for (unsigned part = 0; part < PART_COUNT; part++)
		if (slice_equal(replies[part], SLICE(":0\r\n")))
			return false;
	return true;
}
