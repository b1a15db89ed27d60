/* Ask: clients that deal with versions themselves: HOMEPORT GET, SET, DEL, EXPLAIN, RESOLVE; and results of handlers. Each waits until nothing
 * of its key is under way, then looks at the live versions: in memory, or, where the metadata is gone, what the store holds and the dot
 * beside it (spill.c). From then on it is answered at once (ask_reply.c), or becomes a local write like any other (ask_write.c) and is answered
 * when that is.
 * Invariant: asks of one key are served in the order they came. */
#include "proxy/core/state.h"
#include "proxy/core/versions/version.h"

#include <assert.h>
#include <string.h>

static void asked_free(struct asked *asked)
{
	struct slice *const owned[] = { &asked->key, &asked->element, &asked->value, &asked->id, &asked->by, &asked->client, &asked->loaded };
	for (unsigned i = 0; i < sizeof owned / sizeof *owned; i++)
		memory_free((void *)(uintptr_t)owned[i]->ptr);
	if (asked->context != NULL)
		context_drop(asked->context);
	memory_free(asked);
}

static struct asked **ask_link(struct core *core, uint64_t token)
{
	struct asked **link = &core->asks;
	while (*link != NULL && (*link)->token != token)
		link = &(*link)->next;
	return link;
}

static void ask_remove(struct core *core, struct asked *asked)
{
	struct asked **link = ask_link(core, asked->token);
	assert(*link == asked);
	*link = asked->next;
	if (core->asks_end == &asked->next)
		core->asks_end = link;
	asked_free(asked);
}

void ask_drop_all(struct core *core)
{
	while (core->asks != NULL)
		ask_remove(core, core->asks);
}

void ask_refuse(struct core *core, const struct asked *asked, const char *text)
{
	if (asked->is_internal)
		return;
	struct effect *effect = effects_add(core->effects, EFFECT_REFUSE);
	effect->refuse.token = asked->token;
	effect->refuse.error = slice_of(text);
	core->status.refused_writes++;
}

void ask_add(struct core *core, struct asked *asked)
{
	asked->next = NULL;
	*core->asks_end = asked;
	core->asks_end = &asked->next;
}

void ask_take(struct core *core, const struct event *event)
{
	struct asked *asked = memory_new(sizeof *asked);
	*asked = (struct asked){
		.token = event->asked.token, .ask = event->asked.ask, .db = event->asked.db,
		.kind = event->asked.is_field ? KIND_HASH : KIND_STRING,
		.choice = event->asked.choice, .key = buffer_copy(event->asked.key), .element = buffer_copy(event->asked.element),
		.value = buffer_copy(event->asked.value), .id = buffer_copy(event->asked.id), .by = buffer_copy(event->asked.by),
		.client = buffer_copy(event->asked.client),
	};
	const char *error = core->is_open ? NULL : "LOADING Homeport cannot reach its Redis right now, try again";
	if (error == NULL && (asked->ask == ASK_SET || asked->ask == ASK_DELETE)) {
		asked->is_explicit = true;
		asked->context = token_read(core, event->asked.context, &error);
	}
	if (error == NULL && (asked->ask == ASK_RESOLVE || asked->ask == ASK_RETRY))
		error = ask_name_conflict(core, asked);
	if (error == NULL) {
		ask_add(core, asked);
		return;
	}
	ask_refuse(core, asked, error);
	asked_free(asked);
}

/* ---- the store, where there is no metadata ---- */

static void load(struct core *core, struct asked *asked)
{
	struct group *group = group_new(core, GROUP_ASK);
	script_select(&group->script, asked->db);
	group->ask = asked->token;
	group->xadd_reply = group->script.count;
	if (asked->kind == KIND_HASH)
		script_add(&group->script, 3, (struct slice[]){ SLICE("HGET"), asked->key, asked->element });
	else
		script_add(&group->script, 2, (struct slice[]){ SLICE("GET"), asked->key });
	spill_read(core, &group->script, asked->db, asked->kind, asked->key, asked->element);
	asked->phase = ASK_LOADING;
	group_send(core, group);
}

