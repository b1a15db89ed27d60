/* Positions: what is written beside the effects in one transaction: for each DC a field "dc:<name>" holding
 * "<follow position> <incarnation>:<applied>:<floor>:<kept>:<stable> …", "hlc" holding the clock, "answered" holding "<incarnation> <first> <last> <begun>",
 * "lost" holding 1 where the own log lost what the store had not read, what rules_change.c adds, and "run" holding "<server run id> <incarnation>".
 * Whoever reads them back finds data and positions at the same point. */
#include "proxy/core/state.h"

#include <string.h>

#define RECORD_MS 1000

static void add_dc(const struct core *core, unsigned dc, struct buffer *field, struct buffer *value)
{
	buffer_reset(field);
	buffer_reset(value);
	buffer_add_text(field, "dc:");
	buffer_add_text(field, core->dc_names[dc]);
	buffer_add_int64(value, core->peers[dc].follow_position);
	for (unsigned i = 0; i < core->origins.count; i++) {
		const struct origin *origin = &core->origins.items[i];
		if (origin->dc != dc || origin->applied == 0)
			continue;
		const uint64_t numbers[] = { origin->incarnation, origin->applied, origin->floor, origin->kept, origin->stable };
		for (unsigned j = 0; j < 5; j++) {
			buffer_add_byte(value, j == 0 ? ' ' : ':');
			buffer_add_uint64(value, numbers[j]);
		}
	}
}

/* The final forms of these are in the outbox where they differ from what was intended: in front of this, or with it. */
static void add_answered(const struct core *core, struct buffer *field, struct buffer *value)
{
	const uint64_t numbers[] = { core->origins.items[core->self].incarnation, core->answered_first, core->answered_seq, core->is_begun };
	buffer_add_text(field, "answered");
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			buffer_add_byte(value, ' ');
		buffer_add_uint64(value, numbers[i]);
	}
}

/* Always of all DCs at once: what is stable of one belongs to what is stable of the others. */
void positions_write(struct core *core, struct script *script)
{
	struct slice argv[2 + 2 * (CORE_DCS_MAX + 3)] = { SLICE("HSET"), SLICE(CORE_POSITIONS_KEY) };
	struct buffer texts[2 * (CORE_DCS_MAX + 3)] = { { 0 } };
	unsigned count = 0;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++) {
		add_dc(core, dc, &texts[count], &texts[count + 1]);
		core->peers[dc].is_follow_moved = false;
		count += 2;
	}
	buffer_add_text(&texts[count], "hlc");
	buffer_add_uint64(&texts[count + 1], core->hlc);
	count += 2;
	add_answered(core, &texts[count], &texts[count + 1]);
	count += 2;
	if (core->is_log_lost) {
		buffer_add_text(&texts[count], "lost");
		buffer_add_text(&texts[count + 1], "1");
		count += 2;
	}
	for (unsigned i = 0; i < count; i++)
		argv[2 + i] = buffer_slice(&texts[i]);
	script_select(script, core->options.reserved_db);
	script_add(script, 2 + count, argv);
	for (unsigned i = 0; i < count; i++)
		buffer_free(&texts[i]);
	suspects_write(core, script);
}

static void write_run(struct core *core, struct script *script)
{
	struct buffer value = { 0 };
	buffer_add(&value, buffer_slice(&core->run_id));
	buffer_add_byte(&value, ' ');
	buffer_add_uint64(&value, core->origins.items[core->self].incarnation);
	script_select(script, core->options.reserved_db);
	script_add(script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("run"), buffer_slice(&value) });
	buffer_free(&value);
}

bool positions_are_due(const struct core *core)
{
	return core->now_ms - core->record_ms >= RECORD_MS && core->is_gate_open && core->aborted == NULL;
}

