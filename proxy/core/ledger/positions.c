/* Positions: fields of a hash in the store, written beside the effects in one transaction, so that whoever reads them back finds data and positions
 * at the same point:
 *
 *   dc:<name>  "<follow position> <incarnation>:<applied>:<floor>:<kept>:<stable> …": one group of numbers for each incarnation of the DC that is
 *              not past, with ":1" behind it where it has begun (ours only); "<follow position>/<incarnation> …" where the DC has a floor (struct floors)
 *   hlc        the clock
 *   answered   "<incarnation> <first> <last>": of our own writes, which ones were answered (struct answered)
 *   run        "<server run id> <incarnation>"
 *   id:<name>  the id of the DC (identity.h)
 *   homes      the digest of the homes that were configured when all datacenters had the same (topology/doubt.c)
 *   lost       1, where the own log may have lost what the store had not read; 0, where that is over
 *
 * What suspects.c adds stands there, too. */
#include "parts.h"
#include "proxy/core/topology/doubt.h"

#include <string.h>

#define POSITIONS_MS 1000

static void add_dc(const struct books *books, unsigned dc, struct buffer *field, struct buffer *value)
{
	buffer_reset(field);
	buffer_reset(value);
	buffer_add_text(field, "dc:");
	buffer_add_text(field, books->causes->origins.dcs[dc]);
	buffer_add_int64(value, books->roads[dc].follow_position);
	if (floor_at(books->causes->origins.floors, dc) > 0) {
		buffer_add_byte(value, '/');
		buffer_add_uint64(value, books->causes->origins.floors->at[dc]);
	}
	for (unsigned i = 0; i < books->causes->origins.count; i++) {
		const struct origin *origin = &books->causes->origins.items[i];
		bool is_begun_self = i == books->causes->self && origin->is_begun;
		if (origin->dc != dc || (origin->applied == 0 && !is_begun_self) || origin->is_past)
			continue;
		const uint64_t numbers[] = { origin->incarnation, origin->applied, origin->floor, origin->kept, origin->stable };
		for (unsigned j = 0; j < 5; j++) {
			buffer_add_byte(value, j == 0 ? ' ' : ':');
			buffer_add_uint64(value, numbers[j]);
		}
		if (origin->is_begun)
			buffer_add_text(value, ":1");
	}
}

/* These writes were answered. Where their final form differs from the intent, the outbox has it: written before this, or in the same transaction. */
static void add_answered(const struct books *books, struct buffer *field, struct buffer *value)
{
	const uint64_t numbers[] = { books->causes->origins.items[books->causes->self].incarnation, books->answered_first, books->causes->answered_seq };
	buffer_add_text(field, "answered");
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			buffer_add_byte(value, ' ');
		buffer_add_uint64(value, numbers[i]);
	}
}

/* The positions of all DCs are always written together, as what is stable of one DC goes with what is stable of the others. */
void positions_write(struct books *books, struct group *group)
{
	struct script *script = &group->script;
	struct slice argv[2 + 2 * (CORE_DCS_MAX + 3)] = { SLICE("HSET"), SLICE(CORE_POSITIONS_KEY) };
	struct buffer texts[2 * (CORE_DCS_MAX + 3)] = { { 0 } };
	unsigned count = 0;
	for (unsigned dc = 0; dc < books->options->dc_count; dc++) {
		add_dc(books, dc, &texts[count], &texts[count + 1]);
		books->roads[dc].is_follow_moved = false;
		group->positions.follow_positions[dc] = books->roads[dc].follow_position;
		count += 2;
	}
	buffer_add_text(&texts[count], "hlc");
	buffer_add_uint64(&texts[count + 1], books->causes->hlc);
	count += 2;
	add_answered(books, &texts[count], &texts[count + 1]);
	count += 2;
	if (books->is_log_lost || books->is_loss_over) {
		buffer_add_text(&texts[count], "lost");
		buffer_add_text(&texts[count + 1], books->is_log_lost ? "1" : "0");
		count += 2;
	}
	for (unsigned i = 0; i < count; i++)
		argv[2 + i] = buffer_slice(&texts[i]);
	script_select(script, books->options->reserved_db);
	script_add(script, 2 + count, argv);
	for (unsigned i = 0; i < count; i++)
		buffer_free(&texts[i]);
	suspects_write(books->suspects, script);
	group->positions.has_positions = true;
}

