#include "list.h"

#include "conflict_count.h"
#include "proxy/core/versions/sequence.h"

/* ---- what clears and kills ---- */

/* Writes of another type, and clears, that came before anything was known of the list. */
static void erase_by_marks(struct keyspace *keyspace, struct sequence *sequence, const struct element *element)
{
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			struct stamp stamp = history_stamp(history, j);
			const struct mark *mark = history_mark(history, j);
			stamp.context = mark->note->context;
			if (element->kind == KIND_KEY || (mark->flags & MARK_PRESENT))
				sequence_erase(keyspace, sequence, &stamp, element->kind == KIND_KEY ? SEQUENCE_CLEAR : SEQUENCE_KILL);
		}
	}
}

static void sequence_begin(struct keyspace *keyspace, struct element *list)
{
	struct sequence *sequence = list->sequence = sequence_new(keyspace);
	for (unsigned i = 0; i < keyspace->flush_count; i++)
		if (flush_concerns(keyspace->flushes[i].db, list->key->db))
			sequence_erase(keyspace, sequence, &keyspace->flushes[i].stamp, SEQUENCE_CLEAR);
	for (const struct element *other = list->key->elements; other != NULL; other = other->next)
		if (other != list && other->kind != KIND_TTL)
			erase_by_marks(keyspace, sequence, other);
}

void list_erase(struct keyspace *keyspace, const struct key *key, const struct stamp *stamp, bool is_kill)
{
	const struct element *list = key->fixed[KIND_LIST];
	if (list != NULL && list->sequence != NULL)
		sequence_erase(keyspace, list->sequence, stamp, is_kill ? SEQUENCE_KILL : SEQUENCE_CLEAR);
}

/* ---- a change ---- */

static enum sequence_kind kind_of(const struct change *change)
{
	return change->kind == CHANGE_LIST_INSERT ? SEQUENCE_INSERT : change->kind == CHANGE_LIST_REMOVE ? SEQUENCE_REMOVE : SEQUENCE_SET;
}

static bool is_lifted(const struct origins *origins, const struct arrival *arriving)
{
	const struct context *before = origins->items[arriving->party.stamp->origin].before;
	if (arriving->write->mode != APPLY_LOCAL || before == NULL)
		return arriving->write->is_lifted;
	for (unsigned i = 0; i < origins->count; i++) {
		uint64_t seq = context_at(before, i);
		if (seq != SEQ_WHOLE && seq > origins->items[i].confirmed)
			return true;
	}
	return false;
}

void list_apply(struct conflicts *conflicts, const struct arrival *arriving, bool is_alive)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct element *list = arriving->element;
	const struct change *change = arriving->change;
	if (list->sequence == NULL)
		sequence_begin(keyspace, list);
	const struct sequence_op op = {
		.stamp = *arriving->party.stamp, .kind = kind_of(change), .index = change->number, .count = change->amount, .length = change->length,
		.note = change->kind == CHANGE_LIST_REMOVE ? NULL : arriving->party.note, .is_lifted = is_lifted(keyspace->origins, arriving),
	};
	if (!arrival_is_remote(arriving)) {
		sequence_add(keyspace, list->sequence, &op);
		return;
	}
	sequence_receive(keyspace, list->sequence, &op, is_alive);
	for (uint32_t i = 0; i < list->sequence->meeting_count; i++)
		conflicts_count_list(conflicts, arriving, list->sequence->meetings[i].origin, list->sequence->meetings[i].seq);
	keyspace_set_dirty(keyspace, list);
	if (change->kind == CHANGE_LIST_REMOVE)
		keyspace_set_thinned(keyspace, list->key);
}

/* ---- commands ---- */

/* No list holds this value: it stands for an element while something is inserted beside it, or that is to be removed. */
#define MARK "homeport:7d0c1f5a-6b1e-4a58-9a53-2f0c8e1b94d6"

/* Redis inserts beside a value only, not at an index. So MARK takes the place of the element there for a moment. Where the list is shorter than it should
 * be, the value comes to its end. */
