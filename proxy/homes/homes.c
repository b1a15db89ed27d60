/* Homes (see homes.h). */
#include "homes.h"

#include "forwards.h"
#include "homes_batch.h"
#include "homes_room.h"

struct homes *homes_new(const struct homes_options *options)
{
	struct homes *homes = memory_new(sizeof(*homes));
	homes->options = *options;
	homes->changes = homes_changes_new(options->loop, options->status->started.unix_ms);
	return homes;
}

void homes_free(struct homes *homes)
{
	if (homes == NULL)
		return;
	forwards_end(homes);
	homes_orders_end(homes);
	homes_batches_end(homes);
	homes_changes_free(homes->changes);
	memory_free(homes);
}

void homes_connect(struct homes *homes, struct turn *turn)
{
	homes->turn = turn;
}
