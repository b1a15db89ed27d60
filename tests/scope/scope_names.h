/* Names of datacenters and keys of a scope world, and what must never happen. */
#ifndef SCOPE_NAMES_H
#define SCOPE_NAMES_H

#include "scope_world.h"

extern const char *const scope_dc_names[SCOPE_DCS];

/* A core counts itself as datacenter 0, the others after it in the world's order. */
unsigned scope_local_index(unsigned dc, unsigned other);
unsigned scope_global_index(unsigned dc, unsigned local);
/* Keys are named "12k": case and letter. */
bool scope_case_of(struct slice name, unsigned *number, unsigned *key);
uint32_t scope_key_name(struct scope_world *world, unsigned number, unsigned key);
/* Notes what must never happen; the first is kept. */
void scope_go_wrong(struct scope_world *world, unsigned dc, const char *what, struct slice detail);

#endif
