/* Slow log (see slow_log.h). */
#include "slow_log.h"

#include "proxy/core/resp/resp.h"

#include <string.h>

static bool starts_with(struct slice text, const char *start)
{
	size_t len = strlen(start);
	return text.len >= len && memcmp(text.ptr, start, len) == 0;
}

/* Connections of the sidecar other than the lanes are named so, and all that they ask is its own. Lanes are "homeport:" and a number. */
static bool name_is_ours_alone(struct slice name)
{
	return starts_with(name, "homeport-") || (starts_with(name, "homeport:") && name.len > 9 && (name.ptr[9] < '0' || name.ptr[9] > '9'));
}

/* What no client's command is sent as. */
static bool is_wrapping(struct slice name, struct slice first, int64_t argc)
{
	static const char *const wrapping[] = { "MULTI", "EXEC", "SELECT", "DISCARD" };
	static const char *const facts[] = { "stats", "memory", "persistence" };
	for (size_t i = 0; i < sizeof(wrapping) / sizeof(wrapping[0]); i++)
		if (slice_equal_nocase(name, slice_of(wrapping[i])))
			return true;
	for (size_t i = 0; argc == 2 && i < sizeof(facts) / sizeof(facts[0]); i++)
		if (slice_equal(name, SLICE("INFO")) && slice_equal(first, slice_of(facts[i])))
			return true;
	return argc == 4 && slice_equal(name, SLICE("SETRANGE")) && first.len == 0;
}

/* ARGV: the array of arguments. */
static bool is_ours(struct slice argv, struct slice client)
{
	struct reply head, name = { 0 }, first = { 0 }, argument;
	if (name_is_ours_alone(client))
		return true;
	if (!starts_with(client, "homeport:") || !reply_read(&argv, &head) || head.type != REPLY_ARRAY || !reply_read(&argv, &name))
		return false;
	for (int64_t i = 1; i < head.integer && reply_read(&argv, &argument); i++) {
		if (i == 1)
			first = argument;
		if (starts_with(argument.text, "homeport:"))
			return true;
		if (i == 2 && head.integer == 3 && slice_equal(argument.text, SLICE("notify-keyspace-events")) && slice_equal(name.text, SLICE("CONFIG")))
			return true;
	}
	return is_wrapping(name.text, first.text, head.integer);
}

/* [id, time, microseconds, [arguments], address, name]. False: it is none. */
static bool entry_read(struct slice *cursor, struct slice *facts, struct slice *argv, struct reply *client)
{
	struct reply head, address;
	if (!reply_read(cursor, &head) || head.type != REPLY_ARRAY || head.integer != 6)
		return false;
	const char *start = cursor->ptr;
	for (unsigned i = 0; i < 3; i++)
		if (!reply_skip(cursor))
			return false;
	argv->ptr = cursor->ptr;
	if (!reply_skip(cursor))
		return false;
	argv->len = (size_t)(cursor->ptr - argv->ptr);
	*facts = (struct slice){ start, (size_t)(cursor->ptr - start) };
	return reply_read(cursor, &address) && reply_read(cursor, client);
}

uint64_t slow_log_adapt(struct slice reply, int64_t max, struct buffer *out, bool *is_log)
{
	struct slice cursor = reply, facts, argv;
	struct reply head, client;
	struct buffer entries = { 0 };
	uint64_t count = 0;
	*is_log = reply_read(&cursor, &head) && head.type == REPLY_ARRAY;
	for (int64_t i = 0; *is_log && i < head.integer && (max < 0 || count < (uint64_t)max); i++) {
		*is_log = entry_read(&cursor, &facts, &argv, &client);
		if (!*is_log || is_ours(argv, client.text))
			continue;
		bool is_lane = starts_with(client.text, "homeport:");
		resp_add_array(&entries, 6);
		buffer_add(&entries, facts);
		resp_add_bulk(&entries, SLICE("?:0"));
		resp_add_bulk(&entries, is_lane ? (struct slice){ "", 0 } : client.text);
		count++;
	}
	resp_add_array(out, count);
	buffer_add(out, buffer_slice(&entries));
	buffer_free(&entries);
	return count;
}
