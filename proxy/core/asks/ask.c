/* Ask: serves clients that deal with versions themselves (HOMEPORT GET, SET, DEL, EXPLAIN, RESOLVE), and the results of handlers. An ask waits until
 * no write to its key is under way. Then it looks at the live versions. They are in memory; if the key has no metadata, the store is asked for
 * the value and for the dot beside it (spill.c). After that a read is answered at once (ask_reply.c). A write becomes a local write like any other
 * (ask_write.c), and is answered when that is.
 * Invariant: asks for one key are served in the order in which they came. */
#include "asked.h"
#include "proxy/core/versions/forget.h"
#include "proxy/core/versions/version.h"

#include <assert.h>
#include <string.h>

static bool is_writing(const struct asked *asked)
{
	return asked->ask != ASK_GET && asked->ask != ASK_EXPLAIN && !asked->is_written;
}

void ask_take(struct asks *asks, const struct event *event)
{
	struct asked *asked = memory_new(sizeof *asked);
	*asked = (struct asked){
		.token = event->asked.token, .ask = event->asked.ask, .db = event->asked.db,
		.is_removal = event->asked.ask == ASK_DELETE,
		.kind = event->asked.is_field ? KIND_HASH : KIND_STRING,
		.choice = event->asked.choice, .key = buffer_copy(event->asked.key), .element = buffer_copy(event->asked.element),
		.value = buffer_copy(event->asked.value), .id = buffer_copy(event->asked.id), .by = buffer_copy(event->asked.by),
		.client = buffer_copy(event->asked.client),
	};
	const char *error = asks->causes->trouble != NULL ? asks->causes->trouble : asks->causes->is_open ? NULL : CORE_STORE_AWAY;
	if (error == NULL && (asked->ask == ASK_SET || asked->ask == ASK_DELETE)) {
		asked->is_explicit = true;
		asked->context = token_read(asks, event->asked.context, &error);
	}
	if (error == NULL && (asked->ask == ASK_RESOLVE || asked->ask == ASK_RETRY))
		error = ask_name_conflict(asks, asked);
	if (error == NULL) {
		asks_add(asks, asked);
		return;
	}
	/* Counted as refused only if the writer made no mistake: not when it mistyped a context or an id. */
	asks->step->status.refused_writes += !asks->causes->is_open && is_writing(asked);
	asks_refuse(asks, asked, error);
	asked_free(asked);
}

/* ---- the store, where there is no metadata ---- */

static void load(struct asks *asks, struct asked *asked)
{
	struct group *group = group_new(asks->groups, GROUP_ASK);
	script_select(&group->script, asked->db);
	group->ask = asked->token;
	group->value_reply = group->script.count;
	if (asked->kind == KIND_HASH)
		script_add(&group->script, 3, (struct slice[]){ SLICE("HGET"), asked->key, asked->element });
	else
		script_add(&group->script, 2, (struct slice[]){ SLICE("GET"), asked->key });
	spill_read(asks, &group->script, asked->db, asked->kind, asked->key, asked->element);
	asked->phase = ASK_LOADING;
	asked->onlooker.is_touched = false;
	group_send(asks->groups, group);
}

static void forget_loaded(struct asked *asked)
{
	asked->is_loaded = asked->has_dot = asked->has_value = asked->is_other_type = false;
}

static void reply_raw(struct asks *asks, const struct asked *asked, struct slice raw)
{
	if (asked->is_internal)
		return;
	/* The bytes belong to the connection. That is safe, as the effects of this step are run before the connection reads on. */
	struct effect *effect = effects_add(asks->step->effects, EFFECT_REPLY);
	effect->reply.token = asked->token;
	effect->reply.bytes = raw;
}

static bool is_wrong_type(struct slice error)
{
	const struct slice start = SLICE("WRONGTYPE");
	return error.len > start.len && memcmp(error.ptr, start.ptr, start.len) == 0;
}

void ask_answered(struct asks *asks, const struct group *group, const struct event *event)
{
	struct asked *asked = *asks_link(asks, group->ask);
	if (asked == NULL)
		return;
	/* The key was written, or became stable, while the store was asked: ask again. */
	if (asked->onlooker.is_touched) {
		asked->phase = ASK_WAITING;
		return;
	}
	/* The replies are: the value, SELECT's OK, the dot. */
	struct slice value = event->answered.replies[group->value_reply], raw = value;
	struct reply reply;
	bool is_read = reply_read(&raw, &reply);
	/* EXPLAIN also explains why a key holds no string, or no such field. */
	asked->is_other_type = is_read && reply.type == REPLY_ERROR && asked->ask == ASK_EXPLAIN && is_wrong_type(reply.text);
	if (!is_read || (reply.type == REPLY_ERROR && !asked->is_other_type)) {
		reply_raw(asks, asked, value);
		asks_remove(asks, asked);
		return;
	}
	asked->phase = ASK_WAITING;
	asked->is_loaded = true;
	asked->has_value = reply.type == REPLY_STRING;
	bytes_free(asked->loaded);
	asked->loaded = buffer_copy(asked->has_value ? reply.text : (struct slice){ "", 0 });
	asked->has_dot = asked->has_value &&
		spill_parse(asks, event->answered.replies[group->value_reply + 2], &asked->origin, &asked->seq, &asked->hlc);
}

/* ---- its turn ---- */

