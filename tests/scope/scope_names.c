#include "scope_names.h"

#include <stdio.h>
#include <string.h>

const char *const scope_dc_names[SCOPE_DCS] = { "ams", "bom", "cpt" };

unsigned scope_local_index(unsigned dc, unsigned other) { return other == dc ? 0 : other < dc ? other + 1 : other; }
unsigned scope_global_index(unsigned dc, unsigned local) { return local == 0 ? dc : local <= dc ? local - 1 : local; }

void scope_go_wrong(struct scope_world *world, unsigned dc, const char *what, struct slice detail)
{
	if (world->wrong[0] == '\0')
		snprintf(world->wrong, sizeof(world->wrong), "%s: %s %.*s", scope_dc_names[dc], what, (int)detail.len, detail.ptr);
}

bool scope_case_of(struct slice name, unsigned *number, unsigned *key)
{
	const char *letter = name.len < 2 ? NULL : memchr(scope_key_letters, name.ptr[name.len - 1], SCOPE_KEYS);

	*number = 0;
	*key = letter == NULL ? 0 : (unsigned)(letter - scope_key_letters);
	for (size_t i = 0; i + 1 < name.len; i++)
		*number = *number * 10 + (unsigned)(name.ptr[i] - '0');
	return letter != NULL && *number < SCOPE_CASES_MAX;
}

uint32_t scope_key_name(struct scope_world *world, unsigned number, unsigned key)
{
	char room[16];

	if (world->names[number][key] == 0) {
		snprintf(room, sizeof(room), "%u%c", number, scope_key_letters[key]);
		world->names[number][key] = pool_intern(world->pool, slice_of(room));
	}
	return world->names[number][key];
}