static void forget_loaded(struct asked *asked)
{
	asked->is_loaded = asked->has_dot = asked->has_value = false;
}

static void outdate(struct asked *asked)
{
	asked->is_outdated |= asked->phase == ASK_LOADING;
	if (asked->phase == ASK_WAITING)
		forget_loaded(asked);
}

void ask_outdate(struct core *core, uint32_t db, struct slice key)
{
	for (struct asked *asked = core->asks; asked != NULL; asked = asked->next)
		if (asked->db == db && slice_equal(asked->key, key))
			outdate(asked);
}

void ask_outdate_changed(struct core *core, const struct changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		if (change->kind != CHANGE_FLUSH)
			ask_outdate(core, change->db, change->key);
		for (struct asked *asked = core->asks; change->kind == CHANGE_FLUSH && asked != NULL; asked = asked->next)
			if (change->db == DB_ALL || change->db == asked->db)
				outdate(asked);
	}
}

static void reply_raw(struct core *core, const struct asked *asked, struct slice raw)
{
	if (asked->is_internal)
		return;
	/* The answer's bytes are the connection's: the step's effects are run before it reads on. */
	struct effect *effect = effects_add(core->effects, EFFECT_REPLY);
	effect->reply.token = asked->token;
	effect->reply.bytes = raw;
}

void ask_answered(struct core *core, const struct group *group, const struct event *event)
{
	struct asked *asked = *ask_link(core, group->ask);
	if (asked == NULL)
		return;
	if (asked->is_outdated) {
		asked->is_outdated = false;
		asked->phase = ASK_WAITING;
		return;
	}
	/* The value, SELECT, its dot. */
	struct slice value = event->answered.replies[group->xadd_reply], raw = value;
	struct reply reply;
	if (!reply_read(&raw, &reply) || reply.type == REPLY_ERROR) {
		reply_raw(core, asked, value);
		ask_remove(core, asked);
		return;
	}
	asked->phase = ASK_WAITING;
	asked->is_loaded = true;
	asked->has_value = reply.type == REPLY_STRING;
	memory_free((void *)(uintptr_t)asked->loaded.ptr);
	asked->loaded = buffer_copy(asked->has_value ? reply.text : (struct slice){ "", 0 });
	asked->has_dot = asked->has_value &&
		spill_parse(core, event->answered.replies[group->xadd_reply + 2], &asked->origin, &asked->seq, &asked->hlc);
}

/* ---- its turn ---- */

static bool is_earlier_waiting(const struct core *core, const struct asked *asked)
{
	for (const struct asked *other = core->asks; other != asked; other = other->next)
		if (other->db == asked->db && slice_equal(other->key, asked->key))
			return true;
	return false;
}

static bool has_open_flush(const struct core *core)
{
	for (unsigned lane = 0; lane < 2; lane++)
		if (core->open[lane] != NULL && core->open[lane]->flush_count > 0)
			return true;
	return core->flushes_in_flight > 0;
}

/* Nothing of its key is under way, so what is in memory is all there is. Local writes wait meanwhile, lest they starve it. */
static bool is_quiet(struct core *core, const struct asked *asked)
{
	if (!core->is_recalled || core->aborted != NULL || is_earlier_waiting(core, asked))
		return false;
	/* A value that the store forgot is alive elsewhere. It must be back before somebody who has not seen it writes beside it. */
	if (asked->context != NULL && !core_is_caught_up(core))
		return false;
	const struct key *key = keyspace_find(&core->keyspace, asked->db, asked->key);
	if (key != NULL && key->in_flight > 0)
		core->is_draining = true;
	return !has_open_flush(core) && (key == NULL || key->under_way == 0) && !gather_touches(core, asked->db, asked->key);
}

