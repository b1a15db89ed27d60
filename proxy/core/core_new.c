/* Core, made: each room is given what it uses of the rooms below. core.c is what it does. */
#include "core_parts.h"

#include "proxy/core/causes/rooms.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/topology/homes.h"

#include <string.h>

static const char *options_check(const struct core_options *options)
{
	if (options->dc_count == 0 || options->dc_count > CORE_DCS_MAX)
		return "between 1 and 16 datacenters, this one included, can replicate: name fewer peers";
	for (unsigned i = 0; i < options->dc_count; i++)
		for (unsigned j = i + 1; j < options->dc_count; j++)
			if (strcmp(options->dcs[i], options->dcs[j]) == 0)
				return "two datacenters have the same name: rename one";
	if (options->reserved_db >= options->databases)
		return "the reserved database does not exist in the store: choose a smaller redis.database or raise the server's 'databases'";
	return NULL;
}

/* Each room is given what it uses of the rooms below. */
static void wire(struct core *core)
{
	const struct core_options *options = &core->options;
	struct step *step = &core->step;
	struct onlookers *onlookers = &core->onlookers;
	struct causes *causes = &core->causes;
	struct suspects *suspects = &core->suspects;
	struct groups *groups = &core->groups;
	struct books *books = &core->books;
	struct keyspace *keyspace = &core->keyspace;
	struct policies *policies = &core->policies;
	core->causes = (struct causes){ .step = step, .identity = { .heartbeat_ms = options->heartbeat_ms } };
	core->rereads = (struct rereads){ .step = step };
	core->suspects = (struct suspects){ .options = options, .step = step, .causes = causes, .keyspace = keyspace, .policies = policies };
	core->groups = (struct groups){
		.options = options, .step = step, .causes = causes, .suspects = suspects, .onlookers = onlookers, .keyspace = keyspace,
		.riders = { core, riders_add },
	};
	core->books = (struct books){
		.options = options,
		.step = step,
		.causes = causes,
		.suspects = suspects,
		.groups = groups,
		.keyspace = keyspace,
		.policies = policies,
	};
	core->outbox = (struct outbox){ .options = options, .step = step, .causes = causes, .books = books, .policies = policies };
}

/* The rooms whose state is their own. */
static void make_rooms(struct core *core)
{
	struct rooms rooms = {
		.options = &core->options,
		.step = &core->step,
		.policies = &core->policies,
		.keyspace = &core->keyspace,
		.conflicts = &core->conflicts,
		.onlookers = &core->onlookers,
		.causes = &core->causes,
		.topology = core->topology,
		.scripts = &core->scripts,
		.rereads = &core->rereads,
		.suspects = &core->suspects,
		.groups = &core->groups,
		.books = &core->books,
		.outbox = &core->outbox,
	};
	rooms.apply = core->apply = apply_new(&rooms);
	rooms.local = core->local = local_new(&rooms);
	rooms.asks = core->asks = asks_new(&rooms);
	rooms.remote = core->remote = remote_new(&rooms);
	core->recovery = recovery_new(&rooms);
}

static void copy_names(struct core *core, const struct core_options *options)
{
	core->dc_names = memory_new(options->dc_count * sizeof(char *));
	for (unsigned i = 0; i < options->dc_count; i++) {
		struct slice name = slice_of(options->dcs[i]);
		core->dc_names[i] = memory_new(name.len + 1);
		memcpy(core->dc_names[i], name.ptr, name.len);
	}
	core->causes.origins.dcs = (const char *const *)core->dc_names;
	core->causes.origins.dc_count = options->dc_count;
}

struct core *core_new(const struct core_options *options, const char **error)
{
	const char *homes_error;
	*error = options_check(options);
	if (*error != NULL)
		return NULL;
	struct core *core = memory_new(sizeof *core);
	core->options = *options;
	wire(core);
	copy_names(core, options);
	core->conflicts.arena = &core->step.seqs;
	core->conflicts.is_listing = options->is_listing_conflicts;
	step_init(&core->step);
	groups_init(&core->groups);
	outbox_init(&core->outbox);
	core->topology = topology_new(&core->options, &core->step, &core->causes, &homes_error);
	core->conflicts.user_of = homes_user_of;
	core->conflicts.user_context = core->topology;
	core->outbox.topology = core->books.topology = core->topology;
	core->topology->scripts = &core->scripts;
	core->scripts.bytes_max = core->scripts.libraries.bytes_max = options->scripts_bytes_max;
	make_rooms(core);
	core->outbox.local = core->local;
	core->conflicts.ids.tops = memory_new(sizeof *core->conflicts.ids.tops);
	core->conflicts.ids.bits = stream_ids_bits(options->dc_count);
	for (unsigned i = 1; i < options->dc_count; i++)
		core->conflicts.ids.place += strcmp(options->dcs[i], options->dcs[0]) < 0;
	core->policies.current = policy_set_new(&core->causes.origins, options->rules, options->rule_count, error);
	if (*error == NULL)
		*error = homes_error;
	if (*error == NULL)
		return core;
	core_free(core);
	return NULL;
}

void core_free(struct core *core)
{
	struct effects last = { 0 };
	if (core == NULL)
		return;
	step_begin(&core->step, &(struct event){ .type = EVENT_LOST }, &last);
	late_drop(core);
	recover_close(core->recovery);
	recovery_free(core->recovery);
	remote_free(core->remote);
	asks_free(core->asks);
	local_free(core->local);
	outbox_free(&core->outbox);
	apply_free(core->apply);
	books_free(&core->books);
	groups_free(&core->groups);
	episodes_close(&core->keyspace);
	keyspace_free(&core->keyspace);
	memory_free(core->conflicts.roundings);
	memory_free(core->conflicts.ids.tops);
	policies_free(&core->policies);
	suspects_drop(&core->suspects);
	memory_free(core->suspects.items);
	rereads_clear(&core->rereads);
	origins_free(&core->causes.origins);
	memory_free(core->causes.positions);
	topology_free(core->topology);
	scripts_free(&core->scripts);
	libraries_free(&core->scripts.libraries);
	effects_free(&last);
	step_free(&core->step);
	for (unsigned i = 0; i < core->options.dc_count; i++)
		memory_free(core->dc_names[i]);
	memory_free(core->dc_names);
	memory_free(core);
}
