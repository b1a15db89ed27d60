#include "patch.h"

#include "base/number.h"
#include "delta_walk.h"
#include "proxy/core/resp/resp.h"
#include "proxy/core/rules/rule.h"

#include <assert.h>

/* ---- commands ---- */

/* No client has a key of this name. */
#define WHOLE "homeport~5b1f0a8e-2c64-4b7e-9d13-6f0a2e8c41d7"

static void render_sum(struct script *script, struct slice key, long double sum, bool is_float)
{
	struct buffer number = { 0 };
	if (is_float)
		buffer_add_long_double(&number, sum);
	else
		buffer_add_int64(&number, (int64_t)sum);
	script_add(script, 3, (struct slice[]){ is_float ? SLICE("INCRBYFLOAT") : SLICE("INCRBY"), key, buffer_slice(&number) });
	buffer_free(&number);
}

/* A field of one type is as good as of any other: its bits are the same. */
static void render_bits(struct script *script, struct slice key, const struct note *note)
{
	struct buffer type = { 0 }, at = { 0 };
	buffer_add_byte(&type, 'i');
	buffer_add_uint64(&type, bits_width(note->number));
	buffer_add_uint64(&at, bits_at(note->number));
	script_add(script, 6, (struct slice[]){ SLICE("BITFIELD"), key, SLICE("SET"), buffer_slice(&type), buffer_slice(&at), note_whole_value(note) });
	buffer_free(&type);
	buffer_free(&at);
}

/* Only Redis can make a union of two, and only of keys. So there is such a key for a moment. */
static void render_union_of_whole(struct script *script, struct slice key, struct slice whole)
{
	script_add(script, 3, (struct slice[]){ SLICE("SET"), SLICE(WHOLE), whole });
	script_add(script, 3, (struct slice[]){ SLICE("PFMERGE"), key, SLICE(WHOLE) });
	script_add(script, 2, (struct slice[]){ SLICE("DEL"), SLICE(WHOLE) });
}

/* Where the key holds no HyperLogLog, Redis refuses it, and what is there stands. */
static void render_union(struct script *script, struct slice key, const struct note *note)
{
	struct slice value = note_whole_value(note);
	struct reply word;
	if (note->number == UNION_WHOLE) {
		render_union_of_whole(script, key, value);
		return;
	}
	while (value.len > 0 && reply_read(&value, &word))
		script_add_element(script, SLICE("PFADD"), key, 1, &word.text);
}

static void render_patch(struct script *script, struct slice key, const struct note *note)
{
	struct buffer at = { 0 };
	switch ((enum note_patch)note->patch) {
	case PATCH_APPEND:
		script_add(script, 3, (struct slice[]){ SLICE("APPEND"), key, note_whole_value(note) });
		break;
	case PATCH_RANGE:
		buffer_add_int64(&at, note->number);
		script_add(script, 4, (struct slice[]){ SLICE("SETRANGE"), key, buffer_slice(&at), note_whole_value(note) });
		break;
	case PATCH_BITS:
		render_bits(script, key, note);
		break;
	case PATCH_UNION:
		render_union(script, key, note);
		break;
	case PATCH_NONE:
		assert(!"a patch");
	}
	buffer_free(&at);
}

/* ---- what this turn adds ---- */

static struct todo *todo_add(struct element *element)
{
	element->todo = array_reserve(element->todo, element->todo_count, &element->todo_cap, sizeof *element->todo);
	struct todo *todo = &element->todo[element->todo_count++];
	*todo = (struct todo){ 0 };
	return todo;
}

void todo_add_sum(struct element *element, long double sum, bool is_float)
{
	struct todo *todo = todo_add(element);
	todo->sum = sum;
	todo->is_float = is_float;
}

static void todo_add_patch(struct element *element, const struct note *note)
{
	todo_add(element)->note = note_hold((struct note *)(uintptr_t)note);
}

/* What was noted before the first patch comes before it. */
static void todo_begin(struct element *element)
{
	if (element->result.len > 0) {
		todo_add(element)->number = element->result;
		element->result = (struct slice){ NULL, 0 };
	}
	if (element->has_pending)
		todo_add_sum(element, element->pending, element->is_pending_float);
	element->has_pending = element->is_pending_float = false;
	element->pending = 0;
}

