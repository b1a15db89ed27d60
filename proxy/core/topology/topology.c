#include "topology.h"

#include "leaving.h"
#include "missed.h"
#include "moving.h"
#include "waiting.h"

struct topology *topology_new(const struct core_options *options, struct step *step, struct causes *causes, const char **error)
{
	struct topology *topology = memory_new(sizeof *topology);
	*topology = (struct topology){ .options = options, .step = step, .causes = causes, .is_on = options->home_count > 0 };
	moves_init(&topology->moves);
	held_list_init(&topology->waiting);
	held_list_init(&topology->ready);
	held_list_init(&topology->done);
	*error = patterns_init(&topology->patterns, &causes->origins, options->homes, options->home_count);
	return topology;
}

void topology_free(struct topology *topology)
{
	topology_close(topology);
	waiting_free_done(topology);
	home_map_clear(&topology->map);
	moves_free(&topology->moves);
	patterns_free(&topology->patterns);
	for (unsigned i = 0; i < topology->arrived_count; i++)
		bytes_free(topology->arrived[i]);
	memory_free(topology->arrived);
	memory_free(topology->leaving);
	memory_free(topology);
}

void topology_begin_step(struct topology *topology)
{
	if (topology->done.first != NULL)
		waiting_free_done(topology);
}

void topology_close(struct topology *topology)
{
	leaving_end(topology);
	moving_lose_all(topology);
	waiting_refuse_all(topology, &topology->waiting, CORE_STORE_AWAY);
	waiting_refuse_all(topology, &topology->ready, CORE_STORE_AWAY);
	memset(topology->missed_ms, 0, sizeof topology->missed_ms);
	topology->missed_count = 0;
	topology->is_settled = topology->is_asking = topology->is_answer_due = false;
	for (unsigned i = 0; i < topology->arrived_count; i++)
		bytes_free(topology->arrived[i]);
	topology->arrived_count = 0;
}

/* The store has all that we announced before this incarnation, and has said so. (Later than is_recalled: what the own log brings back is applied after.) */
static bool is_caught_up(const struct causes *causes)
{
	return causes->is_gate_open && causes->is_recalled && causes_have_applied(causes, causes->origins.items[causes->self].before, true);
}

void topology_pump(struct topology *topology)
{
	if (!topology->is_on)
		return;
	if (!topology->is_settled && is_caught_up(topology->causes)) {
		topology->is_settled = true;
		held_list_move(&topology->waiting, &topology->ready);
	}
	missed_pump(topology);
	moving_pump(topology);
}

void topology_tick(struct topology *topology)
{
	if (!topology->is_on)
		return;
	moving_tick(topology);
	waiting_refuse_late(topology);
}

void topology_status(const struct topology *topology, struct core_status *status)
{
	memcpy(status->homes, topology->map.counts, sizeof status->homes);
	status->home_bytes = topology->map.bytes;
	status->homes_doubted_ms = topology->doubted_ms;
	for (unsigned dc = 1; dc < topology->causes->origins.dc_count; dc++) {
		status->peers[dc].dead_ms = missed_dead_ms(topology, dc);
		status->peers[dc].homes_doubt = topology->doubted_ms == 0 ? HOMES_AGREE :
			!topology->is_heard[dc] ? HOMES_UNHEARD :
			topology->heard_digests[dc] == topology->patterns.digest ? HOMES_AGREE : HOMES_DIFFER;
	}
}
