/* Turn release: the store's replies to a group, handed to the clients whose commands are in it (see turn_release.h).
 * Clients come first: they need not wait for the metadata and log work that the core does once it has the answer (turn_store.c gives it the
 * answer next). A write that must not be acknowledged before other datacenters have it (a quorum) would be held back here. */
#include "turn_release.h"

#include "proxy/core/local/release.h"
#include "proxy/core/scripting/ran.h"
#include "proxy/core/scripting/wrapper.h"

#include <assert.h>

/* What a script has as an answer of XREADGROUP is neither a map (RESP3) nor no array (RESP2), as Redis's own is. */
static struct slice answer_of_group(struct turn *turn, unsigned protocol, struct slice answer)
{
	struct slice cursor = answer, skipped;
	struct reply head, pair;
	bool is_read = reply_read(&cursor, &head);
	if (!is_read || head.type == REPLY_NIL)
		return is_read && protocol == 2 ? SLICE("*-1\r\n") : answer;
	skipped = cursor;
	if (protocol == 2 || head.type != REPLY_ARRAY || head.integer == 0 || !reply_read(&skipped, &pair) || pair.type != REPLY_ARRAY)
		return answer;
	turn->listing.len = 0;
	buffer_add_byte(&turn->listing, '%');
	buffer_add_int64(&turn->listing, head.integer);
	buffer_add_text(&turn->listing, "\r\n");
	while (cursor.len > 0 && reply_read(&cursor, &pair) && pair.type == REPLY_ARRAY) {
		skipped = cursor;
		for (int64_t i = 0; i < pair.integer && reply_skip(&cursor); i++)
			;
		buffer_add(&turn->listing, (struct slice){ skipped.ptr, (size_t)(cursor.ptr - skipped.ptr) });
	}
	return buffer_slice(&turn->listing);
}

/* A script's answer is in that of its wrapper; where Redis cannot compile it, the answer says so that stands before. */
static struct slice answer_of(struct turn *turn, const struct slot *slot, unsigned protocol, const struct slice *replies)
{
	struct slice log;
	if (slot->is_loading && reply_is_error(replies[slot->reply - 1]))
		return replies[slot->reply - 1];
	if (slot->is_listing) {
		turn->listing.len = 0;
		wrapper_remove(&turn->listing, replies[slot->reply]);
		return buffer_slice(&turn->listing);
	}
	if (slot->is_grouped)
		return slot->is_reading ? answer_of_group(turn, protocol, ran_reply(replies[slot->reply], &log)) : ran_reply(replies[slot->reply], &log);
	return slot->is_scripted ? ran_reply(replies[slot->reply], &log) : replies[slot->reply];
}

void turn_release(struct turn *turn, const struct turn_group *group, const struct slice *replies, unsigned count)
{
	bool is_kept = !group->has_entry || release_has_entry(replies[group->entry_reply]);
	for (unsigned i = 0; is_kept && i < group->slot_count; i++) {
		const struct slot *slot = &group->slots[i];
		assert(slot->reply < count);
		if (release_may_answer(slot, replies[slot->reply]))
			turn_answer(turn, slot->token, answer_of(turn, slot, group->protocol, replies));
	}
	turn->callbacks.group_answered(turn->callbacks.context);
}