void positions_stored(struct books *books, const struct group *group)
{
	for (unsigned dc = 0; group->positions.has_positions && dc < books->options->dc_count; dc++) {
		if (group->positions.follow_positions[dc] <= books->roads[dc].told_position)
			continue;
		books->roads[dc].told_position = group->positions.follow_positions[dc];
		struct effect *effect = effects_add(books->step->effects, EFFECT_TRIM);
		effect->log.dc = dc;
		effect->log.position = group->positions.follow_positions[dc];
	}
}

static void write_run(struct books *books, struct script *script)
{
	struct buffer value = { 0 };
	buffer_add(&value, buffer_slice(&books->run_id));
	buffer_add_byte(&value, ' ');
	buffer_add_uint64(&value, books->causes->origins.items[books->causes->self].incarnation);
	script_select(script, books->options->reserved_db);
	script_add(script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("run"), buffer_slice(&value) });
	buffer_free(&value);
}

static void write_ids(const struct books *books, struct group *group)
{
	struct buffer fields[CORE_DCS_MAX] = { { 0 } };
	struct slice values[CORE_DCS_MAX], argv[2 + 2 * CORE_DCS_MAX] = { SLICE("HSET"), SLICE(CORE_POSITIONS_KEY) };
	unsigned count = identity_fields(books->causes, fields, values);
	for (unsigned i = 0; i < count; i++) {
		argv[2 + 2 * i] = buffer_slice(&fields[i]);
		argv[3 + 2 * i] = values[i];
	}
	script_select(&group->script, books->options->reserved_db);
	if (count > 0)
		script_add(&group->script, 2 + 2 * count, argv);
	for (unsigned i = 0; i < count; i++)
		buffer_free(&fields[i]);
	group->positions.id_changes = books->causes->identity.changes;
}

static void write_homes(const struct books *books, struct group *group)
{
	struct buffer field = { 0 }, value = { 0 };
	doubt_write(books->topology, &field, &value);
	script_select(&group->script, books->options->reserved_db);
	script_add(&group->script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), buffer_slice(&field), buffer_slice(&value) });
	buffer_free(&field);
	buffer_free(&value);
	group->positions.has_homes = true;
}

static bool are_ids_due(const struct books *books)
{
	return books->causes->identity.changes > books->causes->identity.stored_changes;
}

bool positions_are_due(const struct books *books)
{
	return books->step->steady_ms - books->positions_sent_ms >= POSITIONS_MS && books->causes->is_gate_open;
}

/* Positions are not sent while a remote group is under way: the store might refuse that group, and then take positions that pass over it. */
void positions_send(struct books *books)
{
	bool is_moved = false;
	for (unsigned dc = 0; dc < books->options->dc_count; dc++)
		is_moved |= books->roads[dc].is_follow_moved;
	/* A record that has left the store must not come back after a restart, with writes that the old positions call unstable. */
	is_moved |= episodes_have_ended(books);
	if (is_moved || episodes_are_pending(books) || books->is_run_due || books->suspects->is_rules_due || books->is_trim_due || are_ids_due(books) ||
	    doubt_is_write_due(books->topology) ||
	    books->correction_count > 0 || books->are_parts_due) {
		struct group *group = group_new(books->groups, GROUP_POSITIONS);
		if (books->are_parts_due)
			parts_make(books, group);
		group->positions.has_run = books->is_run_due;
		if (books->is_run_due)
			write_run(books, &group->script);
		if (are_ids_due(books))
			write_ids(books, group);
		if (doubt_is_write_due(books->topology))
			write_homes(books, group);
		if (is_moved || books->is_run_due || books->suspects->is_rules_due)
			positions_write(books, group);
		group_send(books->groups, group);
	}
	books->positions_sent_ms = books->step->steady_ms;
}

