/* Apply: writes are taken into the metadata: one by one as their answers come (group.c), a batch of a log's a few at a time. */
#include "state.h"

#include <limits.h>

#define WINDOW_WRITES 32             /* at a time: their metadata fits into the fastest cache */

void apply_changes(struct core *core, const struct stamp *stamp, const struct changes *changes, enum apply_mode mode)
{
	struct context *explicit = changes->facts.is_explicit ? core_translate(core, changes->facts.context) : NULL;
	if (explicit != NULL)
		explicit->applied = context_hold(stamp->context);
	core->conflicts.mode = mode;
	core->conflicts.explicit_context = explicit;
	core->conflicts.facts = &changes->facts;
	for (unsigned i = 0; i < changes->count; i++) {
		core->keyspace.expected = i < core->expected_count ? core->expected_keys[i] : NULL;
		conflicts_apply(&core->conflicts, stamp, &changes->items[i]);
	}
	core->keyspace.expected = NULL;
	if (mode == APPLY_REMOTE)
		rules_note(core, stamp, changes);
	if (core->asks != NULL)
		ask_outdate_changed(core, changes);
	core->conflicts.explicit_context = NULL;
	core->conflicts.facts = NULL;
	if (explicit != NULL)
		context_drop(explicit);
}

/* Of the next WINDOW_WRITES writes of a batch: what they change, and the key that each begins with. */
struct apply_window {
	struct changes writes[WINDOW_WRITES];    /* reused */
	struct key_name names[WINDOW_WRITES];
	struct key *keys[WINDOW_WRITES];
	unsigned count, key_count;
	unsigned key_of[WINDOW_WRITES];          /* index into KEYS; KEY_NONE: it changes no single key */
};

#define KEY_NONE UINT_MAX

static bool window_read(struct apply_window *window, struct slice *writes)
{
	struct slice raw;
	enum plan pending;
	window->count = window->key_count = 0;
	while (window->count < WINDOW_WRITES && envelope_write_next(writes, &pending, &window->writes[window->count], &raw)) {
		const struct changes *changes = &window->writes[window->count];
		bool has_key = changes->count > 0 && changes->items[0].kind != CHANGE_FLUSH;
		window->key_of[window->count++] = has_key ? window->key_count : KEY_NONE;
		if (has_key)
			window->names[window->key_count++] = (struct key_name){ changes->items[0].db, changes->items[0].key };
	}
	return window->count > 0;
}

/* All keys together, so that they are not waited for one after the other. They stay while the window is open. */
static void window_find_keys(struct keyspace *keyspace, struct apply_window *window)
{
	keyspace_keys(keyspace, window->names, window->key_count, window->keys);
	for (unsigned i = 0; i < window->key_count; i++)
		window->keys[i]->under_way++;
	keyspace_warm(window->keys, window->key_count);
}

static void window_release_keys(struct keyspace *keyspace, const struct apply_window *window)
{
	for (unsigned i = 0; i < window->key_count; i++) {
		window->keys[i]->under_way--;
		keyspace_release_key(keyspace, window->keys[i]);
	}
}

void apply_writes(struct core *core, const struct stamp *first, struct slice writes, enum apply_mode mode)
{
	if (core->apply_window == NULL)
		core->apply_window = memory_new(sizeof *core->apply_window);
	struct apply_window *window = core->apply_window;
	struct stamp stamp = *first;
	while (window_read(window, &writes)) {
		window_find_keys(&core->keyspace, window);
		for (unsigned i = 0; i < window->count; i++) {
			bool has_key = window->key_of[i] != KEY_NONE;
			core->expected_keys = has_key ? &window->keys[window->key_of[i]] : NULL;
			core->expected_count = has_key;
			apply_changes(core, &stamp, &window->writes[i], mode);
			stamp.seq++;
			stamp.hlc++;
		}
		core->expected_count = 0;
		window_release_keys(&core->keyspace, window);
	}
}

void apply_window_free(struct apply_window *window)
{
	for (unsigned i = 0; window != NULL && i < WINDOW_WRITES; i++)
		changes_free(&window->writes[i]);
	memory_free(window);
}
