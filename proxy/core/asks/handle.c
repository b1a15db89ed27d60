/* Handle: open conflicts under the rule custom are given to the operator's handler, at one DC, one at a time. What the handler returns becomes a
 * write that covers exactly the versions it was shown. If it fails, the conflict stays open, and the handler is run again after growing pauses.
 *
 * The handler runs at the DC with the smallest name of those that have a live version in the conflict. A DC that was not heard for TAKEOVER_MS is
 * passed over. If no DC with a version is heard, the smallest of all that are heard runs it. Should two DCs run it all the same, their
 * results are two concurrent writes: a conflict like any other, which is handled in turn. */
#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "asked.h"
#include "proxy/core/versions/version.h"

#include <string.h>

#define TAKEOVER_MS 10000
#define RUN_MS_MAX 60000             /* a run that has not ended by then is given up */
#define LOOKED_AT_A_MS 1000          /* open conflicts looked at for each ms that passes: a twentieth of a core's time at most */

/* ---- whose turn ---- */

static bool is_heard(const struct asks *asks, unsigned dc)
{
	uint64_t heard_ms = asks->causes->peers[dc].status.heard_ms;
	if (heard_ms < asks->causes->opened_ms)
		heard_ms = asks->causes->opened_ms;
	return dc == 0 || asks->step->steady_ms < heard_ms + TAKEOVER_MS;
}

static bool has_version(const struct asks *asks, const struct element *element, unsigned dc)
{
	for (unsigned i = 0; i < element->version_count; i++)
		if (!element->versions[i].is_outdone && asks->causes->origins.items[element->versions[i].stamp.origin].dc == dc)
			return true;
	return false;
}

/* Is it our turn? (See the top of this file.) */
static bool is_runner(const struct asks *asks, const struct element *element)
{
	unsigned best = UINT32_MAX;
	bool best_has = false;
	for (unsigned dc = 0; dc < asks->options->dc_count; dc++) {
		bool has = has_version(asks, element, dc);
		if (!is_heard(asks, dc) || (best_has && !has))
			continue;
		if (best == UINT32_MAX || (has && !best_has) || strcmp(asks->causes->origins.dcs[dc], asks->causes->origins.dcs[best]) < 0) {
			best = dc;
			best_has = has;
		}
	}
	return best == 0;
}

/* ---- asking ---- */

static unsigned show_versions(struct asks *asks, const struct element *element)
{
	unsigned count = 0;
	asks->handled = memory_resize(asks->handled, (element->version_count + 1) * sizeof *asks->handled);
	for (unsigned i = 0; i < element->version_count; i++) {
		const struct version *version = &element->versions[i];
		const struct origin *origin = &asks->causes->origins.items[version->stamp.origin];
		if (version->is_outdone)
			continue;
		unsigned at = count++;
		for (; at > 0 && asks->handled[at - 1].hlc < version->stamp.hlc; at--)
			asks->handled[at] = asks->handled[at - 1];
		asks->handled[at] = (struct handle_version){
			.dc = slice_of(asks->causes->origins.dcs[origin->dc]), .incarnation = origin->incarnation, .seq = version->stamp.seq,
			.hlc = version->stamp.hlc, .is_present = version->is_present, .value = version->value,
		};
	}
	return count;
}

/* The context of what the handler is shown: all that is applied. */
static struct context *shown(struct asks *asks)
{
	struct context *context = causes_applied(asks->causes, false);
	context->is_explicit = true;
	return context;
}

static void ask_handler(struct asks *asks, const struct element *element)
{
	const struct key *key = element->key;
	struct effect *effect = effects_add(asks->step->effects, EFFECT_HANDLE);
	asks->handling = (struct handling){
		.id = ++asks->next_handle_id,
		.db = key->db,
		.kind = element->kind,
		.key = buffer_copy(key->name),
		.element = buffer_copy(element->name),
		.context = shown(asks),
		.due_ms = asks->step->steady_ms + RUN_MS_MAX,
	};
	effect->handle.id = asks->handling.id;
	effect->handle.rule = key->policy->index;
	effect->handle.db = key->db;
	effect->handle.key = asks->handling.key;
	effect->handle.element = asks->handling.element;
	effect->handle.count = show_versions(asks, element);
	effect->handle.versions = asks->handled;
	asks->step->status.handler_runs++;
}