void todo_render(struct script *script, const struct element *element)
{
	struct slice key = element->key->name;
	for (unsigned i = 0; i < element->todo_count; i++) {
		const struct todo *todo = &element->todo[i];
		if (todo->note != NULL)
			render_patch(script, key, todo->note);
		else if (todo->number.len > 0)
			script_add(script, 4, (struct slice[]){ SLICE("SET"), key, todo->number, SLICE("KEEPTTL") });
		else
			render_sum(script, key, todo->sum, todo->is_float);
	}
}

void todo_clear(struct keyspace *keyspace, struct element *element)
{
	for (unsigned i = 0; i < element->todo_count; i++) {
		note_drop(keyspace, element->todo[i].note);
		bytes_free(element->todo[i].number);
	}
	memory_free(element->todo);
	element->todo = NULL;
	element->todo_count = element->todo_cap = 0;
}

/* ---- one patch arrives ---- */

struct extent { uint64_t from, to; };          /* in bits */

/* Does it write at a place of its own? */
static bool has_place(const struct note *note)
{
	return note->patch == PATCH_RANGE || note->patch == PATCH_BITS;
}

static struct extent extent_of(const struct note *note)
{
	uint64_t number = (uint64_t)note->number;
	if (note->patch == PATCH_BITS)
		return (struct extent){ bits_at(note->number), bits_at(note->number) + bits_width(note->number) };
	return (struct extent){ number * 8, (number + note->value_len) * 8 };
}

/* Of two that write the same place, the later counts: those later than NOTE's are written again. One that is written again may spoil one that is
 * later still. Where an appended part stands, nobody knows here: such a pair is read back (fraction.c). */
static void write_later_again(const struct keyspace *keyspace, struct element *element, const struct arrival *arriving, const struct version *decider)
{
	struct extent spoilt = extent_of(arriving->party.note);
	struct delta_walk walk;
	struct delta delta;
	delta_walk_begin(&walk, keyspace->origins, element, decider, arriving->party.stamp);
	while (delta_walk_next(&walk, &delta)) {
		if (!(delta.flags & MARK_PATCH) || !has_place(delta.note))
			continue;
		struct extent extent = extent_of(delta.note);
		if (extent.from >= spoilt.to || extent.to <= spoilt.from)
			continue;
		todo_add_patch(element, delta.note);
		spoilt.from = extent.from < spoilt.from ? extent.from : spoilt.from;
		spoilt.to = extent.to > spoilt.to ? extent.to : spoilt.to;
	}
	delta_walk_end(&walk);
}

void patch_note(struct keyspace *keyspace, const struct arrival *arriving)
{
	struct element *element = arriving->element;
	const struct stamp *stamp = arriving->party.stamp;
	const struct version *decider = element->key->policy->rule->decide(keyspace, element);
	if (decider != NULL && stamp->seq <= stamp_follows(&decider->stamp, stamp->origin))
		return;
	keyspace_set_dirty(keyspace, element);
	if (delta_comes_late(keyspace->origins, arriving, decider)) {
		element->is_redecided = true;
		return;
	}
	if (element->todo_count == 0)
		todo_begin(element);
	todo_add_patch(element, arriving->party.note);
	if (has_place(arriving->party.note))
		write_later_again(keyspace, element, arriving, decider);
}

/* ---- all that count ---- */

void patches_replay(const struct keyspace *keyspace, struct script *script, const struct element *element, const struct version *decider)
{
	struct delta_walk walk;
	struct delta delta;
	bool is_behind = false;
	delta_walk_begin(&walk, keyspace->origins, element, decider, NULL);
	while (delta_walk_next(&walk, &delta)) {
		is_behind |= (delta.flags & MARK_PATCH) != 0;
		if (delta.flags & MARK_PATCH)
			render_patch(script, element->key->name, delta.note);
		else if (is_behind)
			render_sum(script, element->key->name, delta.amount, delta.amount != (long double)(int64_t)delta.amount);
	}
	delta_walk_end(&walk);
}
