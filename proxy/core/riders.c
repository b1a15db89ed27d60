/* Riders: what goes to the store with whatever group is sent next. */
#include "core_parts.h"
#include "proxy/core/ledger/parts.h"

/* Any group takes along the final forms that the outbox lacks, and trims outbox entries that are no longer needed. */
void riders_add(void *context, struct group *group)
{
	struct core *core = context;
	if (core->books.are_parts_due && !core->books.is_remade && !group->positions.has_marks)
		parts_make(&core->books, group);
	/* What a full store refuses would take its riders along. */
	if (group->kind == GROUP_TRIAL || (core->groups.is_store_full && !group->is_for_full))
		return;
	if (core->books.correction_count > 0) {
		script_select(&group->script, core->options.reserved_db);
		buffer_add(&group->bytes, buffer_slice(&core->books.corrections));
		group->script.count += core->books.correction_count;
		buffer_reset(&core->books.corrections);
		core->books.correction_count = 0;
		group->riders.has_corrections = true;
	}
	spill_write(core->asks, group);
	episodes_write(&core->books, group);
	/* The outbox is not trimmed while it alone tells where earlier incarnations ended, or which keys must be read back. */
	bool is_reading_back = core->rereads.count > 0 || local_has_open(core->local);
	if (!core->books.is_trim_due || core->books.is_run_due || is_reading_back || group->kind == GROUP_PROBE)
		return;
	struct buffer id = { 0 };
	buffer_add_uint64(&id, core->books.trim_ms);
	buffer_add_byte(&id, '-');
	buffer_add_uint64(&id, core->books.trim_seq);
	script_select(&group->script, core->options.reserved_db);
	script_add(&group->script, 4, (struct slice[]){ SLICE("XTRIM"), SLICE(CORE_OUTBOX_KEY), SLICE("MINID"), buffer_slice(&id) });
	buffer_free(&id);
	core->books.is_trim_due = false;
}

/* The riders go with the next group instead. */
void riders_refused(struct core *core, struct group *group)
{
	/* The outbox lacks final forms. Should we end now, recovery has to ask the store for what was answered so far. */
	if (group->riders.has_corrections)
		core->books.answered_first = core->causes.answered_seq + 1;
	spill_retry(core->asks, group);
}
