#include "namesake.h"

#include <string.h>

#define ALIVE_AFTER 2

static bool is_ours(const struct namesake *namesake, struct slice value)
{
	size_t len = strlen(namesake->mark);
	return value.len >= len && memcmp(value.ptr + value.len - len, namesake->mark, len) == 0;
}

bool namesake_hear(struct namesake *namesake, struct slice value)
{
	if (value.len == 0 || is_ours(namesake, value) || slice_equal(value, slice_of(namesake->found)))
		return false;
	slice_to_text(namesake->found, sizeof namesake->found, value);
	return ++namesake->count > ALIVE_AFTER;
}
