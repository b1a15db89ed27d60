/* Riders: what goes to the store with whatever group is sent next. */
#include "core_parts.h"

/* What rides along with any group: final forms the outbox lacks, and what it need not keep. */
void riders_add(void *context, struct group *group)
{
	struct core *core = context;
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
	/* The outbox tells where earlier incarnations ended until the positions do, and what is to be read back until it is. */
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

/* They go with the next group instead. */
void riders_refused(struct core *core, struct group *group)
{
	/* The outbox lacks final forms: what was answered so far is to be asked for, should we end now. */
	if (group->riders.has_corrections)
		core->books.answered_first = core->causes.answered_seq + 1;
	spill_retry(core->asks, group);
}
