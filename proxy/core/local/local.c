/* Local: the room's state begins, ends, and is asked for (see local.h). */
#include "local_state.h"

#include "proxy/core/causes/rooms.h"

struct local *local_new(const struct rooms *rooms)
{
	struct local *local = memory_new(sizeof *local);
	*local = (struct local){
		.options = rooms->options, .step = rooms->step, .causes = rooms->causes, .topology = rooms->topology, .scripts = rooms->scripts, .rereads = rooms->rereads, .groups = rooms->groups,
		.books = rooms->books, .apply = rooms->apply, .outbox = rooms->outbox, .keyspace = rooms->keyspace, .conflicts = rooms->conflicts,
		.policies = rooms->policies,
	};
	local->aborted_end = &local->aborted;
	held_list_init(&local->guarded);
	return local;
}

void local_free(struct local *local)
{
	memory_free(local);
}

bool local_is_rerunning(const struct local *local)
{
	return local->aborted != NULL;
}

bool local_is_holding(const struct local *local)
{
	return local->is_draining || local->aborted != NULL;
}

bool local_has_open(const struct local *local)
{
	return local->open[0] != NULL || local->open[1] != NULL;
}

void local_set_draining(struct local *local, bool is_draining)
{
	local->is_draining = is_draining;
}

bool local_is_draining(const struct local *local)
{
	return local->is_draining;
}

uint64_t local_gathering(const struct local *local)
{
	return local->gathering;
}
