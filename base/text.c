#include "text.h"

#include <stdio.h>
#include <string.h>

char *text_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_new(size), text, size);
}

char *text_list_item(const char *list, unsigned index)
{
	const char *item = list;

	for (; index > 0 && item != NULL; index--) {
		item = strchr(item, ',');
		if (item != NULL)
			item++;
	}
	if (item == NULL)
		return NULL;
	while (*item == ' ' || *item == '\t')
		item++;
	size_t len = strcspn(item, ",");

	while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
		len--;
	char *copy = memory_new(len + 1);

	memcpy(copy, item, len);
	return copy;
}

bool text_is_among(const char *text, const char *const *texts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(texts[i], text) == 0)
			return true;
	return false;
}

void buffer_add_format(struct buffer *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buffer_add_vformat(out, format, args);
	va_end(args);
}

void buffer_add_vformat(struct buffer *out, const char *format, va_list args)
{
	va_list measured;

	va_copy(measured, args);
	int len = vsnprintf(NULL, 0, format, measured);

	va_end(measured);
	if (len <= 0)
		return;
	/* vsnprintf ends what it writes with a NUL: room for it, which does not count. */
	char *end = buffer_grow(out, (size_t)len + 1);

	vsnprintf(end, (size_t)len + 1, format, args);
	out->len--;
}