/* ---- reading ---- */

static bool take_number(struct slice *text, char separator, int64_t *number)
{
	return slice_to_int64(slice_take_until(text, separator), number);
}

static bool read_answered(struct books *books, struct slice value)
{
	int64_t incarnation, first, last;
	if (!take_number(&value, ' ', &incarnation) || !take_number(&value, ' ', &first) || !take_number(&value, ' ', &last))
		return false;
	books->stored_answered = (struct answered){ (uint64_t)incarnation, (uint64_t)first, (uint64_t)last };
	return true;
}

/* What is below and has no numbers of its own is past. */
static void floors_set(struct books *books, unsigned dc, uint64_t incarnation)
{
	struct origins *origins = &books->causes->origins;
	floors_raise(&origins->floors, origins, dc, incarnation);
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].dc == dc && origins->items[i].incarnation < incarnation)
			origin_pass(&origins->items[i]);
}

static bool read_dc(struct books *books, unsigned dc, struct slice value)
{
	struct road *road = &books->roads[dc];
	struct slice first = slice_take_until(&value, ' '), position = slice_take_until(&first, '/');
	int64_t lowest;
	if (!slice_to_int64(position, &road->follow_position))
		return false;
	if (first.len > 0 && slice_to_int64(first, &lowest))
		floors_set(books, dc, (uint64_t)lowest);
	books->causes->peers[dc].position = road->follow_position;
	while (value.len > 0) {
		struct slice entry = slice_take_until(&value, ' ');
		int64_t incarnation, applied, floor, kept, stable;
		if (!take_number(&entry, ':', &incarnation) || !take_number(&entry, ':', &applied) || !take_number(&entry, ':', &floor) ||
		    !take_number(&entry, ':', &kept) || !take_number(&entry, ':', &stable))
			return false;
		int index = origins_get_dc(&books->causes->origins, dc, (uint64_t)incarnation);
		if (index < 0 || floor > kept || kept > stable || stable > applied)
			return false;
		struct origin *origin = &books->causes->origins.items[index];
		origin->is_past = false;     /* it has numbers of its own */
		origin->is_begun = slice_equal(entry, SLICE("1"));
		origin->round_applied = 0;
		origin->applied = origin->confirmed = (uint64_t)applied;
		origin->floor = origin->recalled = (uint64_t)floor;
		origin->kept = origin->round_stable = (uint64_t)kept;
		origin->stable = (uint64_t)stable;
	}
	return true;
}

bool positions_read(struct books *books, const struct event *event, bool *is_same_run, uint64_t *incarnation)
{
	*is_same_run = books->is_log_lost = false;
	books->stored_answered = (struct answered){ 0 };
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
		books->is_log_lost |= slice_equal(field, SLICE("lost")) && slice_equal(value, SLICE("1"));
		if (identity_read(books->causes, field, value) || doubt_read(books->topology, field, value))
			continue;
		if (suspects_read(books->suspects, field, value))
			continue;
		if (slice_equal(field, SLICE("hlc")) && take_number(&value, ' ', &hlc) && (uint64_t)hlc > books->causes->hlc)
			books->causes->hlc = (uint64_t)hlc;
		if (slice_equal(field, SLICE("answered")) && !read_answered(books, value))
			return false;
		if (field.len < 3 || memcmp(field.ptr, "dc:", 3) != 0)
			continue;
		int dc = origins_dc(&books->causes->origins, (struct slice){ field.ptr + 3, field.len - 3 });
		/* If a DC was removed from the configuration, its writes stay, but its log is not followed. */
		if (dc >= 0 && !read_dc(books, (unsigned)dc, value))
			return false;
	}
	return true;
}
