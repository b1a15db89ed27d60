#include "render.h"

#include "list.h"
#include "patch.h"
#include "stream.h"
#include "verdict.h"
#include "base/number.h"
#include "proxy/core/resp/resp.h"
#include "proxy/core/rules/rule.h"
#include "proxy/core/versions/sequence.h"

#include <assert.h>
#include <limits.h>

#define PASSED_DEADLINE_MS 1000

/* ---- values ---- */

/* The value of an element, as text in OUT. False: it is absent. */
static bool value_of(const struct element *element, const struct verdict *verdict, struct buffer *out)
{
	const struct version *decider = verdict->decider;
	bool is_present = decider != NULL && decider->is_present;
	if (!is_present && !verdict->has_deltas) {
		if (verdict->is_union)
			buffer_add(out, union_empty);
		return verdict->has_patches;
	}
	if (element->kind == KIND_SET)
		return true;
	if (element->kind == KIND_ZSET) {
		buffer_add_double(out, (is_present ? decider->score : 0) + (double)verdict->sum);
		return true;
	}
	if (is_present && (!verdict->has_deltas || !version_is_number(element, decider))) {
		buffer_add(out, decider->value);
		return true;
	}
	long double base = 0;
	int64_t base_whole = 0, whole;
	bool is_whole = !is_present || slice_to_int64(decider->value, &base_whole);
	if (is_present && !slice_to_long_double(decider->value, &base))
		return true;
	const long double limit = 9223372036854775807.0L;
	if (is_whole && verdict->sum <= limit && verdict->sum >= -limit && (long double)(int64_t)verdict->sum == verdict->sum &&
	    !__builtin_add_overflow(base_whole, (int64_t)verdict->sum, &whole))
		buffer_add_int64(out, whole);
	else
		buffer_add_long_double(out, base + verdict->sum);
	return true;
}

/* ---- one element ---- */

/* UNLINK is DEL, but what a large key holds is freed by another thread of the store. */

/* A deadline that passed on the way would delete the key at once and without the notification that settles it everywhere. A little
 * later it expires like any other, or is replaced by what follows in the log. */
static void add_deadline(struct buffer *out, uint64_t now_ms, int64_t expire_at_ms)
{
	int64_t soonest = (int64_t)now_ms + PASSED_DEADLINE_MS;
	bool is_passed = expire_at_ms <= (int64_t)now_ms;
	buffer_add_int64(out, is_passed ? soonest : expire_at_ms);
}

/* Sets a string. Redis's SET drops the deadline: keep it unless the TTL element says what it is now. */
static void render_string(const struct keyspace *keyspace, struct script *script, const struct key *key, struct slice value)
{
	struct element *ttl = key->fixed[KIND_TTL];
	struct slice argv[5] = { SLICE("SET"), key->name, value, SLICE("KEEPTTL") };
	unsigned argc = 4;
	struct buffer deadline = { 0 };
	if (ttl != NULL && ttl->is_redecided) {
		const struct version *decider = key->policy->rule->decide(keyspace, ttl);
		argc = 3;
		if (decider != NULL && decider->is_present && decider->expire_at_ms > 0) {
			add_deadline(&deadline, keyspace->now_ms, decider->expire_at_ms);
			argv[3] = SLICE("PXAT");
			argv[4] = buffer_slice(&deadline);
			argc = 5;
		}
		ttl->is_redecided = false;
	}
	if (argc == 3)
		script_set_value(script, key->name, value);
	else
		script_add(script, argc, argv);
	buffer_free(&deadline);
}

static void render_present(const struct keyspace *keyspace, struct script *script, const struct element *element, struct slice value)
{
	struct key *key = element->key;
	switch (element->kind) {
	case KIND_STRING:
		render_string(keyspace, script, key, value);
		return;
	case KIND_HASH:
		script_add_element(script, SLICE("HSET"), key->name, 2, (struct slice[]){ element->name, value });
		return;
	case KIND_SET:
		script_add_element(script, SLICE("SADD"), key->name, 1, &element->name);
		return;
	case KIND_ZSET:
		script_add_element(script, SLICE("ZADD"), key->name, 2, (struct slice[]){ value, element->name });
		return;
	case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT:
		assert(!"of a type");
	}
}

/* VALUE, and what counts on top of it. */
static void render_decided(const struct keyspace *keyspace, struct script *script, const struct element *element, const struct verdict *verdict,
                           struct slice value)
{
	render_present(keyspace, script, element, value);
	if (verdict->has_patches)
		patches_replay(keyspace, script, element, verdict->decider);
}

static void render_absent(struct keyspace *keyspace, struct script *script, const struct element *element)
{
	struct slice key = element->key->name;
	keyspace_set_thinned(keyspace, element->key);
	switch (element->kind) {
	case KIND_STRING:
		script_add(script, 2, (struct slice[]){ SLICE("UNLINK"), key });
		return;
	case KIND_HASH:
		script_add_element(script, SLICE("HDEL"), key, 1, &element->name);
		return;
	case KIND_SET:
		script_add_element(script, SLICE("SREM"), key, 1, &element->name);
		return;
	case KIND_ZSET:
		script_add_element(script, SLICE("ZREM"), key, 1, &element->name);
		return;
	case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT:
		assert(!"of a type");
	}
}

