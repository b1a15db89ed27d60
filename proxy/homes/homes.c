/* Homes (see homes.h). */
#include "homes.h"

#include "forwards.h"
#include "homes_asked.h"
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

void homes_note_drill(struct homes *homes, const struct drill_status *drill)
{
	struct drill_status *last = &homes->options.status->drill;
	const uint64_t incomplete = last->drills[0], whole = last->drills[1];

	*last = *drill;
	last->drills[0] = incomplete + !drill->is_whole;
	last->drills[1] = whole + drill->is_whole;
}
