#include "store_facts.h"

#include <stdio.h>
#include <string.h>

static struct slice info_value(struct slice info, struct slice name);
static void take_text(char *text, size_t size, struct slice value);
static void take_number(uint64_t *number, struct slice value);

void store_facts_take_info(struct store_facts *facts, struct slice reply)
{
	struct reply info;
	if (!reply_read(&reply, &info) || info.type != REPLY_STRING)
		return;
	take_text(facts->version, sizeof facts->version, info_value(info.text, SLICE("redis_version")));
	take_text(facts->run_id, sizeof facts->run_id, info_value(info.text, SLICE("run_id")));
	take_number(&facts->maxmemory, info_value(info.text, SLICE("maxmemory")));
	uint64_t used = facts->used_memory, apart = 0;       /* buffers of replicas and of the append-only file do not count */
	take_number(&used, info_value(info.text, SLICE("used_memory")));
	take_number(&apart, info_value(info.text, SLICE("mem_not_counted_for_evict")));
	facts->used_memory = used > apart ? used - apart : 0;
	take_number(&facts->evicted_keys, info_value(info.text, SLICE("evicted_keys")));
	struct slice aof = info_value(info.text, SLICE("aof_enabled"));
	if (aof.len > 0)
		facts->is_aof_on = aof.ptr[0] == '1';
	struct slice policy = info_value(info.text, SLICE("maxmemory_policy"));
	if (policy.len > 0)
		facts->is_noeviction = slice_equal(policy, SLICE("noeviction"));
}

struct slice config_value(struct slice reply)
{
	struct reply part = { 0 };
	if (reply_read(&reply, &part) && part.type == REPLY_ARRAY && part.integer == 2 && reply_read(&reply, &part) &&
	    reply_read(&reply, &part) && part.type == REPLY_STRING)
		return part.text;
	return (struct slice){ NULL, 0 };
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