static void add_pending(const struct element *element, struct buffer *out)
{
	if (element->kind == KIND_ZSET)
		buffer_add_double(out, (double)element->pending);
	else if (element->is_pending_float)
		buffer_add_long_double(out, element->pending);
	else
		buffer_add_int64(out, (int64_t)element->pending);
}

static void render_pending(struct script *script, const struct element *element)
{
	struct buffer number = { 0 };
	bool is_float = element->is_pending_float;
	add_pending(element, &number);
	struct slice key = element->key->name, by = buffer_slice(&number);
	switch (element->kind) {
	case KIND_STRING:
		script_add(script, 3, (struct slice[]){ is_float ? SLICE("INCRBYFLOAT") : SLICE("INCRBY"), key, by });
		break;
	case KIND_HASH:
		script_add(script, 4, (struct slice[]){ is_float ? SLICE("HINCRBYFLOAT") : SLICE("HINCRBY"), key, element->name, by });
		break;
	case KIND_ZSET:
		script_add(script, 4, (struct slice[]){ SLICE("ZINCRBY"), key, by, element->name });
		break;
	case KIND_SET: case KIND_LIST: case KIND_STREAM: case KIND_TTL: case KIND_KEY: case KIND_COUNT:
		assert(!"a number");
	}
	buffer_free(&number);
}

static void render_ttl(struct keyspace *keyspace, struct script *script, struct element *element, const struct version *decider)
{
	if (decider == NULL || !decider->is_present || decider->expire_at_ms == 0) {
		script_add(script, 2, (struct slice[]){ SLICE("PERSIST"), element->key->name });
		return;
	}
	struct buffer deadline = { 0 };
	keyspace_set_thinned(keyspace, element->key);
	add_deadline(&deadline, keyspace->now_ms, decider->expire_at_ms);
	script_add(script, 3, (struct slice[]){ SLICE("PEXPIREAT"), element->key->name, buffer_slice(&deadline) });
	buffer_free(&deadline);
}

static void element_clean(struct keyspace *keyspace, struct element *element)
{
	bytes_free(element->result);
	element->result = (struct slice){ NULL, 0 };
	element->pending = 0;
	element->has_pending = element->is_pending_float = element->is_redecided = false;
	if (element->todo_count > 0)
		todo_clear(keyspace, element);
	if (element->sequence != NULL)
		sequence_drop_edits(keyspace, element->sequence);
}

static void render_element(struct keyspace *keyspace, struct script *script, struct element *element)
{
	script_select(script, element->key->db);
	if (element->kind == KIND_LIST) {
		list_render_edits(script, element);
	} else if (element->is_redecided) {
		struct verdict verdict = element_verdict(keyspace, element);
		struct buffer value = { 0 };
		if (value_of(element, &verdict, &value))
			render_decided(keyspace, script, element, &verdict, buffer_slice(&value));
		else
			render_absent(keyspace, script, element);
		buffer_free(&value);
	} else {
		if (element->result.len > 0)
			render_present(keyspace, script, element, element->result);
		if (element->has_pending)
			render_pending(script, element);
		todo_render(script, element);
	}
	element_clean(keyspace, element);
}

/* ---- a whole key, written anew ---- */

static bool is_visible_string(const struct keyspace *keyspace, const struct key *key)
{
	const struct element *string = key->fixed[KIND_STRING];
	if (string == NULL)
		return false;
	struct verdict verdict = element_verdict(keyspace, string);
	return (verdict.decider != NULL && verdict.decider->is_present) || verdict.has_deltas || verdict.has_patches;
}

bool key_is_cleared(const struct keyspace *keyspace, const struct key *key)
{
	const struct element *clears = key->fixed[KIND_KEY];
	for (unsigned i = 0; i < keyspace->flush_count; i++)
		if (flush_concerns(keyspace->flushes[i].db, key->db))
			return true;
	return clears != NULL && clears->version_count > 0;
}

/* Does the store alone know the deadline? It does when all DCs have agreed on it and nothing has cleared the key since. */
static bool is_deadline_settled(const struct keyspace *keyspace, const struct key *key)
{
	const struct element *ttl = key->fixed[KIND_TTL];
	if (ttl != NULL)
		return key->policy->rule->decide(keyspace, ttl) == NULL;
	return !key_is_cleared(keyspace, key);
}

static void begin_key(struct keyspace *keyspace, struct script *script, struct render_place *place)
{
	struct key *key = place->key;
	script_select(script, key->db);
	/* Redis's SET replaces a value of any type and can keep its deadline. */
	if (!is_visible_string(keyspace, key) || !is_deadline_settled(keyspace, key))
		script_add(script, 2, (struct slice[]){ SLICE("UNLINK"), key->name });
	place->is_visible = stream_render_whole(keyspace, script, key);
	place->next = key->elements;
}

