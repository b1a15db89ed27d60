/* Apply: writes enter the metadata. Local writes do so one by one, as their answers come (answer.c); batches of a log, a few writes at a time. */
#include "apply_state.h"

#include "delivery.h"
#include "proxy/core/causes/rooms.h"
#include "proxy/core/conflicts/render.h"
#include "proxy/core/topology/homes.h"
#include "proxy/core/wire/envelope.h"

#include <limits.h>

#define WINDOW_WRITES 32             /* of a batch, at a time: their metadata fits into the processor's fastest cache */

/* The key of a change. Looking it up builds the metadata of its latent writes first. KNOWN: probably that key; NULL: it must be looked up. */
static struct key *key_of_change(struct keyspace *keyspace, const struct change *change, struct key *known)
{
	if (change->kind == CHANGE_FLUSH) {
		keyspace_take_latent(keyspace);
		return NULL;
	}
	bool is_known = known != NULL && known->db == change->db && slice_equal(known->name, change->key);
	return is_known ? known : keyspace_key(keyspace, change->db, change->key);
}

void apply_changes(struct apply *apply, struct arriving_write *write, const struct changes *changes, struct key **known, unsigned known_count)
{
	struct context *explicit = changes->facts.is_explicit ? causes_translate(apply->causes, changes->facts.context) : NULL;
	if (explicit != NULL)
		explicit->applied = context_hold(write->stamp->context);
	write->explicit_context = explicit;
	write->facts = &changes->facts;
	struct key *last = NULL;
	for (unsigned i = 0; i < changes->count; i++) {
		uint64_t user[2];
		bool is_take_over = changes->items[i].db == DB_RESERVED && homes_take_over(apply->topology, &changes->items[i], user);
		if (is_take_over)
			keyspace_take_latent(apply->keyspace);
		struct key *key = key_of_change(apply->keyspace, &changes->items[i], i < known_count ? known[i] : last);
		if (i % WARM_ELEMENTS == 0 && changes->count > WARM_ELEMENTS && key != NULL)
			keyspace_warm_elements(apply->keyspace, key, changes->items + i, changes->count - i);
		conflicts_apply(apply->conflicts, write, &changes->items[i], key);
		if (is_take_over)
			conflicts_take_over(apply->conflicts, write, &changes->items[i], user);
		if (changes->items[i].db == DB_RESERVED && write->mode == APPLY_REMOTE)
			homes_note_arrived(apply->topology, changes->items[i].element);
		/* A sibling may have changed nothing. */
		last = key != NULL && key->elements != NULL ? key : NULL;
		if (key != NULL && last == NULL)
			keyspace_release_key(apply->keyspace, key);
	}
	if (write->mode == APPLY_REMOTE)
		suspects_note(apply->suspects, write->stamp, changes);
	if (apply->onlookers->first != NULL)
		onlookers_touch_changed(apply->onlookers, changes);
	if (explicit != NULL)
		context_drop(explicit);
}

void apply_answered(struct apply *apply, const struct stamp *stamp, const struct changes *changes, struct key **keys, unsigned key_count)
{
	struct arriving_write write = { .mode = APPLY_LOCAL, .is_under_our_rules = true, .stamp = stamp };
	apply_changes(apply, &write, changes, keys, key_count);
}

/* ---- batches of a log ---- */

/* Of the next WINDOW_WRITES writes of a batch: what they change, and the key that each begins with. */
struct apply_window {
	struct changes writes[WINDOW_WRITES];    /* reused */
	struct key_name names[WINDOW_WRITES];
	struct key *keys[WINDOW_WRITES];         /* NULL: its write is latent */
	unsigned count, key_count;
	unsigned key_of[WINDOW_WRITES];          /* index into KEYS; KEY_NONE: it changes no single key */
};

#define KEY_NONE UINT_MAX

/* What a log's batch is applied with. */
struct applying {
	enum apply_mode mode;
	bool is_under_our_rules;                 /* its writes were made under them */
	bool is_lifted;                          /* and while their store lacked some of what they count as having seen */
	struct stamp stamp;                      /* of the next write */
	struct slice writes;                     /* the rest */
	struct latent_batch *latents;            /* NULL: none may be latent */
	struct script *script;
};

static bool window_read(struct apply_window *window, struct applying *applying, const struct keyspace *keyspace)
{
	struct slice raw;
	enum plan pending;
	const char *start = applying->latents == NULL ? NULL : applying->latents->bytes.ptr;
	uint64_t index = applying->latents == NULL ? 0 : applying->stamp.seq - applying->latents->stamp.seq;
	/* No write may be noted before an earlier one is applied that touches more than its first key. After a flush, in an earlier window of the batch, none
	 * may be: it would be sent before the flush is. */
	bool can_be_latent = applying->latents != NULL && keyspace->flush_count + keyspace->take_over_count == 0;
	window->count = window->key_count = 0;
	while (window->count < WINDOW_WRITES && envelope_write_next(&applying->writes, &pending, &window->writes[window->count], &raw)) {
		const struct changes *changes = &window->writes[window->count];
		bool has_key = changes->count > 0 && changes->items[0].kind != CHANGE_FLUSH;
		can_be_latent &= index + window->count <= LATENT_INDEX_MAX && changes->count <= 1 && has_key;
		window->key_of[window->count] = has_key ? window->key_count : KEY_NONE;
		if (has_key) {
			window->names[window->key_count++] = (struct key_name){
				.db = changes->items[0].db, .name = changes->items[0].key, .at = can_be_latent ? (uint32_t)(raw.ptr - start) : 0,
				.index = (uint16_t)(index + window->count), .is_plain = can_be_latent && changes_are_plain(changes),
			};
		}
		window->count++;
	}
	return window->count > 0;
}

