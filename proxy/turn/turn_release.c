/* Turn release: the store's replies to a group, handed to the clients whose commands are in it (see turn_release.h).
 * Clients come first: they need not wait for the metadata and log work that the core does once it has the answer (turn_store.c gives it the
 * answer next). A write that must not be acknowledged before other datacenters have it (a quorum) would be held back here. */
#include "turn_release.h"

#include "proxy/core/local/release.h"
#include "proxy/core/scripting/ran.h"
#include "proxy/core/scripting/wrapper.h"

#include <assert.h>

/* A script's answer is in that of its wrapper; where Redis cannot compile it, the answer says so that stands before. */
static struct slice answer_of(struct turn *turn, const struct slot *slot, const struct slice *replies)
{
	struct slice log;
	if (slot->is_loading && reply_is_error(replies[slot->reply - 1]))
		return replies[slot->reply - 1];
	if (slot->is_listing) {
		turn->listing.len = 0;
		wrapper_remove(&turn->listing, replies[slot->reply]);
		return buffer_slice(&turn->listing);
	}
	return slot->is_scripted ? ran_reply(replies[slot->reply], &log) : replies[slot->reply];
}

void turn_release(struct turn *turn, const struct turn_group *group, const struct slice *replies, unsigned count)
{
	bool is_kept = !group->has_entry || release_has_entry(replies[group->entry_reply]);
	for (unsigned i = 0; is_kept && i < group->slot_count; i++) {
		const struct slot *slot = &group->slots[i];
		assert(slot->reply < count);
		if (release_may_answer(slot, replies[slot->reply]))
			turn_answer(turn, slot->token, answer_of(turn, slot, replies));
	}
	turn->callbacks.group_answered(turn->callbacks.context);
}
