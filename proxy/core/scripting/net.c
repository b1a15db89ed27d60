/* Net (see net.h). What comes later replaces what it undoes. An increment of what the script itself has set becomes the number that came out, since a delta
 * counts on top of what others have, and an absolute value does not. */
#include "net.h"

#include "base/number.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/resp/resp.h"

#define SLOTS_FIRST 64

void net_begin(struct net *net, struct changes *changes, struct arena *arena)
{
	*net = (struct net){ .changes = changes, .arena = arena };
	changes->count = 0;
}

/* ---- who is who ---- */

/* The kind of element; KIND_KEY: the whole key. */
static enum kind kind_of(const struct change *change)
{
	enum kind kind;
	return change_kind_of(change, &kind) ? kind : KIND_KEY;
}

static uint64_t hash_of(const struct change *change, enum kind kind)
{
	uint64_t hash = slice_hash(change->key) * 31 + change->db;
	return kind == KIND_KEY ? hash * 0x9e3779b97f4a7c15 : (hash ^ slice_hash(change->element)) * 31 + (uint64_t)kind;
}

static bool is_same(const struct change *one, const struct change *other, enum kind kind)
{
	if (one->db != other->db || !slice_equal(one->key, other->key))
		return false;
	return kind == KIND_KEY || (kind_of(one) == kind && slice_equal(one->element, other->element));
}

/* The place of the last change of this element, or of this key. */
static uint32_t *slot_of(struct net *net, const struct change *change, enum kind kind)
{
	uint32_t mask = net->slot_count - 1;
	uint32_t at = (uint32_t)(hash_of(change, kind) >> 7) & mask;
	/* An index is even in the place of an element, odd in that of a key. */
	uint32_t parity = kind == KIND_KEY;
	while (net->slots[at] != 0) {
		uint32_t value = net->slots[at] - 1;
		if (value % 2 == parity && is_same(&net->changes->items[value / 2], change, kind))
			break;
		at = (at + 1) & mask;
	}
	return &net->slots[at];
}

static void index_add(struct net *net, uint32_t index)
{
	const struct change *change = &net->changes->items[index];
	uint32_t *place = slot_of(net, change, KIND_KEY);
	net->next_of_key[index] = *place == 0 ? 0 : (*place - 1) / 2 + 1;
	*place = index * 2 + 2;
	if (kind_of(change) != KIND_KEY)
		*slot_of(net, change, kind_of(change)) = index * 2 + 1;
}

static void index_grow(struct net *net)
{
	net->slot_count = net->slot_count == 0 ? SLOTS_FIRST : net->slot_count * 2;
	memory_free(net->slots);
	net->slots = memory_new(net->slot_count * sizeof *net->slots);
	for (uint32_t i = 0; i < net->changes->count; i++)
		if (net->changes->items[i].kind != CHANGE_FLUSH)
			index_add(net, i);
}

static struct change *append(struct net *net, const struct change *change)
{
	if (net->changes->count == net->cap) {
		net->cap = net->cap == 0 ? 16 : net->cap * 2;
		net->next_of_key = memory_resize(net->next_of_key, net->cap * sizeof *net->next_of_key);
		net->is_gone = memory_resize(net->is_gone, net->cap * sizeof *net->is_gone);
	}
	uint32_t index = net->changes->count;
	*changes_add(net->changes, change->kind, change->db, change->key) = *change;
	net->is_gone[index] = false;
	net->next_of_key[index] = 0;
	if (change->kind == CHANGE_FLUSH)
		return &net->changes->items[index];
	/* Each stands in two places. */
	if ((uint64_t)net->changes->count * 4 > net->slot_count)
		index_grow(net);
	else
		index_add(net, index);
	return &net->changes->items[index];
}

/* The last change of this element that still counts; -1: none. */
static int64_t last_of(struct net *net, const struct change *change)
{
	uint32_t value = net->slot_count == 0 ? 0 : *slot_of(net, change, kind_of(change));
	return value == 0 || net->is_gone[(value - 1) / 2] ? -1 : (int64_t)((value - 1) / 2);
}

/* Walks the changes of a key backwards: from 0 on; 0 at the end. */
static uint32_t next_of(struct net *net, const struct change *change, uint32_t index)
{
	if (index != 0)
		return net->next_of_key[index - 1];
	uint32_t value = net->slot_count == 0 ? 0 : *slot_of(net, change, KIND_KEY);
	return value == 0 ? 0 : (value - 1) / 2 + 1;
}