static bool is_due(const struct asks *asks, const struct episode *episode)
{
	const struct element *element = episode->element;
	if (!element->key->policy->rule->is_handling || (element->kind != KIND_STRING && element->kind != KIND_HASH))
		return false;
	/* If the rule was replaced, its handler is gone, and the conflict waits for a person. */
	if (element->key->policy != policies_find(asks->policies, element->key->name) || element->key->under_way > 0)
		return false;
	return episode->is_retried || (asks->step->steady_ms >= episode->retry_ms && is_runner(asks, element));
}

/* A conflict whose handler is to run; NULL: none. In that case the next search has to wait, as very many conflicts may wait for a person. */
static struct episode *find_due(struct asks *asks)
{
	uint64_t looked_at = 0;
	for (struct episode *episode = asks->keyspace->episodes->lists[EPISODES_KEPT]; episode != NULL; episode = episode->listed_after) {
		if (element_is_open(episode->element) && is_due(asks, episode))
			return episode;
		looked_at++;
	}
	asks->looked_ms = asks->step->steady_ms;
	asks->look_pause_ms = 1 + looked_at / LOOKED_AT_A_MS;
	return NULL;
}

void handle_pump(struct asks *asks)
{
	if (asks->handling.id != 0 && asks->step->steady_ms >= asks->handling.due_ms)
		handle_forget(asks);
	bool is_pausing = asks->step->steady_ms >= asks->looked_ms && asks->step->steady_ms - asks->looked_ms < asks->look_pause_ms;
	if (asks->handling.id != 0 || !asks->causes->is_recalled || local_is_rerunning(asks->local) || !asks->policies->current->is_handling ||
	    is_pausing)
		return;
	struct episode *episode = find_due(asks);
	if (episode == NULL)
		return;
	episode->is_retried = false;
	/* The conflict is not due again until its handler's result came back as a write, or the handler failed. */
	episode->retry_ms = asks->step->steady_ms + RUN_MS_MAX;
	ask_handler(asks, episode->element);
}

/* ---- the handler has ended ---- */

void handle_forget(struct asks *asks)
{
	bytes_free(asks->handling.key);
	bytes_free(asks->handling.element);
	if (asks->handling.context != NULL)
		context_drop(asks->handling.context);
	asks->handling = (struct handling){ 0 };
}

/* A result was written. If the conflict is still open, a concurrent result of another DC may be the cause: it may be handled at once. */
void handle_written(struct element *element)
{
	for (struct episode *episode = element->episodes; episode != NULL; episode = episode->next)
		episode->retry_ms = 0;
}

static struct episode *handled_episode(struct asks *asks)
{
	const struct handling *handling = &asks->handling;
	struct key *key = keyspace_recall(asks->keyspace, handling->db, handling->key);
	for (struct element *element = key == NULL ? NULL : key->elements; element != NULL; element = element->next)
		if (element->kind == handling->kind && slice_equal(element->name, handling->element))
			return element_open_episode(element);
	return NULL;
}

static void note_failure(struct asks *asks, struct episode *episode, struct slice error)
{
	uint64_t pause_ms = asks->options->handler_retry_ms;
	for (uint32_t i = 0; i < episode->attempts && pause_ms < asks->options->handler_retry_ms_max; i++)
		pause_ms *= 2;
	if (pause_ms > asks->options->handler_retry_ms_max)
		pause_ms = asks->options->handler_retry_ms_max;
	episode->retry_ms = asks->step->steady_ms + pause_ms;
	episode->attempts++;
	bytes_free(episode->last_error);
	episode->last_error = buffer_copy(error);
	episode_touch(asks->keyspace, episode);
}

void handle_ended(struct asks *asks, const struct event *event)
{
	struct handling *handling = &asks->handling;
	if (handling->id == 0 || handling->id != event->handled.id)
		return;
	struct episode *episode = handled_episode(asks);
	if (!event->handled.is_done) {
		asks->step->status.handler_failures++;
		if (episode != NULL)
			note_failure(asks, episode, event->handled.error);
	} else if (episode != NULL) {
		struct asked *asked = memory_new(sizeof *asked);
		*asked = (struct asked){
			.token = UINT64_MAX - asks->next_internal++, .is_internal = true, .ask = ASK_SET, .db = handling->db, .kind = handling->kind,
			.is_explicit = true, .is_keeping_ttl = true, .write_choice = WRITE_RESOLVES, .key = buffer_copy(handling->key),
			.element = buffer_copy(handling->element), .value = buffer_copy(event->handled.value), .id = buffer_copy(SLICE("")),
			.by = buffer_copy(SLICE("handler")), .client = buffer_copy(SLICE("")), .context = context_hold(handling->context),
		};
		asks_add(asks, asked);
	}
	handle_forget(asks);
}