/* Returns whether it shows. */
static bool render_anew(struct keyspace *keyspace, struct script *script, struct element *element)
{
	struct element *ttl = element->key->fixed[KIND_TTL];
	bool is_visible = false;
	if (element->kind >= KIND_TYPES)
		return false;
	if (element->kind == KIND_LIST) {
		is_visible = list_render_whole(keyspace, script, element);
	} else if (element->kind != KIND_STREAM) {
		struct verdict verdict = element_verdict(keyspace, element);
		struct buffer value = { 0 };
		is_visible = value_of(element, &verdict, &value);
		if (is_visible && ttl != NULL)
			ttl->is_redecided = false;
		if (is_visible)
			render_decided(keyspace, script, element, &verdict, buffer_slice(&value));
		buffer_free(&value);
	}
	element_clean(keyspace, element);
	return is_visible;
}

static void end_key(struct keyspace *keyspace, struct script *script, const struct render_place *place)
{
	struct element *ttl = place->key->fixed[KIND_TTL];
	if (ttl == NULL)
		return;
	const struct version *deadline = place->key->policy->rule->decide(keyspace, ttl);
	if (deadline != NULL && deadline->is_present && deadline->expire_at_ms > 0) {
		if (place->is_visible)
			render_ttl(keyspace, script, ttl, deadline);
		else
			keyspace_set_thinned(keyspace, place->key);
	}
	element_clean(keyspace, ttl);
}

/* True: all of the key is written. */
static bool render_key(struct keyspace *keyspace, struct script *script, struct render_place *place, unsigned *most)
{
	script_select(script, place->key->db);
	for (; place->next != NULL && *most > 0; place->next = place->next->next, --*most)
		place->is_visible |= render_anew(keyspace, script, place->next);
	if (place->next != NULL)
		return false;
	end_key(keyspace, script, place);
	place->key = NULL;
	return true;
}

static void render_flushes(struct keyspace *keyspace, struct script *script)
{
	for (uint32_t db = 0; db < keyspace->databases; db++) {
		if (!keyspace->flushed[db])
			continue;
		keyspace->flushed[db] = false;
		script_select(script, db);
		script_add(script, 1, (struct slice[]){ SLICE("FLUSHDB") });
	}
	keyspace->is_flush_dirty = false;
}

/* Entries of one stream that follow each other are told together. */
static void render_entry(struct keyspace *keyspace, struct script *script, struct stream_edit *edit, struct element *element)
{
	if (!stream_edit_takes(edit, element))
		stream_edit_end(keyspace, script, edit);
	if (!element->is_redecided)
		return;
	stream_edit_add(keyspace, edit, element);
	element_clean(keyspace, element);
}

static bool render_keys(struct keyspace *keyspace, struct script *script, struct render_place *place, unsigned *most)
{
	while (place->key != NULL || keyspace->dirty_keys != NULL) {
		if (place->key == NULL) {
			place->key = keyspace->dirty_keys;
			keyspace->dirty_keys = place->key->dirty_next;
			place->key->is_dirty = false;
			begin_key(keyspace, script, place);
		}
		if (!render_key(keyspace, script, place, most))
			return false;
	}
	return true;
}

/* Deadlines are written after values, since a SET removes its key's deadline. */
static void render_elements(struct keyspace *keyspace, struct script *script, struct render_place *place, unsigned *most)
{
	struct stream_edit edit = { 0 };
	for (; keyspace->dirty_elements != NULL && *most > 0; --*most) {
		struct element *element = keyspace->dirty_elements;
		keyspace->dirty_elements = element->dirty_next;
		element->is_dirty = false;
		if (element->kind == KIND_TTL) {
			element->dirty_next = place->deadlines;
			place->deadlines = element;
		} else if (element->kind == KIND_STREAM) {
			render_entry(keyspace, script, &edit, element);
		} else if (element->is_redecided || element->has_pending || element->result.len > 0 || element->todo_count > 0 || element->sequence != NULL) {
			render_element(keyspace, script, element);
		}
	}
	if (keyspace->dirty_elements == NULL)
		keyspace->dirty_elements_end = &keyspace->dirty_elements;
	stream_edit_end(keyspace, script, &edit);
}

bool render_some(struct keyspace *keyspace, struct script *script, struct render_place *place, unsigned *most)
{
	if (keyspace->is_flush_dirty)
		render_flushes(keyspace, script);
	if (!render_keys(keyspace, script, place, most))
		return false;
	render_elements(keyspace, script, place, most);
	if (keyspace->dirty_elements != NULL)
		return false;
	for (; place->deadlines != NULL; place->deadlines = place->deadlines->dirty_next) {
		struct element *element = place->deadlines;
		if (!element->is_redecided)
			continue;
		script_select(script, element->key->db);
		render_ttl(keyspace, script, element, element->key->policy->rule->decide(keyspace, element));
		element_clean(keyspace, element);
	}
	return true;
}

void render_dirty(struct keyspace *keyspace, struct script *script)
{
	struct render_place place = { 0 };
	unsigned most = UINT_MAX;
	bool is_all = render_some(keyspace, script, &place, &most);
	assert(is_all);
}
