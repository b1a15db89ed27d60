/* Conflicts access (see conflicts_access.h). */
#include "conflicts_access.h"

#include <string.h>

bool conflicts_user_is_allowed(const struct settings *settings, struct slice user)
{
	if (settings->conflicts_users == NULL)
		return true;
	const char *name = settings->conflicts_users;
	while (*name != '\0') {
		name += strspn(name, ", ");
		size_t len = strcspn(name, ", ");
		if (len > 0 && slice_equal(user, (struct slice){ name, len }))
			return true;
		name += len;
	}
	return false;
}

bool conflicts_bearer_is_allowed(const struct settings *settings, struct slice authorization)
{
	static const struct slice scheme = { "Bearer ", 7 };
	if (settings->conflicts_password == NULL)
		return true;
	if (authorization.len < scheme.len || !slice_equal_nocase((struct slice){ authorization.ptr, scheme.len }, scheme))
		return false;
	struct slice given = { authorization.ptr + scheme.len, authorization.len - scheme.len };
	struct slice right = slice_of(settings->conflicts_password);
	unsigned char difference = given.len != right.len;
	for (size_t i = 0; i < given.len; i++)
		difference |= (unsigned char)(given.ptr[i] ^ right.ptr[i < right.len ? i : 0]);
	return difference == 0;
}