/* Gives the element in memory what the store said of it, for as long as it is looked at. */
static bool install_loaded(struct core *core, const struct asked *asked, struct element *element)
{
	if (!asked->has_dot || element->version_count > 0)
		return false;
	struct context *nothing = context_new(NULL, 0);
	element_compete(&core->keyspace, element, &(struct version){
		.stamp = { .seq = asked->seq, .hlc = asked->hlc, .context = nothing, .origin = asked->origin },
		.is_present = true, .is_set = asked->kind == KIND_STRING, .value = asked->loaded,
	});
	context_drop(nothing);
	return true;
}

static void serve(struct core *core, struct asked *asked, struct element *element)
{
	if (asked->is_internal && asked->is_written)
		handle_written(element);
	bool is_lent = install_loaded(core, asked, element);
	if (asked->ask == ASK_EXPLAIN) {
		ask_reply_explain(core, asked, element);
	} else if (asked->ask == ASK_RETRY || (asked->id.len > 0 && asked->is_written)) {
		ask_reply_ok(core, asked);
	} else if (asked->ask == ASK_GET || asked->is_written) {
		ask_reply_siblings(core, asked, element);
	} else {
		ask_write(core, asked, element);
	}
	if (is_lent)
		element_drop_versions(&core->keyspace, element);
	if (asked->phase != ASK_WRITING)
		ask_remove(core, asked);
}

static bool is_writing(const struct asked *asked)
{
	return asked->ask != ASK_GET && asked->ask != ASK_EXPLAIN && !asked->is_written;
}

static void try_ask(struct core *core, struct asked *asked)
{
	/* Local groups wait: its write could not be sent. */
	if (asked->phase != ASK_WAITING || (core->is_draining && is_writing(asked)))
		return;
	if (!is_quiet(core, asked)) {
		forget_loaded(asked);
		return;
	}
	/* It changed, and was settled again, since the store was asked. */
	if (spill_is_waiting(core, asked->db, asked->key))
		forget_loaded(asked);
	struct key *key = keyspace_key(&core->keyspace, asked->db, asked->key);
	struct element *element = keyspace_element(&core->keyspace, key, asked->kind, asked->element);
	bool is_loadable = asked->kind == KIND_STRING || asked->kind == KIND_HASH;
	bool is_alone = is_writing(asked);
	if (element->version_count == 0 && !asked->is_loaded && is_loadable && asked->id.len == 0) {
		load(core, asked);
		is_alone = false;
	} else {
		if (is_alone)
			gather_close(core);
		serve(core, asked, element);
	}
	keyspace_settle_element(&core->keyspace, element);
	if (is_alone)
		gather_close(core);
}

void ask_pump(struct core *core)
{
	/* Whether local groups wait is known once all have looked. */
	for (const struct asked *asked = core->asks; asked != NULL; asked = asked->next)
		if (asked->phase == ASK_WAITING)
			(void)is_quiet(core, asked);
	for (struct asked *asked = core->asks, *next; asked != NULL; asked = next) {
		next = asked->next;
		try_ask(core, asked);
	}
}

/* ---- its write ---- */

void ask_written(struct core *core, uint64_t token, struct slice raw)
{
	struct asked *asked = *ask_link(core, token);
	if (asked == NULL)
		return;
	if (reply_is_error(raw)) {
		reply_raw(core, asked, raw);
		ask_remove(core, asked);
		return;
	}
	asked->phase = ASK_WAITING;
	asked->is_written = true;
	forget_loaded(asked);
}

bool ask_refused(struct core *core, uint64_t token, struct slice error)
{
	struct asked *asked = *ask_link(core, token);
	if (asked == NULL)
		return false;
	if (!asked->is_internal) {
		struct effect *effect = effects_add(core->effects, EFFECT_REFUSE);
		effect->refuse.token = token;
		effect->refuse.error = error;
		core->status.refused_writes++;
	}
	ask_remove(core, asked);
	return true;
}
