#include "client_list.h"

#include <string.h>

#include "proxy/core/resp/resp.h"

bool client_list_each(struct slice reply, void *context, void (*visit)(void *context, struct slice line))
{
	struct reply list;
	if (!reply_read(&reply, &list) || list.type != REPLY_STRING)
		return false;
	const char *end = list.text.ptr + list.text.len;
	for (const char *line = list.text.ptr; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line));
		if (line_end == NULL)
			line_end = end;
		visit(context, (struct slice){ line, (size_t)(line_end - line) });
		line = line_end + 1;
	}
	return true;
}

bool client_list_number(struct slice line, struct slice after, uint64_t *number)
{
	const char *found = memmem(line.ptr, line.len, after.ptr, after.len);
	if (found == NULL)
		return false;
	const char *digit = found + after.len, *end = line.ptr + line.len;
	*number = 0;
	for (; digit < end && *digit >= '0' && *digit <= '9'; digit++)
		*number = *number * 10 + (uint64_t)(*digit - '0');
	return digit > found + after.len;
}
