/* Torn: part of the reserved database is gone: the store was emptied, or somebody deleted a key there. What is left tells wrong things: without positions
 * increments would be counted twice, without the outbox writes would be lost that were acknowledged, and their dots be given again.
 *
 * 1. All is there: the opening goes on.
 * 2. There is no data either, and the outbox holds nothing that the log lacks: the reserved database is made anew, and all comes back from the logs, as
 *    into a store that came back empty.
 * 3. There is data, and nothing of ours: a store at its first start, whose data stays; unless the own log tells that this datacenter was there before. It is
 *    read before anything is done.
 * 4. Otherwise what the outbox holds goes to the log, in an incarnation of its own, and nothing else is done. The data cannot be told right from wrong. A
 *    person removes it, as nobody else knows whether the logs still reach back; then 2. */
#include "stored.h"

#include "proxy/core/ledger/parts.h"

#include <string.h>

#define LOOK_MS 1000

static bool is_lost(const struct recovery *recovery, enum core_part part)
{
	return (recovery->causes->lost_parts >> part & 1) != 0;
}

struct event torn_judge(struct recovery *recovery, const struct event *event)
{
	struct causes *causes = recovery->causes;
	struct books *books = recovery->books;
	struct event believed = *event;
	unsigned lost = CORE_PARTS_ALL & ~event->opened.parts;
	bool is_blank = lost == CORE_PARTS_ALL && event->opened.position_count + event->opened.episode_count == 0;
	recovery->is_known |= books->is_whole || !is_blank;
	bool is_first = is_blank && !recovery->is_known;
	bool is_empty = !event->opened.is_data_there && (event->opened.outbox_count == 0 || recovery->is_shipped);
	recovery->is_adopting = is_first && !is_empty;
	causes->lost_parts = is_empty ? 0 : lost;
	books->is_whole = lost == 0;
	books->are_parts_due = lost != 0 && is_empty;
	books->is_remade = !is_blank;
	recovery->is_shipped = recovery->is_looking = false;
	recovery->looked_ms = recovery->step->steady_ms;
	if (books->are_parts_due || is_lost(recovery, PART_POSITIONS))
		believed.opened.position_count = 0;
	if (books->are_parts_due || is_lost(recovery, PART_EPISODES))
		believed.opened.episode_count = 0;
	if (books->are_parts_due)
		believed.opened.outbox_count = 0;
	return believed;
}

/* Says that the opening goes on, or why not. */
static void tell(struct recovery *recovery)
{
	struct causes *causes = recovery->causes;
	causes->trouble = causes->lost_parts == 0 ? NULL : recovery->is_adopting ? CORE_TROUBLE_ADOPTING : CORE_TROUBLE_TORN;
	if (causes->lost_parts != 0 && !recovery->is_adopting)
		step_alarm(recovery->step, 0, CORE_TROUBLE_TORN + strlen("HOMEPORT "));
}

void torn_begin(struct recovery *recovery)
{
	tell(recovery);
}

void torn_hear_end(struct recovery *recovery)
{
	const struct origins *origins = &recovery->causes->origins;
	bool is_new = !recovery->is_log_cut;
	if (!recovery->is_adopting)
		return;
	for (unsigned i = 0; i < origins->count; i++)
		is_new &= origins->items[i].dc != 0 || origins->items[i].logged == 0;
	recovery->is_adopting = false;
	recovery->is_known = true;
	recovery->books->are_parts_due = is_new;
	if (is_new)
		recovery->causes->lost_parts = 0;
	tell(recovery);
	if (is_new)
		positions_send(recovery->books);
}

/* ---- is there still data? ---- */

void torn_pump(struct recovery *recovery)
{
	const struct core_options *options = recovery->options;
	bool is_shipped = recovery->state == RECOVERY_TORN && recovery->outbox->events == 0;
	if (!is_shipped || recovery->is_looking || recovery->step->steady_ms - recovery->looked_ms < LOOK_MS)
		return;
	struct group *group = group_new(recovery->groups, GROUP_LOOK);
	for (uint32_t db = 0; db < options->databases; db++) {
		if (db == options->reserved_db)
			continue;
		script_select(&group->script, db);
		script_add(&group->script, 1, (struct slice[]){ SLICE("DBSIZE") });
	}
	recovery->is_looking = true;
	group_send(recovery->groups, group);
}

void torn_answered(struct recovery *recovery, const struct event *event)
{
	bool is_empty = true;
	/* Of each database, the reply to SELECT and the number of its keys. */
	for (unsigned i = 0; i < recovery->options->databases - 1; i++)
		is_empty &= slice_equal(event->answered.replies[2 * i + 1], SLICE(":0\r\n"));
	recovery->is_looking = false;
	recovery->looked_ms = recovery->step->steady_ms;
	recovery->is_shipped = is_empty;
	if (is_empty)
		effects_add(recovery->step->effects, EFFECT_REOPEN);
}

void torn_refused(struct recovery *recovery)
{
	recovery->is_looking = false;
	recovery->looked_ms = recovery->step->steady_ms;
}
