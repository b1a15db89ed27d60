#include "full_store.h"

#include <string.h>

static const char out_of_memory[] = "OOM command not allowed when used memory > 'maxmemory'.";

/* As Redis, it looks at its memory before it runs something, not after. */
const char *full_store_refusal(struct dc *dc, const struct lane_group *group)
{
	if (dc->refusals > 0) {
		dc->refusals--;
		return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.";
	}
	if (dc->memory_max > 0 && !group->is_for_full && sim_store_bytes(dc->store, true) > dc->memory_max)
		return out_of_memory;
	return NULL;
}

uint64_t full_store_bytes(const struct dc *dc)
{
	return dc->memory_max > 0 ? sim_store_bytes(dc->store, false) : 0;
}

static bool was_refused(const struct dc *dc, const struct lane_group *group)
{
	for (unsigned i = 0; i < REFUSED_KEPT; i++)
		if (dc->refused_ids[i] == group->id)
			return true;
	return false;
}

/* A group that was refused may take the store beyond its limit, but the next that would grow has to wait until it takes transactions again. (What only
 * removes may grow, too: it shows what had been hidden.) */
void full_store_judge(struct world *world, struct dc *dc, const struct lane_group *group, uint64_t before)
{
	bool is_refused = was_refused(dc, group);
	bool is_grown = dc->memory_max > 0 && is_refused && sim_store_bytes(dc->store, false) > before &&
	                sim_store_bytes(dc->store, true) > dc->memory_max;

	if (!group->is_for_full) {
		dc->is_beyond = false;
		return;
	}
	if (group->slot_count == 0 && !is_refused && dc->is_adding && !dc->is_removing)
		auditor_find(world->auditor, "dc %u: group %llu only adds, and passes by the store's limit of memory", dc->index, (unsigned long long)group->id);
	if (is_grown && dc->is_beyond)
		auditor_find(world->auditor, "dc %u: the store is full, and with group %llu remote writes go on filling it, from %llu to %llu bytes", dc->index,
		             (unsigned long long)group->id, (unsigned long long)before, (unsigned long long)sim_store_bytes(dc->store, false));
	dc->is_beyond = dc->is_beyond || is_grown;
}

/* The one script that the core sends edits a stream: EVAL text 1 key, and then what is added (A), removed (D) and trimmed (T). */
static bool is_edit(const struct sim_executed *executed)
{
	return executed->argc > 4 && slice_equal(executed->argv[0], SLICE("EVAL"));
}

/* Beside a client's command a script may tell groups, or run one of theirs: EVAL text 1 key command. */
static bool grows(const struct sim_executed *executed)
{
	bool is_of_groups = slice_equal(executed->argv[0], SLICE("EVAL")) && memmem(executed->argv[1].ptr, executed->argv[1].len, "local told", 10) != NULL;

	if (!is_of_groups)
		return sim_command_is_growing(executed->argv[0]);
	return executed->argc > 5 && (sim_command_is_growing(executed->argv[4]) && !slice_equal(executed->argv[4], SLICE("XREADGROUP")) && !slice_equal(executed->argv[4], SLICE("XGROUP")));
}

static bool has_word(const struct sim_executed *executed, const char *word)
{
	for (unsigned i = 4; i < executed->argc; i++)
		if (slice_equal(executed->argv[i], slice_of(word)))
			return true;
	return false;
}

static bool is_removing(const struct sim_executed *executed)
{
	return is_edit(executed) ? has_word(executed, "D") || has_word(executed, "T") : !sim_command_is_growing(executed->argv[0]);
}

/* Under other rules what removes may show what had been hidden. */
static bool is_lww(const struct sim_executed *executed)
{
	unsigned at = is_edit(executed) ? 3 : 1;

	return executed->argc > at && executed->argv[at].len > 0 && executed->argv[at].ptr[0] == 'l';
}

void full_store_judge_command(struct world *world, struct dc *dc, const struct sim_executed *executed)
{
	const struct lane_group *group = dc->running;

	if (slice_equal(executed->argv[0], SLICE("EVAL")) && executed->argc <= 4)
		return;
	if (executed->db != SIM_RESERVED_DB && executed->is_write) {
		dc->is_adding = dc->is_adding || (!is_removing(executed) && is_lww(executed));
		dc->is_removing = dc->is_removing || is_removing(executed);
	}
	if (group->is_for_full && group->slot_count > 0 && executed->db != SIM_RESERVED_DB && grows(executed))
		auditor_find(world->auditor, "dc %u: a client's %s passes by the store's limit of memory", dc->index,
		             trace_command(executed->argc, executed->argv));
}

/* Would Redis itself take all of it when it is full? */
static bool is_free(const struct client_request *request)
{
	for (unsigned i = 0; i < request->count; i++)
		if (sim_command_is_growing(request->commands[i].argv[0]))
			return false;
	return !request->is_ask;
}

void full_store_judge_refusal(struct world *world, const struct dc *dc, const struct client_request *request, struct slice error)
{
	bool is_full = error.len >= sizeof(out_of_memory) - 1 && memcmp(error.ptr, out_of_memory, sizeof(out_of_memory) - 1) == 0;

	world->limits_met.full_stores += is_full;
	if (is_full && is_free(request))
		auditor_find(world->auditor, "dc %u: request %llu, which a full store takes, is refused", dc->index, (unsigned long long)request->token);
}
