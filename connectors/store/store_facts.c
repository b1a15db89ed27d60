#include "store_facts.h"

#include <stdio.h>
#include <string.h>

static struct slice info_value(struct slice info, struct slice name);
static void take_info(struct store_facts *facts, struct slice info);
static void take_text(char *text, size_t size, struct slice value);
static void take_number(uint64_t *number, struct slice value);

void store_facts_take(struct store_facts *facts, struct slice reply)
{
	struct slice rest = reply;
	struct reply read;
	if (!reply_read(&rest, &read))
		return;
	if (read.type == REPLY_STRING)
		take_info(facts, read.text);
	else if (read.type == REPLY_ARRAY)
		facts->is_notifying = notify_missing(config_value(reply))[0] == '\0';
	else if (read.type == REPLY_INTEGER)
		facts->is_emptied = read.integer < 2;
}

/* Keyspace: "db<number>:keys=…", for each database that is not empty. */
bool info_has_data(struct slice reply, uint32_t reserved_db)
{
	struct reply info;
	struct slice start = SLICE("\ndb");
	if (!reply_read(&reply, &info) || info.type != REPLY_STRING)
		return false;
	while (info.text.len > start.len) {
		const char *line = memmem(info.text.ptr, info.text.len, start.ptr, start.len), *end = info.text.ptr + info.text.len;
		if (line == NULL)
			return false;
		info.text = (struct slice){ line + start.len, (size_t)(end - line) - start.len };
		struct slice rest = info.text;
		int64_t db;
		if (slice_to_int64(slice_take_until(&rest, ':'), &db) && rest.len > 5 && memcmp(rest.ptr, "keys=", 5) == 0 && db != reserved_db)
			return true;
	}
	return false;
}

/* E: as events by name; x: of expired keys; A: of all kinds. */
const char *notify_missing(struct slice flags)
{
	bool has_events = flags.len > 0 && memchr(flags.ptr, 'E', flags.len) != NULL;
	bool has_expired = flags.len > 0 && (memchr(flags.ptr, 'x', flags.len) != NULL || memchr(flags.ptr, 'A', flags.len) != NULL);
	return has_events ? has_expired ? "" : "x" : has_expired ? "E" : "Ex";
}

bool store_policy_is_evicting_all(struct slice policy)
{
	const struct slice start = SLICE("allkeys-");
	return policy.len >= start.len && slice_equal_nocase((struct slice){ policy.ptr, start.len }, start);
}

struct slice config_value(struct slice reply)
{
	struct reply part = { 0 };
	if (reply_read(&reply, &part) && part.type == REPLY_ARRAY && part.integer == 2 && reply_read(&reply, &part) &&
	    reply_read(&reply, &part) && part.type == REPLY_STRING)
		return part.text;
	return (struct slice){ NULL, 0 };
}

static void take_info(struct store_facts *facts, struct slice info)
{
	take_text(facts->version, sizeof facts->version, info_value(info, SLICE("redis_version")));
	take_text(facts->run_id, sizeof facts->run_id, info_value(info, SLICE("run_id")));
	take_number(&facts->maxmemory, info_value(info, SLICE("maxmemory")));
	uint64_t used = facts->used_memory, apart = 0;       /* buffers of replicas and of the append-only file do not count */
	take_number(&used, info_value(info, SLICE("used_memory")));
	take_number(&apart, info_value(info, SLICE("mem_not_counted_for_evict")));
	facts->used_memory = used > apart ? used - apart : 0;
	take_number(&facts->evicted_keys, info_value(info, SLICE("evicted_keys")));
	struct slice aof = info_value(info, SLICE("aof_enabled"));
	if (aof.len > 0)
		facts->is_aof_on = aof.ptr[0] == '1';
	struct slice policy = info_value(info, SLICE("maxmemory_policy"));
	if (policy.len > 0) {
		take_text(facts->policy, sizeof facts->policy, policy);
		facts->is_noeviction = slice_equal(policy, SLICE("noeviction"));
	}
	facts->is_evicting_all = facts->maxmemory > 0 && store_policy_is_evicting_all(slice_of(facts->policy));
}

static struct slice info_value(struct slice info, struct slice name)
{
	const char *end = info.ptr + info.len;
	for (const char *line = info.ptr; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line));
		if (line_end == NULL)
			line_end = end;
		size_t len = (size_t)(line_end - line);
		if (len > name.len && line[name.len] == ':' && memcmp(line, name.ptr, name.len) == 0) {
			struct slice value = { line + name.len + 1, len - name.len - 1 };
			if (value.len > 0 && value.ptr[value.len - 1] == '\r')
				value.len--;
			return value;
		}
		line = line_end + 1;
	}
	return (struct slice){ NULL, 0 };
}

static void take_text(char *text, size_t size, struct slice value)
{
	if (value.len > 0)
		snprintf(text, size, "%.*s", (int)value.len, value.ptr);
}

static void take_number(uint64_t *number, struct slice value)
{
	int64_t read;
	if (slice_to_int64(value, &read) && read >= 0)
		*number = (uint64_t)read;
}
