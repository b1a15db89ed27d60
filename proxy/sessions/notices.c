/* Notices (see notices.h). */
#include "notices.h"

#include "proxy/core/resp/resp.h"

#include <stdio.h>
#include <string.h>

static const char order[] = "g$lshzxetdnocKEm";      /* in which Redis writes them. Those before n are what A stands for; those from K on are written beside an A */
#define COUNT (sizeof(order) - 1)
#define ALL ((1u << 10) - 1)
#define BESIDE_ALL (~((1u << 13) - 1))

static uint32_t flag_of(char letter)
{
	const char *at = letter == '\0' ? NULL : strchr(order, letter);
	return letter == 'A' ? ALL : at == NULL ? 0 : 1u << (at - order);
}

uint32_t notices_flags(struct slice text)
{
	uint32_t flags = 0;
	for (size_t i = 0; i < text.len; i++)
		flags |= flag_of(text.ptr[i]);
	return flags;
}

void notices_text(uint32_t flags, char text[NOTICES_TEXT_MAX])
{
	size_t len = 0;
	bool is_all = (flags & ALL) == ALL;
	if (is_all)
		text[len++] = 'A';
	for (size_t i = 0; i < COUNT; i++)
		if ((flags & (is_all ? BESIDE_ALL : ~0u) & (1u << i)) != 0)
			text[len++] = order[i];
	text[len] = '\0';
}

uint32_t notices_merged(uint32_t own)
{
	return own | flag_of('E') | flag_of('x');
}

/* Redis writes no n beside an A. */
static bool flags_look_equal(uint32_t a, uint32_t b)
{
	char text_a[NOTICES_TEXT_MAX], text_b[NOTICES_TEXT_MAX];
	notices_text(a, text_a);
	notices_text(b, text_b);
	return strcmp(text_a, text_b) == 0;
}

void notices_read(struct notices *notices, struct slice stored, struct slice full, struct slice found)
{
	struct slice rest = stored;
	struct slice own = slice_take_until(&rest, ' ');
	bool was_known = notices->is_known;
	uint32_t now = notices_flags(full);
	if (was_known && flags_look_equal(now, notices->full))
		return;
	notices->full = now;
	notices->is_known = true;
	if (!was_known && stored.len > 0 && flags_look_equal(notices_flags(rest), now))
		notices->own = notices_flags(own);
	else if (!was_known && stored.len == 0)
		notices->own = notices_flags(found);
	else
		notices->own = now;      /* somebody has changed them beside the sidecar */
}

void notices_stored(const struct notices *notices, char text[2 * NOTICES_TEXT_MAX])
{
	char own[NOTICES_TEXT_MAX], full[NOTICES_TEXT_MAX];
	notices_text(notices->own, own);
	notices_text(notices->full, full);
	snprintf(text, 2 * NOTICES_TEXT_MAX, "%s %s", own, full);
}

/* "__keyspace@<db>__:<key>" or "__keyevent@<db>__:<event>": what follows the colon. */
static bool read_channel(struct slice channel, struct slice start, int64_t *db, struct slice *what)
{
	if (channel.len <= start.len || memcmp(channel.ptr, start.ptr, start.len) != 0)
		return false;
	struct slice number = { channel.ptr + start.len, channel.len - start.len };
	const char *end = memmem(number.ptr, number.len, "__:", 3);
	if (end == NULL)
		return false;
	*what = (struct slice){ end + 3, (size_t)(number.ptr + number.len - end) - 3 };
	number.len = (size_t)(end - number.ptr);
	return slice_to_int64(number, db);
}

static bool message_is_foreign(const struct notices *notices, uint32_t reserved_db, struct slice channel, struct slice message)
{
	int64_t db;
	struct slice what;
	bool is_event = read_channel(channel, SLICE("__keyevent@"), &db, &what);
	if (!is_event && !read_channel(channel, SLICE("__keyspace@"), &db, &what))
		return false;
	bool is_expiry = slice_equal(is_event ? what : message, SLICE("expired"));
	uint32_t needed = flag_of(is_event ? 'E' : 'K') | (is_expiry ? flag_of('x') : 0);
	return db == (int64_t)reserved_db || (notices->own & needed) != needed;
}

/* ["message", channel, text] or ["pmessage", pattern, channel, text]. */
bool notices_hide(const struct notices *notices, uint32_t reserved_db, struct slice push)
{
	struct reply head, kind, channel, text;
	if (!reply_read(&push, &head) || head.type != REPLY_ARRAY || head.integer < 3 || !reply_read(&push, &kind) || !reply_read(&push, &channel))
		return false;
	bool is_pattern = head.integer == 4 && slice_equal(kind.text, SLICE("pmessage"));
	if (!is_pattern && !(head.integer == 3 && slice_equal(kind.text, SLICE("message"))))
		return false;
	if ((is_pattern && !reply_read(&push, &channel)) || !reply_read(&push, &text))
		return false;
	return message_is_foreign(notices, reserved_db, channel.text, text.text);
}
