/* Gathering: local writes join a group until the end of the turn. Then the group is closed: it gets its stamp and its outbox entry, and is sent. */
#include "gathering.h"

#include <string.h>

#include "promise.h"
#include "proxy/core/causes/clocks.h"

#define SMALL_GROUP 64               /* requests */
#define SMALL_GROUP_BYTES 16384

struct group *gathering_group(struct local *local, unsigned protocol)
{
	unsigned lane = protocol == 3 || (protocol == 0 && local->open[0] == NULL) ? 1 : 0;
	if (local->open[lane] == NULL) {
		local->open[lane] = group_new(local->groups, GROUP_LOCAL);
		local->open[lane]->protocol = lane == 1 ? 3 : 2;
	}
	return local->open[lane];
}

bool gathering_touches(const struct local *local, uint32_t db, struct slice key)
{
	for (unsigned lane = 0; lane < 2; lane++) {
		const struct group *group = local->open[lane];
		size_t at = 0;
		for (unsigned i = 0; group != NULL && i < group->name_count; i++) {
			struct slice name = { group->name_bytes.ptr + at, group->names[i].name.len };
			if (group->names[i].db == db && slice_equal(name, key))
				return true;
			at += name.len;
		}
	}
	return false;
}

static void add_header(struct local *local, struct group *group)
{
	unsigned count;
	const struct position *positions = causes_positions(local->causes, group->stamp.context, &count);
	struct batch header = {
		.dc = slice_of(local->causes->origins.dcs[0]),
		.incarnation = local->causes->origins.items[local->causes->self].incarnation,
		.first_seq = group->stamp.seq,
		.hlc = group->stamp.hlc,
		.wall_ms = group->closed_ms,
		.clock = local->causes->clock,
		.steady_ms = group->closed_steady_ms,
		.rules_digest = local->policies->current->digest,
		.context = positions,
		.context_count = count,
		.is_lifted = group->is_lifted,
	};
	header.asks = group->asks;
	header.entries_from_ms = group->entries_from_ms;
	group->tells_clocks = group->tells_clocks || clocks_are_due(local->causes, local->options->heartbeat_ms);
	header.homes_digest = group->tells_clocks ? local->topology->patterns.digest : 0;
	clocks_tell(local->causes, &header, group->tells_clocks);
	envelope_begin(&group->payload, &header);
}

static void stamp(struct local *local, struct group *group)
{
	struct causes *causes = local->causes;
	group->stamp = (struct stamp){
		.seq = causes->next_seq,
		.hlc = causes_tick_hlc(causes, group->write_count),
		.context = causes_context(causes),
		.origin = causes->self,
	};
	/* Whatever is committed before that is in this group, or in one before it. */
	group->closed_ms = local->step->now_ms;
	group->closed_steady_ms = local->step->steady_ms;
	causes->next_seq += group->write_count;
	group->entries_from_ms = local->policies->current->is_ordering ? promise_entries(local, group) : 0;
	group->asks = local->topology->is_asking;
	local->topology->is_asking = local->topology->is_answer_due = false;
	group->is_lifted = !causes_are_caught_up(causes);
	group->is_provisional = !causes->has_announced;
}

const struct buffer *gathering_put_header(struct local *local, struct group *group, struct buffer *writes, size_t *start)
{
	group->payload.len = 0;
	add_header(local, group);
	size_t len = group->payload.len;
	*start = 0;
	if (len > GROUP_HEADER_ROOM) {
		buffer_add(&group->payload, (struct slice){ writes->ptr + GROUP_HEADER_ROOM, writes->len - GROUP_HEADER_ROOM });
		return &group->payload;
	}
	*start = GROUP_HEADER_ROOM - len;
	memcpy(writes->ptr + *start, group->payload.ptr, len);
	return writes;
}

/* The same transaction adds the intents of the group to the outbox. */
static void add_outbox_entry(struct local *local, struct group *group)
{
	size_t start;
	const struct buffer *entry = gathering_put_header(local, group, &group->writes, &start);
	group->entry = (struct slice){ entry->ptr + start, entry->len - start };
	script_select(&group->script, local->options->reserved_db);
	group->entry_reply = group->script.count;
	if (local->books->is_whole)
		script_add_from(&group->script, 5, (struct slice[]){ SLICE("XADD"), SLICE(CORE_OUTBOX_KEY), SLICE("NOMKSTREAM"), SLICE("*"), SLICE("b") }, entry, start);
	else
		script_add_from(&group->script, 4, (struct slice[]){ SLICE("XADD"), SLICE(CORE_OUTBOX_KEY), SLICE("*"), SLICE("b") }, entry, start);
}

void gathering_close_group(struct local *local, struct group *group)
{
	if (group->member_count == 0) {
		group_free(local->groups, group);
		return;
	}
	group_find_keys(local->groups, group);
	if (group->write_count > 0) {
		stamp(local, group);
		add_outbox_entry(local, group);
	}
	group_send(local->groups, group);
}

void gathering_close(struct local *local)
{
	for (unsigned lane = 0; lane < 2; lane++) {
		struct group *group = local->open[lane];
		local->open[lane] = NULL;
		if (group != NULL)
			gathering_close_group(local, group);
	}
	local->gathering++;
}

/* A small group waits while another one is under way, so that more requests join it. The store executes groups one after the other anyway. (RFC 896,
 * Nagle's algorithm, does the same with segments.) */
bool gathering_is_worth_sending(const struct local *local)
{
	unsigned members = 0;
	size_t bytes = 0;
	for (unsigned lane = 0; lane < 2; lane++) {
		const struct group *group = local->open[lane];
		members += group == NULL ? 0 : group->member_count;
		bytes += group == NULL ? 0 : group->bytes.len + group->pairs.len;
	}
	bool is_small = members < SMALL_GROUP && bytes < SMALL_GROUP_BYTES;
	return members > 0 && (!is_small || groups_local_at_store(local->groups) == 0);
}

bool gathering_has_flush(const struct local *local)
{
	for (unsigned lane = 0; lane < 2; lane++)
		if (local->open[lane] != NULL && local->open[lane]->flush_count > 0)
			return true;
	return false;
}
