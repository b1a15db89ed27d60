/* Suspects: keys that were decided between several versions while datacenters had different rules (see rules_change.c). */
#include "suspects.h"

#include <string.h>

#define SUSPECTS_MAX 1000000U        /* more are dropped, counted, and left to a comparison with the peers */

bool key_is_contested(const struct key *key)
{
	for (const struct element *element = key->elements; element != NULL; element = element->next)
		if (element->version_count > 1)
			return true;
	return false;
}

static bool add_suspect(struct suspects *suspects, uint32_t db, struct slice key, bool is_again)
{
	if (suspects->count == SUSPECTS_MAX) {
		suspects->step->status.dropped_rereads++;
		return false;
	}
	suspects->items = array_reserve(suspects->items, suspects->count, &suspects->cap, sizeof *suspects->items);
	suspects->items[suspects->count++] = (struct suspect){ db, buffer_copy(key), is_again };
	return true;
}

static void suspect(struct suspects *suspects, struct key *key)
{
	if (!key->is_suspect)
		key->is_suspect = add_suspect(suspects, key->db, key->name, false);
}

static void suspect_again(struct suspects *suspects, struct key *key)
{
	if (!key->is_decided_again)
		key->is_suspect = key->is_decided_again = add_suspect(suspects, key->db, key->name, true);
}

void suspects_add_contested(void *context, struct key *key)
{
	if (key_is_contested(key))
		suspect(context, key);
}

static void suspect_contested_again(void *context, struct key *key)
{
	if (key_is_contested(key))
		suspect_again(context, key);
}

void suspects_drop(struct suspects *suspects)
{
	for (unsigned i = 0; i < suspects->count; i++)
		bytes_free(suspects->items[i].key);
	suspects->count = suspects->written = 0;
}

void suspects_begin_opening(struct suspects *suspects)
{
	suspects->is_suspecting = suspects->is_reading_back = false;
	suspects->is_rules_due = true;
	suspects_drop(suspects);
}

/* ---- what differs ---- */

bool suspects_differ(const struct suspects *suspects)
{
	for (unsigned dc = 1; dc < suspects->options->dc_count; dc++)
		if (suspects->causes->peers[dc].applied_digest != 0 &&
		    suspects->causes->peers[dc].applied_digest != suspects->policies->current->digest)
			return true;
	return false;
}

void suspects_begin(struct suspects *suspects)
{
	suspects->is_rules_due |= !suspects->is_suspecting;
	suspects->is_suspecting = true;
	suspects->is_reading_back = false;
	keyspace_each_key(suspects->keyspace, suspects_add_contested, suspects);
}

void suspects_hear(struct suspects *suspects, unsigned dc, uint64_t digest)
{
	struct peer *peer = &suspects->causes->peers[dc];
	if (digest == 0 || peer->applied_digest == digest)
		return;
	peer->applied_digest = digest;
	if (suspects_differ(suspects) || suspects->is_suspecting)
		suspects_begin(suspects);
}

/* Our store had it before this incarnation, and others know that. */
static bool is_applied_again(const struct suspects *suspects, const struct stamp *stamp)
{
	const struct context *before = suspects->causes->origins.items[suspects->causes->self].before;
	return suspects->causes->origins.items[stamp->origin].dc == 0 || (before != NULL && stamp->seq <= context_at(before, stamp->origin));
}

void suspects_note(struct suspects *suspects, const struct stamp *stamp, const struct changes *changes)
{
	if (!suspects->is_suspecting)
		return;
	void (*note)(void *context, struct key *key) = is_applied_again(suspects, stamp) ? suspect_contested_again : suspects_add_contested;
	for (unsigned i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		struct key *key = change->kind == CHANGE_FLUSH ? NULL : keyspace_recall(suspects->keyspace, change->db, change->key);
		if (change->kind == CHANGE_FLUSH)
			keyspace_each_key(suspects->keyspace, note, suspects);
		else if (key != NULL)
			note(suspects, key);
	}
}

/* ---- what the store keeps of it: fields beside the positions ---- */

static const char suspect_prefix[] = "suspect:";

static void write_suspect(struct script *script, const struct suspect *suspect, bool is_dropped)
{
	struct buffer field = { 0 };
	buffer_add_text(&field, suspect_prefix);
	buffer_add_uint64(&field, suspect->db);
	buffer_add_byte(&field, ':');
	buffer_add(&field, suspect->key);
	struct slice argv[] = { is_dropped ? SLICE("HDEL") : SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), buffer_slice(&field),
		suspect->is_again ? SLICE("2") : SLICE("1") };
	script_add(script, is_dropped ? 3 : 4, argv);
	buffer_free(&field);
}

/* Suspects stand in the same transaction as what was decided. They go when what was read back of them is in the outbox. */
void suspects_write(struct suspects *suspects, struct script *script)
{
	for (; suspects->written < suspects->count; suspects->written++)
		write_suspect(script, &suspects->items[suspects->written], false);
	if (!suspects->is_rules_due)
		return;
	suspects->is_rules_due = false;
	bool is_agreed = !suspects->is_suspecting && !suspects->is_reading_back;
	for (unsigned i = 0; is_agreed && i < suspects->count; i++)
		write_suspect(script, &suspects->items[i], true);
	struct buffer value = { 0 };
	buffer_add_uint64(&value, suspects->policies->current->digest >> 1);
	buffer_add_text(&value, is_agreed ? " agreed" : " differing");
	script_add(script, 4, (struct slice[]){ SLICE("HSET"), SLICE(CORE_POSITIONS_KEY), SLICE("rules"), buffer_slice(&value) });
	buffer_free(&value);
	if (is_agreed)
		suspects_drop(suspects);
}

void suspects_unwritten(struct suspects *suspects)
{
	suspects->is_rules_due = true;
	suspects->written = 0;
}

bool suspects_read(struct suspects *suspects, struct slice field, struct slice value)
{
	int64_t number = 0;
	size_t prefix_len = sizeof suspect_prefix - 1;
	if (slice_equal(field, SLICE("rules"))) {
		struct slice digest = slice_take_until(&value, ' ');
		bool is_same = slice_to_int64(digest, &number) && (uint64_t)number == suspects->policies->current->digest >> 1;
		suspects->is_suspecting = !is_same || !slice_equal(value, SLICE("agreed"));
		return true;
	}
	if (field.len < prefix_len || memcmp(field.ptr, suspect_prefix, prefix_len) != 0)
		return false;
	struct slice key = { field.ptr + prefix_len, field.len - prefix_len };
	if (slice_to_int64(slice_take_until(&key, ':'), &number))
		add_suspect(suspects, (uint32_t)number, key, slice_equal(value, SLICE("2")));
	suspects->written = suspects->count;
	return true;
}
