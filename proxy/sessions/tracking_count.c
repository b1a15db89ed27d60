/* Tracking count (see tracking_count.h). */
#include "tracking_count.h"

#include "tracking_state.h"

struct tracking_counts tracking_count(const struct sessions *sessions)
{
	struct tracking_counts counts = { .clients = sessions->status->counters.tracking_clients };
	const struct tracking *tracking = sessions->tracking;
	for (unsigned i = 0; tracking != NULL && i < TRACKING_SOURCES; i++) {
		counts.keys += tracking->sources[i].keys.keys.count;
		counts.items += tracking->sources[i].keys.links.count;
	}
	for (const struct tracker *tracker = tracking != NULL ? tracking->first : NULL; tracker != NULL; tracker = tracker->next)
		counts.prefixes += tracker->prefix_count;
	return counts;
}
