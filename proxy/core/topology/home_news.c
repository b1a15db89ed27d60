#include "home_news.h"

static void add_text(struct buffer *out, struct slice text)
{
	memcpy(buffer_grow(out, sizeof text.len), &text.len, sizeof text.len);
	buffer_add(out, text);
}

static struct slice take_text(struct slice *from)
{
	struct slice text;
	memcpy(&text.len, from->ptr, sizeof text.len);
	text.ptr = from->ptr + sizeof text.len;
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