static const char insert_text[] =
	"local k,at,m=KEYS[1],tonumber(ARGV[1]),ARGV[3] local old=redis.call('LINDEX',k,at) "
	"if not old then return redis.call(at<0 and 'LPUSH' or 'RPUSH',k,ARGV[2]) end "
	"redis.call('LSET',k,at,m) redis.call('LINSERT',k,at<0 and 'AFTER' or 'BEFORE',m,ARGV[2]) "
	"redis.call('LSET',k,at<0 and at-1 or at+1,old) return 1";

/* As Redis counts: from -1 down, from the tail. */
static void add_index(struct buffer *out, const struct sequence_edit *edit, uint64_t by)
{
	buffer_add_int64(out, edit->is_from_tail ? -(int64_t)(edit->index + by) - 1 : (int64_t)(edit->index + by));
}

static void render_insert(struct script *script, struct slice key, const struct sequence_edit *edit)
{
	struct slice value = note_whole_value(edit->note);
	struct buffer at = { 0 };
	if (edit->index == 0) {
		script_add_element(script, edit->is_from_tail ? SLICE("RPUSH") : SLICE("LPUSH"), key, 1, &value);
		return;
	}
	add_index(&at, edit, 0);
	script_add(script, 7, (struct slice[]){ SLICE("EVAL"), slice_of(insert_text), SLICE("1"), key, buffer_slice(&at), value, SLICE(MARK) });
	buffer_free(&at);
}

static void render_remove(struct script *script, struct slice key, const struct sequence_edit *edit)
{
	struct buffer at = { 0 }, count = { 0 };
	buffer_add_uint64(&count, edit->count);
	if (edit->index == 0) {
		script_add(script, 3, (struct slice[]){ edit->is_from_tail ? SLICE("RPOP") : SLICE("LPOP"), key, buffer_slice(&count) });
	} else {
		for (uint64_t i = 0; i < edit->count; i++) {
			at.len = 0;
			add_index(&at, edit, i);
			script_add(script, 4, (struct slice[]){ SLICE("LSET"), key, buffer_slice(&at), SLICE(MARK) });
		}
		/* From the tail on, if it is nearer. */
		count.len = 0;
		buffer_add_int64(&count, edit->is_from_tail ? -(int64_t)edit->count : (int64_t)edit->count);
		script_add(script, 4, (struct slice[]){ SLICE("LREM"), key, buffer_slice(&count), SLICE(MARK) });
	}
	buffer_free(&at);
	buffer_free(&count);
}

static void render_set(struct script *script, struct slice key, const struct sequence_edit *edit)
{
	struct buffer at = { 0 };
	add_index(&at, edit, 0);
	script_add(script, 4, (struct slice[]){ SLICE("LSET"), key, buffer_slice(&at), note_whole_value(edit->note) });
	buffer_free(&at);
}

void list_render_edits(struct script *script, const struct element *element)
{
	const struct sequence *sequence = element->sequence;
	for (uint32_t i = 0; sequence != NULL && i < sequence->edit_count; i++) {
		const struct sequence_edit *edit = &sequence->edits[i];
		if (edit->kind == SEQUENCE_INSERT)
			render_insert(script, element->key->name, edit);
		else if (edit->kind == SEQUENCE_REMOVE)
			render_remove(script, element->key->name, edit);
		else
			render_set(script, element->key->name, edit);
	}
}

struct whole { struct script *script; struct slice key; bool has_some; };

static void render_value(void *context, const struct note *note)
{
	struct whole *whole = context;
	struct slice value = note_whole_value(note);
	script_add_element(whole->script, SLICE("RPUSH"), whole->key, 1, &value);
	whole->has_some = true;
}

bool list_render_whole(struct keyspace *keyspace, struct script *script, const struct element *element)
{
	struct whole whole = { script, element->key->name, false };
	if (element->sequence != NULL)
		sequence_values(keyspace, element->sequence, render_value, &whole);
	return whole.has_some;
}