static bool is_earlier_waiting(const struct asks *asks, const struct asked *asked)
{
	for (const struct asked *other = asks->first; other != asked; other = other->next)
		if (other->db == asked->db && slice_equal(other->key, asked->key))
			return true;
	return false;
}

/* No write to its key is under way, so memory holds all versions. While the ask waits, local writes are held back, or they might starve it. */
static bool is_quiet(struct asks *asks, const struct asked *asked)
{
	if (!asks->causes->is_recalled || local_is_rerunning(asks->local) || is_earlier_waiting(asks, asked))
		return false;
	/* The store may have lost a value that is alive at other DCs. It must be back before a client that has not seen it writes beside it. */
	if (asked->context != NULL && !causes_are_caught_up(asks->causes))
		return false;
	const struct key *key = keyspace_recall(asks->keyspace, asked->db, asked->key);
	if (key != NULL && key->in_flight > 0)
		local_set_draining(asks->local, true);
	bool has_flush = asks->groups->flushes_in_flight > 0 || gathering_has_flush(asks->local);
	return !has_flush && (key == NULL || key->under_way == 0) && !gathering_touches(asks->local, asked->db, asked->key);
}

/* Puts the stored value and its dot into the element as a version, only while this ask looks at it. */
static bool install_loaded(struct asks *asks, const struct asked *asked, struct element *element)
{
	if (!asked->has_dot || element->version_count > 0)
		return false;
	struct context *nothing = context_new(NULL, 0);
	element_compete(asks->keyspace, element, &(struct version){
		.stamp = { .seq = asked->seq, .hlc = asked->hlc, .context = nothing, .origin = asked->origin },
		.is_present = true, .is_set = asked->kind == KIND_STRING, .value = asked->loaded,
	});
	context_drop(nothing);
	return true;
}

static void serve(struct asks *asks, struct asked *asked, struct element *element)
{
	if (asked->is_internal && asked->is_written)
		handle_written(element);
	bool is_lent = install_loaded(asks, asked, element);
	if (asked->ask == ASK_EXPLAIN) {
		ask_reply_explain(asks, asked, element);
	} else if (asked->ask == ASK_RETRY || (asked->ask == ASK_RESOLVE && asked->is_written)) {
		ask_reply_ok(asks, asked);
	} else if (asked->ask == ASK_GET || asked->is_written) {
		ask_reply_siblings(asks, asked, element);
	} else {
		ask_write(asks, asked, element);
	}
	if (is_lent)
		element_drop_versions(asks->keyspace, element);
	if (asked->phase != ASK_WRITING)
		asks_remove(asks, asked);
}

static bool is_about_conflict(const struct asked *asked)
{
	return asked->ask == ASK_RESOLVE || asked->ask == ASK_RETRY;
}

static void try_ask(struct asks *asks, struct asked *asked)
{
	/* Local groups are being held back, so a write could not be sent. */
	if (asked->phase != ASK_WAITING || (local_is_draining(asks->local) && is_writing(asked)))
		return;
	if (asked->onlooker.is_touched)
		forget_loaded(asked);
	asked->onlooker.is_touched = false;
	if (!is_quiet(asks, asked)) {
		forget_loaded(asked);
		return;
	}
	/* The key was written and became stable again since the store was asked, so its new dot is still on its way there. */
	if (spill_is_waiting(asks, asked->db, asked->key))
		forget_loaded(asked);
	struct key *key = keyspace_key(asks->keyspace, asked->db, asked->key);
	struct element *element = keyspace_element(asks->keyspace, key, asked->kind, asked->element);
	bool is_loadable = asked->kind == KIND_STRING || asked->kind == KIND_HASH;
	bool is_alone = is_writing(asked);
	if (element->version_count == 0 && !asked->is_loaded && is_loadable && !is_about_conflict(asked)) {
		load(asks, asked);
		is_alone = false;
	} else {
		if (is_alone)
			gathering_close(asks->local);
		serve(asks, asked, element);
	}
	keyspace_settle_element(asks->keyspace, element);
	if (is_alone)
		gathering_close(asks->local);
}

void ask_pump(struct asks *asks)
{
	/* Each waiting ask may hold local groups back. So all are asked before the first is served. */
	for (const struct asked *asked = asks->first; asked != NULL; asked = asked->next)
		if (asked->phase == ASK_WAITING)
			(void)is_quiet(asks, asked);
	for (struct asked *asked = asks->first, *next; asked != NULL; asked = next) {
		next = asked->next;
		try_ask(asks, asked);
	}
}

/* ---- its write ---- */

void ask_written(struct asks *asks, uint64_t token, struct slice raw)
{
	struct asked *asked = *asks_link(asks, token);
	if (asked == NULL)
		return;
	if (reply_is_error(raw)) {
		reply_raw(asks, asked, raw);
		asks_remove(asks, asked);
		return;
	}
	asked->phase = ASK_WAITING;
	asked->is_written = true;
	forget_loaded(asked);
}

void ask_refused(struct asks *asks, uint64_t token, struct slice error)
{
	struct asked *asked = *asks_link(asks, token);
	if (asked == NULL)
		return;
	if (!asked->is_internal) {
		asks->step->status.refused_writes += is_writing(asked);
		step_refuse(asks->step, token, error);
	}
	asks_remove(asks, asked);
}
