/* Home map: the users who have a home of their own, as Redis has them: 24 bytes each, in open addressing (linear probing). It is cut into parts by hash,
 * each with its own memory, which grows by a quarter: so an entry never takes more than 40 bytes, and growing never stops all for long. */
#ifndef CORE_HOME_MAP_H
#define CORE_HOME_MAP_H

#include "user_hash.h"
#include "proxy/core/vocabulary/options.h"

#define HOME_EPOCH_MAX (UINT64_MAX >> 9)     /* at it a user moves no more: that is said */
#define HOME_MAP_PARTS 256

struct home_entry { struct user_hash hash; uint64_t bits; };         /* epoch, forced, dc; 0: free */

struct home_part { struct home_entry *entries; uint32_t count, cap; };     /* owned */

struct home_map {
	struct home_part parts[HOME_MAP_PARTS];
	uint64_t count, bytes;
	uint64_t counts[CORE_DCS_MAX + 1];       /* by datacenter, CORE_DC_UNKNOWN the last */
};

struct explicit_home { unsigned dc; uint64_t epoch; bool is_forced; };

/* False: the user has no home of his own. */
bool home_map_get(const struct home_map *map, struct user_hash hash, struct explicit_home *home);
void home_map_set(struct home_map *map, struct user_hash hash, const struct explicit_home *home);
void home_map_clear(struct home_map *map);

#endif