/* Cache misses are batched: all keys of the window are looked up together. They stay in memory while the window is open. */
static void window_find_keys(struct keyspace *keyspace, struct apply_window *window, struct latent_batch *latents)
{
	keyspace_keys(keyspace, window->names, window->key_count, latents, window->keys);
	for (unsigned i = 0; i < window->key_count; i++)
		if (window->keys[i] != NULL)
			window->keys[i]->under_way++;
	keyspace_warm(window->keys, window->key_count);
}

static void window_release_keys(struct keyspace *keyspace, const struct apply_window *window)
{
	for (unsigned i = 0; i < window->key_count; i++) {
		if (window->keys[i] == NULL)
			continue;
		window->keys[i]->under_way--;
		keyspace_release_key(keyspace, window->keys[i]);
	}
}

static void window_apply(struct apply *apply, struct apply_window *window, struct applying *applying)
{
	for (unsigned i = 0; i < window->count; i++) {
		const struct changes *changes = &window->writes[i];
		bool has_key = window->key_of[i] != KEY_NONE;
		struct key **key = has_key ? &window->keys[window->key_of[i]] : NULL;
		if (has_key && *key == NULL) {
			render_plain(applying->script, &changes->items[0]);
		} else {
			struct arriving_write write = { .mode = applying->mode,
				                        .is_under_our_rules = applying->is_under_our_rules,
				                        .is_lifted = applying->is_lifted,
				                        .stamp = &applying->stamp };
			apply_changes(apply, &write, changes, key, has_key);
		}
		applying->stamp.seq++;
		applying->stamp.hlc++;
	}
}

static void apply_writes(struct apply *apply, struct applying *applying)
{
	if (apply->window == NULL)
		apply->window = memory_new(sizeof *apply->window);
	struct apply_window *window = apply->window;
	while (window_read(window, applying, apply->keyspace)) {
		window_find_keys(apply->keyspace, window, applying->latents);
		window_apply(apply, window, applying);
		window_release_keys(apply->keyspace, window);
	}
}

void apply_recalled(struct apply *apply, const struct stamp *first, struct slice writes, bool is_lifted)
{
	apply_writes(apply, &(struct applying){
		.mode = APPLY_RECALL, .is_under_our_rules = true, .is_lifted = is_lifted, .stamp = *first, .writes = writes });
}

static bool can_be_latent(const struct apply *apply, const struct delivery *delivery)
{
	return apply->causes->origins.items[delivery->origin].dc != 0 && delivery->rules_digest == apply->policies->current->digest &&
	       !apply->suspects->is_suspecting && apply->onlookers->first == NULL && apply->keyspace->flush_count + apply->keyspace->take_over_count == 0;
}

void apply_delivery_writes(struct apply *apply, struct delivery *delivery, struct script *script)
{
	struct latents *latents = &apply->keyspace->latents;
	struct applying applying = {
		.mode = APPLY_REMOTE,
		.is_under_our_rules = delivery->rules_digest == apply->policies->current->digest,
		.is_lifted = delivery->is_lifted,
		.writes = delivery->writes,
		.script = script,
		.stamp = { .seq = delivery->first_seq, .hlc = delivery->hlc, .context = delivery->context, .origin = delivery->origin },
	};
	if (can_be_latent(apply, delivery)) {
		struct buffer bytes = { (char *)(uintptr_t)delivery->bytes.ptr, delivery->bytes.len, delivery->bytes.len };
		applying.latents = latent_batch_new(latents);
		latent_batch_end(latents, applying.latents, &bytes, &applying.stamp);
		buffer_free(&bytes);
		delivery->bytes.ptr = NULL;
	}
	apply_writes(apply, &applying);
	if (applying.latents != NULL)
		latent_batch_drop(latents, applying.latents);
}

void apply_free(struct apply *apply)
{
	for (unsigned i = 0; apply->window != NULL && i < WINDOW_WRITES; i++)
		changes_free(&apply->window->writes[i]);
	memory_free(apply->window);
	changes_free(&apply->latent);
	changes_free(&apply->piece);
	memory_free(apply);
}

struct apply *apply_new(const struct rooms *rooms)
{
	struct apply *apply = memory_new(sizeof *apply);
	*apply = (struct apply){
		.causes = rooms->causes, .topology = rooms->topology, .suspects = rooms->suspects, .onlookers = rooms->onlookers, .keyspace = rooms->keyspace,
		.conflicts = rooms->conflicts, .policies = rooms->policies,
	};
	return apply;
}
