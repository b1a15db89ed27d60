/* Tracking tell (see tracking_tell.h). A message goes behind the answers that are due: one of them may hold what has changed. */
#include "tracking_tell.h"

#include "tracking_dues.h"

#include <string.h>

/* Nothing but its pop is due: nobody knows when that comes. */
static void client_tell(struct client *client, struct slice message)
{
	if (client->session->blocked == NULL || answers_due(&client->answers) > 1) {
		client_reply(client, message, false);
		return;
	}
	buffer_add(&client->out, message);
	client_flag(client);
}

/* PROTOCOL: that of the client that tracks, whoever is told: in it Redis writes that there is none. */
static void message_add_keys(struct buffer *message, const struct slice *keys, size_t count, unsigned protocol)
{
	if (keys == NULL)
		buffer_add_text(message, protocol == 3 ? "_\r\n" : "$-1\r\n");
	else
		resp_add_array(message, count);
	for (size_t i = 0; keys != NULL && i < count; i++)
		resp_add_bulk(message, keys[i]);
}

/* With RESP2 it takes a subscriber to hear of anything. */
static void target_tell(struct client *target, const struct slice *keys, size_t count, unsigned protocol)
{
	struct buffer message = { 0 };
	bool is_resp3 = target->session->protocol == 3;
	if (!is_resp3 && target->session->subscription == NULL)
		return;
	buffer_add_text(&message, is_resp3 ? ">2\r\n$10\r\ninvalidate\r\n" : "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n");
	message_add_keys(&message, keys, count, protocol);
	client_tell(target, buffer_slice(&message));
	buffer_free(&message);
	target->session->sessions->status->counters.tracking_messages++;
}

static void tracker_tell_broken(struct tracker *tracker)
{
	struct buffer message = { 0 };
	tracker->is_broken = true;
	if (tracker->session->protocol != 3)
		return;
	buffer_add_text(&message, ">2\r\n$21\r\ntracking-redir-broken\r\n");
	resp_add_integer(&message, (int64_t)tracker->redirect);
	client_tell(tracker->session->client, buffer_slice(&message));
	buffer_free(&message);
}

void tracker_tell(struct tracker *tracker, const struct slice *keys, size_t count)
{
	struct session *session = tracker->session;
	uint32_t number;
	struct client *target = tracker->redirect == 0 ? session->client : client_table_find(session->sessions->clients, tracker->target, &number);
	if (target != NULL)
		target_tell(target, keys, count, session->protocol);
	else
		tracker_tell_broken(tracker);
}

void tracking_tell_all(struct source *source)
{
	tracked_keys_free(&source->keys);
	for (struct tracker *tracker = source->tracking->first; tracker != NULL; tracker = tracker->next)
		if (tracker->is_on && tracking_source_of(tracker) == source->kind)
			tracker_tell(tracker, NULL, 0);
}

/* ---- single keys ---- */

static void key_tell(void *context, struct tracked_reader *reader, struct slice key)
{
	(void)context;
	struct tracker *tracker = (struct tracker *)reader;
	if (tracker->is_on && !tracker->is_broadcast && !tracking_is_own(tracker, key))
		tracker_tell(tracker, &key, 1);
}

void tracking_drop_oldest(struct source *source)
{
	struct slice oldest = tracked_keys_oldest(&source->keys);
	tracked_keys_take(&source->keys, oldest, key_tell, NULL);
	source->tracking->sessions->status->counters.tracking_dropped++;
}

/* ---- all keys ---- */

/* The sidecar's own, which stand in the reserved database. A message names no database. */
static bool key_is_reserved(struct slice key)
{
	static const char *const names[] = { "conflicts", "conflicts:count", "conflicts:published", "epoch", "episodes", "guard", "homes", "identity", "log", "notices",
	                                     "outbox", "positions", "readers", "versions" };
	static const struct slice start = SLICE("homeport:");
	if (key.len <= start.len || memcmp(key.ptr, start.ptr, start.len) != 0)
		return false;
	struct slice name = { key.ptr + start.len, key.len - start.len };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(name, slice_of(names[i])))
			return true;
	return false;
}

static bool has_prefix(struct slice key, struct slice prefix)
{
	return key.len >= prefix.len && (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, prefix.len) == 0);
}

/* One message for each of its prefixes, as Redis sends them. */
static void broadcast_tell(struct tracker *tracker, const struct slice *keys, size_t count, struct slice *room)
{
	for (unsigned p = 0; p < tracker->prefix_count; p++) {
		size_t told = 0;
		for (size_t i = 0; i < count; i++)
			if (has_prefix(keys[i], tracker->prefixes[p]) && !tracking_is_own(tracker, keys[i]))
				room[told++] = keys[i];
		if (told > 0)
			tracker_tell(tracker, room, told);
	}
}

static void broadcast_take(struct source *source, struct slice cursor, size_t count)
{
	struct slice *keys = memory_new((2 * count + 1) * sizeof(*keys));
	struct reply key;
	size_t found = 0;
	while (count-- > 0 && reply_read(&cursor, &key))
		if (!key_is_reserved(key.text))
			keys[found++] = key.text;
	for (struct tracker *tracker = source->tracking->first; found > 0 && tracker != NULL; tracker = tracker->next)
		if (tracker->is_on && tracker->is_broadcast)
			broadcast_tell(tracker, keys, found, keys + found);
	memory_free(keys);
}

/* ---- what Redis says ---- */

/* FLUSHALL is a FLUSHDB for each database here, and Redis tells of each. */
static void source_flush(struct source *source)
{
	uint64_t now_us = turn_clock_now(source->tracking->sessions->clock)->steady_us;
	if (source->flushed_us != now_us)
		tracking_tell_all(source);
	source->flushed_us = now_us;
}

void tracking_take_push(struct source *source, struct slice push)
{
	struct reply head, kind, keys, key;
	if (!reply_read(&push, &head) || !reply_read(&push, &kind) || !slice_equal(kind.text, SLICE("invalidate")) || !reply_read(&push, &keys))
		return;
	if (keys.type != REPLY_ARRAY)
		source_flush(source);
	else if (source->kind == TRACKING_BROADCAST)
		broadcast_take(source, push, (size_t)keys.integer);
	else
		for (int64_t i = 0; i < keys.integer && reply_read(&push, &key); i++)
			tracked_keys_take(&source->keys, key.text, key_tell, NULL);
}