static int64_t find_of_key(struct net *net, const struct change *change, enum change_kind kind)
{
	for (uint32_t i = next_of(net, change, 0); i != 0; i = next_of(net, change, i))
		if (!net->is_gone[i - 1] && net->changes->items[i - 1].kind == kind)
			return i - 1;
	return -1;
}

static bool has_flush(const struct net *net, uint32_t db)
{
	for (uint32_t i = 0; i < net->changes->count && net->changes->items[i].kind == CHANGE_FLUSH; i++)
		if (net->changes->items[i].db == db && !net->is_gone[i])
			return true;
	return false;
}

/* Did the script itself make the key what it is? */
static bool is_made_here(struct net *net, const struct change *change)
{
	return has_flush(net, change->db) || find_of_key(net, change, CHANGE_CLEAR) >= 0 || find_of_key(net, change, CHANGE_SET) >= 0;
}

/* ---- what comes of them ---- */

static void take_flush(struct net *net, const struct change *change)
{
	for (uint32_t i = 0; i < net->changes->count; i++)
		net->is_gone[i] |= net->changes->items[i].db == change->db;
	append(net, change);
	/* In front: it hurts nothing of its own write. */
	for (uint32_t i = net->changes->count - 1; i > 0; i--) {
		net->changes->items[i] = net->changes->items[i - 1];
		net->is_gone[i] = net->is_gone[i - 1];
	}
	net->changes->items[0] = *change;
	net->is_gone[0] = false;
	index_grow(net);
}

static void take_clear(struct net *net, const struct change *change)
{
	for (uint32_t i = next_of(net, change, 0); i != 0; i = next_of(net, change, i))
		net->is_gone[i - 1] = true;
	append(net, change);
}

static void take_set(struct net *net, const struct change *change)
{
	struct change set = *change;
	int64_t before = find_of_key(net, change, CHANGE_SET);
	if (set.expire_at_ms == EXPIRE_KEEP && before >= 0)
		set.expire_at_ms = net->changes->items[before].expire_at_ms;
	bool has_deadline = find_of_key(net, change, CHANGE_EXPIRE) >= 0;
	if (set.expire_at_ms == EXPIRE_KEEP && before < 0 && !has_deadline && is_made_here(net, change))
		set.expire_at_ms = 0;
	for (uint32_t i = next_of(net, change, 0); i != 0; i = next_of(net, change, i)) {
		enum change_kind kind = net->changes->items[i - 1].kind;
		net->is_gone[i - 1] |= kind != CHANGE_CLEAR && (kind != CHANGE_EXPIRE || set.expire_at_ms != EXPIRE_KEEP);
	}
	append(net, &set);
}

static void take_deadline(struct net *net, const struct change *change)
{
	int64_t set = find_of_key(net, change, CHANGE_SET), before = last_of(net, change);
	if (before >= 0)
		net->is_gone[before] = true;
	if (set >= 0)
		net->changes->items[set].expire_at_ms = change->expire_at_ms;
	else
		append(net, change);
}

static void take_value(struct net *net, const struct change *change)
{
	int64_t before = last_of(net, change);
	if (before >= 0)
		net->is_gone[before] = true;
	append(net, change);
}

/* A trim, or the last id of a stream: the last one counts. */
static void take_bound(struct net *net, const struct change *change)
{
	int64_t before = find_of_key(net, change, change->kind);
	if (before >= 0)
		net->is_gone[before] = true;
	append(net, change);
}

/* An entry that the script itself added and removed leaves the stream, which goes on behind it. */
static void take_reach(struct net *net, const struct change *added)
{
	struct change reach = { .kind = CHANGE_STREAM_REACH, .db = added->db, .key = added->key, .value = added->element };
	take_bound(net, &reach);
}

static void take_entry(struct net *net, const struct change *change)
{
	int64_t before = last_of(net, change);
	bool was_added = before >= 0 && net->changes->items[before].kind == CHANGE_STREAM_ADD;
	take_value(net, change);
	if (was_added)
		take_reach(net, change);
}

/* What it removed of the script's own entries is not added at all. */
static void take_trim(struct net *net, const struct change *change)
{
	struct stream_id bound, id, newest = { 0, 0 };
	struct change last = *change;
	bool is_any = false, is_read = stream_id_read(change->value, &bound);
	for (uint32_t i = next_of(net, change, 0); is_read && i != 0; i = next_of(net, change, i)) {
		const struct change *added = &net->changes->items[i - 1];
		if (net->is_gone[i - 1] || added->kind != CHANGE_STREAM_ADD || !stream_id_read(added->element, &id) || stream_id_compare(id, bound) >= (change->number == 1))
			continue;
		net->is_gone[i - 1] = true;
		if (!is_any || stream_id_compare(id, newest) > 0) {
			newest = id;
			last.element = added->element;
		}
		is_any = true;
	}
	take_bound(net, change);
	if (is_any)
		take_reach(net, &last);
}

