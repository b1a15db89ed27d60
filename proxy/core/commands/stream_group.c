#include "stream_group.h"

#include <string.h>

static bool takes(struct slice *text, struct slice start)
{
	if (text->len < start.len || memcmp(text->ptr, start.ptr, start.len) != 0)
		return false;
	text->ptr += start.len;
	text->len -= start.len;
	return true;
}

bool stream_group_has(struct slice element)
{
	return element.len > 0 && (element.ptr[0] < '0' || element.ptr[0] > '9');
}

bool stream_group_read(struct slice element, struct slice *name)
{
	*name = element;
	return takes(name, SLICE("group:"));
}

bool stream_pending_read(struct slice element, struct slice *id, struct slice *group)
{
	*id = element;
	if (!takes(id, SLICE("pending:")))
		return false;
	const char *colon = memchr(id->ptr, ':', id->len);
	if (colon == NULL)
		return false;
	size_t len = (size_t)(colon - id->ptr);
	*group = (struct slice){ colon + 1, id->len - len - 1 };
	id->len = len;
	return true;
}
