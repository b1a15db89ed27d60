#include "expired_notice.h"

#include <string.h>

#include "proxy/core/resp/resp.h"

/* "__keyevent@<db>__:expired" */
static bool read_db(struct slice channel, uint32_t *db)
{
	const char *at = memchr(channel.ptr, '@', channel.len);
	const char *end = at != NULL ? memchr(at, '_', channel.len - (size_t)(at - channel.ptr)) : NULL;
	int64_t number;
	if (end == NULL || !slice_to_int64((struct slice){ at + 1, (size_t)(end - at - 1) }, &number) || number < 0 || number >= UINT32_MAX)
		return false;
	*db = (uint32_t)number;
	return true;
}

/* ["pmessage", pattern, channel, key] */
bool expired_notice_read(struct slice push, struct expired_notice *notice)
{
	struct reply part, channel, key;
	if (!reply_read(&push, &part) || part.integer != 4)
		return false;
	if (!reply_read(&push, &part) || !reply_read(&push, &part) || !reply_read(&push, &channel) || !reply_read(&push, &key))
		return false;
	notice->key = key.text;
	return read_db(channel.text, &notice->db);
}
