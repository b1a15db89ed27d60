/* Render: tells the store the outcome of remote writes (data path, step 10). Only the final state of a turn is written: a hundred
 * increments of one key in a batch become one command. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include "keyspace.h"

/* Store commands under construction, inside an open MULTI. */
struct script {
	struct buffer *out;
	uint32_t db;                 /* selected now */
	bool is_selected;
	unsigned count;              /* commands so far, SELECTs included */
};
void script_select(struct script *script, uint32_t db);
void script_add(struct script *script, unsigned argc, const struct slice *argv);

/* Writes everything dirty and leaves nothing dirty. */
void render_dirty(struct keyspace *keyspace, struct script *script);
/* Has an unstable clear or flush cleared it? Then that decides about what only the store knows of it. */
bool key_is_cleared(const struct keyspace *keyspace, const struct key *key);

#endif
