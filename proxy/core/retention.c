/* Retention: how long records that ended stay in the conflicts stream. Their age, their number and their bytes are limited; the oldest go first.
 * Each transaction that adds some trims the stream to their number. How much memory they take only the store knows: it is asked, and told to drop
 * what is too old, once a minute, and when much was added. */
#include "state.h"

#define TRIM_MS 60000
#define MEASURE_PART 8               /* of the limit in bytes: added since they were measured */

bool retention_is_due(const struct core *core)
{
	const struct retention *retention = &core->retention;
	return core->now_ms - retention->trimmed_ms >= TRIM_MS || retention->added_bytes > core->options.records_bytes_max / MEASURE_PART;
}

/* As many as fit, going by the mean size when it was measured, with room for what is added until it is measured again. */
static uint64_t records_max(const struct core *core)
{
	const struct core_status *status = &core->status;
	uint64_t limit = core->options.records_max, bytes_max = core->options.records_bytes_max;
	if (status->stored_records == 0 || status->stored_record_bytes == 0)
		return limit;
	uint64_t fitting = (bytes_max - bytes_max / MEASURE_PART) / (status->stored_record_bytes / status->stored_records + 1);
	return fitting < limit ? fitting + 1 : limit;
}

void retention_add(struct core *core, size_t bytes)
{
	core->retention.added_bytes += bytes;
	core->retention.is_grown = true;
}

static void add_trim(struct script *script, struct slice strategy, uint64_t threshold)
{
	struct buffer text = { 0 };
	buffer_add_uint64(&text, threshold);
	script_add(script, 5, (struct slice[]){ SLICE("XTRIM"), SLICE(CORE_CONFLICTS_KEY), strategy, SLICE("~"), buffer_slice(&text) });
	buffer_free(&text);
}

void retention_write(struct core *core, struct group *group)
{
	uint64_t age_ms = core->options.records_age_ms_max;
	bool is_due = retention_is_due(core);
	if (is_due && age_ms > 0 && core->now_ms >= age_ms)
		add_trim(&group->script, SLICE("MINID"), core->now_ms - age_ms);
	if (is_due || core->retention.is_grown)
		add_trim(&group->script, SLICE("MAXLEN"), records_max(core));
	core->retention.is_grown = false;
	if (!is_due)
		return;
	group->measure_reply = group->script.count;
	script_add(&group->script, 2, (struct slice[]){ SLICE("XLEN"), SLICE(CORE_CONFLICTS_KEY) });
	script_add(&group->script, 3, (struct slice[]){ SLICE("MEMORY"), SLICE("USAGE"), SLICE(CORE_CONFLICTS_KEY) });
	/* Should the answer get lost, it is asked again in a minute. */
	core->retention = (struct retention){ .trimmed_ms = core->now_ms };
}

void retention_answered(struct core *core, const struct group *group, const struct event *event)
{
	if (group->measure_reply == 0)
		return;
	core->status.stored_records = reply_count(event->answered.replies[group->measure_reply]);
	core->status.stored_record_bytes = reply_count(event->answered.replies[group->measure_reply + 1]);
}