/* Behind no remote group that is still under way: the store may refuse that one and take this. */
void positions_record(struct core *core)
{
	bool is_moved = false;
	for (unsigned dc = 0; dc < core->options.dc_count; dc++)
		is_moved |= core->peers[dc].is_follow_moved;
	/* A record that left the store must not come back with writes that would not be stable again. */
	is_moved |= episodes_have_ended(core);
	if (is_moved || episodes_are_pending(core) || core->is_run_due || core->is_rules_due || core->is_trim_due || core->resolution_count > 0) {
		struct group *group = group_new(core, GROUP_RECORD);
		/* Only once the store has it may the log forget what precedes it. */
		if (core->peers[0].is_follow_moved)
			group->trim_position = core->peers[0].follow_position;
		group->has_run = core->is_run_due;
		if (core->is_run_due)
			write_run(core, &group->script);
		if (is_moved || core->is_run_due || core->is_rules_due)
			positions_write(core, &group->script);
		group_send(core, group);
	}
	core->record_ms = core->now_ms;
}

/* ---- reading ---- */

static bool take_number(struct slice *text, char separator, int64_t *number)
{
	return slice_to_int64(slice_take_until(text, separator), number);
}

static bool read_answered(struct core *core, struct slice value)
{
	int64_t incarnation, first, last;
	if (!take_number(&value, ' ', &incarnation) || !take_number(&value, ' ', &first) || !take_number(&value, ' ', &last))
		return false;
	/* Older versions do not tell whether it has begun. */
	bool is_begun = slice_equal(value, SLICE("1"));
	core->stored_answered = (struct answered){ (uint64_t)incarnation, (uint64_t)first, (uint64_t)last, is_begun };
	return true;
}

static bool read_dc(struct core *core, unsigned dc, struct slice value)
{
	struct peer *peer = &core->peers[dc];
	if (!take_number(&value, ' ', &peer->follow_position))
		return false;
	peer->position = peer->follow_position;
	while (value.len > 0) {
		struct slice entry = slice_take_until(&value, ' ');
		int64_t incarnation, applied, floor, kept, stable;
		if (!take_number(&entry, ':', &incarnation) || !take_number(&entry, ':', &applied) || !take_number(&entry, ':', &floor) ||
		    !take_number(&entry, ':', &kept) || !take_number(&entry, ':', &stable))
			return false;
		int index = origins_get_dc(&core->origins, dc, (uint64_t)incarnation);
		if (index < 0 || floor > kept || kept > stable || stable > applied)
			return false;
		struct origin *origin = &core->origins.items[index];
		origin->applied = origin->confirmed = (uint64_t)applied;
		origin->floor = origin->recalled = (uint64_t)floor;
		origin->kept = origin->round_stable = (uint64_t)kept;
		origin->stable = (uint64_t)stable;
	}
	return true;
}

bool positions_read(struct core *core, const struct event *event, bool *is_same_run, uint64_t *incarnation)
{
	*is_same_run = core->is_log_lost = false;
	core->stored_answered = (struct answered){ 0 };
	for (unsigned i = 0; i < event->opened.position_count; i++) {
		struct slice field = event->opened.positions[i].field, value = event->opened.positions[i].value;
		if (slice_equal(field, SLICE("run"))) {
			int64_t number;
			*is_same_run = slice_equal(slice_take_until(&value, ' '), event->opened.run_id);
			if (!take_number(&value, ' ', &number))
				return false;
			*incarnation = (uint64_t)number;
			continue;
		}
		int64_t hlc;
		core->is_log_lost |= slice_equal(field, SLICE("lost"));
		if (suspects_read(core, field, value))
			continue;
		if (slice_equal(field, SLICE("hlc")) && take_number(&value, ' ', &hlc) && (uint64_t)hlc > core->hlc)
			core->hlc = (uint64_t)hlc;
		if (slice_equal(field, SLICE("answered")) && !read_answered(core, value))
			return false;
		if (field.len < 3 || memcmp(field.ptr, "dc:", 3) != 0)
			continue;
		int dc = origins_dc(&core->origins, (struct slice){ field.ptr + 3, field.len - 3 });
		/* A DC that was taken out of the configuration: its writes stay, its log is not followed. */
		if (dc >= 0 && !read_dc(core, (unsigned)dc, value))
			return false;
	}
	return true;
}
