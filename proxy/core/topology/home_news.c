#include "home_news.h"

#define NONE SIZE_MAX                /* as a length: it is gone */

static void add_text(struct buffer *out, struct slice text)
{
	size_t len = text.ptr == NULL ? NONE : text.len;
	memcpy(buffer_grow(out, sizeof len), &len, sizeof len);
	buffer_add(out, text);
}

static struct slice take_text(struct slice *from)
{
	struct slice text;
	memcpy(&text.len, from->ptr, sizeof text.len);
	bool is_gone = text.len == NONE;
	text.ptr = is_gone ? NULL : from->ptr + sizeof text.len;
	text.len = is_gone ? 0 : text.len;
	from->ptr += sizeof text.len + text.len;
	from->len -= sizeof text.len + text.len;
	return text;
}

void home_news_add(struct home_news *news, struct slice user, struct slice value)
{
	add_text(&news->pairs, user);
	add_text(&news->pairs, value);
}

bool home_news_next(struct slice *pairs, struct slice *user, struct slice *value)
{
	if (pairs->len == 0)
		return false;
	*user = take_text(pairs);
	*value = take_text(pairs);
	return true;
}