/* The number that came out, in place of the increment. */
static void take_result(struct net *net, const struct change *change, struct slice text)
{
	struct change set = { .db = change->db, .key = change->key, .element = change->element, .value = text };
	set.kind = change->kind == CHANGE_SCORE_INCREMENT ? CHANGE_SCORE_SET : CHANGE_FIELD_SET;
	if (change->kind == CHANGE_INCREMENT || change->kind == CHANGE_INCREMENT_FLOAT) {
		set.kind = CHANGE_SET;
		set.expire_at_ms = EXPIRE_KEEP;
		take_set(net, &set);
		return;
	}
	if (set.kind == CHANGE_SCORE_SET) {
		set.value = (struct slice){ "", 0 };
		if (!slice_to_double(text, &set.score))
			return;
	}
	take_value(net, &set);
}

/* Two increments of one kind are one. False: it takes the number that came out. */
static bool add_up(struct net *net, struct change *sum, const struct change *change, struct slice text)
{
	long double one, other;
	if (sum->kind != change->kind)
		return false;
	switch (change->kind) {
	case CHANGE_INCREMENT: case CHANGE_FIELD_INCREMENT: return !__builtin_add_overflow(sum->number, change->number, &sum->number);
	case CHANGE_SCORE_INCREMENT:
		sum->score += change->score;
		sum->result = text;
		return true;
	case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_INCREMENT_FLOAT: {
		if (!slice_to_long_double(sum->value, &one) || !slice_to_long_double(change->value, &other))
			return false;
		struct buffer written = { 0 };
		buffer_add_long_double(&written, one + other);
		char *kept = arena_take(net->arena, written.len);
		memcpy(kept, written.ptr, written.len);
		sum->value = (struct slice){ kept, written.len };
		sum->result = text;
		buffer_free(&written);
		return true;
	}
	default: return false;
	}
}

static void take_increment(struct net *net, const struct change *change, struct slice raw)
{
	struct reply reply;
	int64_t before = last_of(net, change);
	if (!reply_read(&raw, &reply) || reply.type == REPLY_NIL || reply.type == REPLY_ARRAY)
		return;
	if (before < 0 && !is_made_here(net, change))
		append(net, change);
	else if (before < 0 || !add_up(net, &net->changes->items[before], change, reply.text))
		take_result(net, change, reply.text);
}

void net_add(struct net *net, const struct change *change, struct slice reply)
{
	switch (change->kind) {
	case CHANGE_FLUSH: take_flush(net, change); return;
	case CHANGE_CLEAR: take_clear(net, change); return;
	case CHANGE_SET: take_set(net, change); return;
	case CHANGE_EXPIRE: take_deadline(net, change); return;
	case CHANGE_INCREMENT: case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_INCREMENT: case CHANGE_FIELD_INCREMENT_FLOAT: case CHANGE_SCORE_INCREMENT:
		take_increment(net, change, reply);
		return;
	case CHANGE_FIELD_SET: case CHANGE_FIELD_REMOVE: case CHANGE_MEMBER_ADD: case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_SET: case CHANGE_SCORE_REMOVE:
		take_value(net, change);
		return;
	case CHANGE_STREAM_ADD: case CHANGE_STREAM_REMOVE: take_entry(net, change); return;
	case CHANGE_STREAM_TRIM: take_trim(net, change); return;
	case CHANGE_STREAM_REACH: take_bound(net, change); return;
	case CHANGE_LIST_INSERT: case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
		/* Each is about the list as those before it left it. */
	case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION: case CHANGE_SIBLING:
		/* Scripts ship whole strings. */
		append(net, change);
		return;
	}
}

/* Drops what is gone. */
void net_end(struct net *net)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < net->changes->count; i++)
		if (!net->is_gone[i])
			net->changes->items[kept++] = net->changes->items[i];
	net->changes->count = kept;
	memory_free(net->slots);
	net->slots = NULL;
	net->slot_count = 0;
	memory_free(net->next_of_key);
	memory_free(net->is_gone);
	net->next_of_key = NULL;
	net->is_gone = NULL;
	net->cap = 0;
}
