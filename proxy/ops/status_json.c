/* Status JSON (see status_json.h). */
#include "status_json.h"

#include "config/value.h"
#include "ready.h"

#include <jansson.h>

static json_t *describe_id(const struct sidecar_status *status, unsigned dc);
static json_t *describe_store(const struct sidecar_status *status);
static json_t *describe_core(const struct sidecar_status *status);
static json_t *describe_conflicts(const struct core_status *core);
static json_t *describe_homes(const struct sidecar_status *status);
static json_t *describe_logs(const struct sidecar_status *status);
static json_t *describe_peers(const struct sidecar_status *status, const struct moment *now);
static json_t *describe_peer(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now);
static json_t *describe_findings(const struct sidecar_status *status, const struct moment *now, enum finding_weight *gravest);
static void set_count(json_t *object, const char *name, uint64_t count);
static void set_age(json_t *object, const char *name, uint64_t then_ms, const struct moment *now);

void status_write_json(const struct sidecar_status *status, const struct moment *now, struct buffer *out)
{
	json_t *root = json_object();
	enum finding_weight gravest;
	json_t *findings = describe_findings(status, now, &gravest);

	json_object_set_new(root, "dc", json_string(status->dcs[0]));
	json_object_set_new(root, "id", describe_id(status, 0));
	json_object_set_new(root, "version", json_string(PACKAGE_VERSION));
	set_count(root, "now_ms", now->unix_ms);
	set_count(root, "started_ms", status->started.unix_ms);
	json_object_set_new(root, "is_ready", json_boolean(gravest < FINDING_BROKEN));
	json_object_set_new(root, "findings", findings);
	json_object_set_new(root, "store", describe_store(status));
	json_object_set_new(root, "core", describe_core(status));
	json_object_set_new(root, "homes", describe_homes(status));
	json_object_set_new(root, "logs", describe_logs(status));
	json_object_set_new(root, "peers", describe_peers(status, now));
	set_count(root, "clients", status->counters.clients);
	char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));

	json_decref(root);
	if (text == NULL)
		return;
	buffer_add_text(out, text);
	buffer_add_byte(out, '\n');
	free(text);
}

/* null: not known yet. */
static json_t *describe_id(const struct sidecar_status *status, unsigned dc)
{
	const char *id = status->core == NULL ? "" : core_status(status->core)->peers[dc].id;

	return id[0] == '\0' ? json_null() : json_string(id);
}

static json_t *describe_store(const struct sidecar_status *status)
{
	json_t *object = json_object();
	bool is_open = status->store != NULL && store_is_open(status->store);

	json_object_set_new(object, "is_open", json_boolean(is_open));
	if (!is_open)
		return object;
	const struct store_facts *facts = store_facts(status->store);

	json_object_set_new(object, "version", json_string(facts->version));
	json_object_set_new(object, "is_aof_on", json_boolean(facts->is_aof_on));
	json_object_set_new(object, "is_noeviction", json_boolean(facts->is_noeviction));
	json_object_set_new(object, "is_notifying", json_boolean(facts->is_notifying));
	set_count(object, "maxmemory_bytes", facts->maxmemory);
	set_count(object, "evicted_keys", facts->evicted_keys);
	return object;
}

static json_t *describe_core(const struct sidecar_status *status)
{
	json_t *object = json_object();

	if (status->core == NULL)
		return object;
	const struct core_status *core = core_status(status->core);

	json_object_set_new(object, "is_recalling", json_boolean(core->is_recalling));
	set_count(object, "incarnation", core->incarnation);
	set_count(object, "seq", core->seq);
	/* In hexadecimal, since many readers of JSON lose bits of a number as large as this. */
	json_object_set_new(object, "hlc", json_sprintf("%016llx", (unsigned long long)core->hlc));
	json_object_set_new(object, "rules_digest", json_sprintf("%016llx", (unsigned long long)core->rules_digest));
	set_count(object, "local_writes", core->local_writes);
	set_count(object, "void_writes", core->void_writes);
	set_count(object, "refused_writes", core->refused_writes);
	set_count(object, "groups_unanswered", core->groups_unanswered);
	set_count(object, "outbox_events", core->outbox_events);
	set_count(object, "outbox_bytes", core->outbox_bytes);
	set_count(object, "unstable_keys", core->unstable_keys);
	set_count(object, "unstable_elements", core->unstable_elements);
	set_count(object, "metadata_bytes", core->metadata_bytes);
	set_count(object, "open_conflicts", core->open_conflicts);
	set_count(object, "episodes", core->episodes);
	json_object_set_new(object, "conflicts", describe_conflicts(core));
	return object;
}

/* Where clients connect to, as it is configured here. */
static json_t *describe_addresses(const struct sidecar_status *status)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < status->dc_count; i++) {
		const struct settings_address *place = i == 0 ? &status->settings->listen : &status->settings->peers[i - 1].address;
		struct buffer address = { 0 };

		if (place->host != NULL)
			value_add_address(&address, place);
		json_object_set_new(object, status->dcs[i], address.len > 0 ? json_stringn(address.ptr, address.len) : json_null());
		buffer_free(&address);
	}
	return object;
}

/* Users who were moved, by where they live; what is under way. */
static json_t *describe_homes(const struct sidecar_status *status)
{
	json_t *object = json_object(), *users = json_object();

	if (status->core != NULL) {
		const struct core_status *core = core_status(status->core);

		for (unsigned i = 0; i < status->dc_count; i++)
			set_count(users, status->dcs[i], core->homes[i]);
		set_count(object, "moves", core->moves);
		set_count(object, "held_writes", core->held_writes);
		set_count(object, "held_bytes", core->held_bytes);
		json_object_set_new(object, "is_in_doubt", json_boolean(core->homes_doubted_ms != 0));
	}
	set_count(object, "forwarded_bytes", status->counters.forwarded_bytes);
	json_object_set_new(object, "is_isolated", json_boolean(status->isolation.id != 0));
	json_object_set_new(object, "users", users);
	json_object_set_new(object, "addresses", describe_addresses(status));
	return object;
}

/* Only kinds of conflicts that have happened. */
static json_t *describe_conflicts(const struct core_status *core)
{
	json_t *list = json_array();

	for (unsigned rule = 0; core_rule_text(rule) != NULL; rule++)
		for (unsigned kind = 0; core_kind_text(kind) != NULL; kind++)
			for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
				uint64_t count = core->conflicts[rule][kind][outcome];

				if (count == 0)
					continue;
				json_t *object = json_object();

				json_object_set_new(object, "rule", json_string(core_rule_text(rule)));
				json_object_set_new(object, "type", json_string(core_kind_text(kind)));
				json_object_set_new(object, "outcome", json_string(outcome_text(outcome)));
				set_count(object, "count", count);
				json_array_append_new(list, object);
			}
	return list;
}

static json_t *describe_logs(const struct sidecar_status *status)
{
	json_t *logs = json_object();

	for (unsigned i = 0; i < status->dc_count; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "is_connected", json_boolean(status->logs[i].is_connected));
		json_object_set_new(object, "text", json_string(status->logs[i].text));
		json_object_set_new(logs, status->dcs[i], object);
	}
	return logs;
}

static json_t *describe_peers(const struct sidecar_status *status, const struct moment *now)
{
	json_t *peers = json_object();

	if (status->core == NULL)
		return peers;
	const struct core_status *core = core_status(status->core);

	for (unsigned i = 1; i < core->peer_count; i++) {
		json_t *object = describe_peer(status, &core->peers[i], now);

		json_object_set_new(object, "id", describe_id(status, i));
		json_object_set_new(peers, status->dcs[i], object);
	}
	return peers;
}

static json_t *describe_peer(const struct sidecar_status *status, const struct core_peer_status *peer, const struct moment *now)
{
	int64_t lag = status_lag_events(status, peer, now);
	json_t *object = json_object();

	json_object_set_new(object, "state", json_string(peer_state_text(peer->state)));
	int64_t staleness_ms = status_staleness_ms(peer, now);

	json_object_set_new(object, "staleness_ms", staleness_ms < 0 ? json_null() : json_integer(staleness_ms));
	set_age(object, "heartbeat_age_ms", peer->heard_ms, now);
	set_count(object, "dead_in_ms", peer->dead_ms > now->steady_ms ? peer->dead_ms - now->steady_ms : 0);
	/* null: unknown. */
	json_object_set_new(object, "lag_events", lag < 0 ? json_null() : json_integer(lag));
	set_count(object, "owed_events", peer->owed_events);
	set_count(object, "applied_seq", peer->applied_seq);
	set_count(object, "applied_events", peer->applied_events);
	set_count(object, "duplicate_events", peer->duplicate_events);
	set_count(object, "gaps", peer->gaps);
	set_count(object, "held_events", peer->held_events);
	set_count(object, "held_bytes", peer->held_bytes);
	json_object_set_new(object, "log_position", json_integer(peer->log_position));
	bool is_compared = clock_span_is_known(&peer->clock_ahead);

	/* null: not known yet. */
	json_object_set_new(object, "clock_offset_ms", is_compared ? json_integer(clock_span_middle(&peer->clock_ahead)) : json_null());
	json_object_set_new(object, "clock_error_ms", is_compared ? json_integer(clock_span_error(&peer->clock_ahead)) : json_null());
	json_object_set_new(object, "rules_differ", json_boolean(peer->rules_differ));
	return object;
}

static void list_finding(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text)
{
	json_t *object = json_object();

	json_object_set_new(object, "weight", json_string(finding_weight_text(weight)));
	json_object_set_new(object, "check", json_string(check));
	json_object_set_new(object, "dc", dc != NULL ? json_string(dc) : json_null());
	json_object_set_new(object, "text", json_string(text));
	json_array_append_new(context, object);
}

static json_t *describe_findings(const struct sidecar_status *status, const struct moment *now, enum finding_weight *gravest)
{
	json_t *list = json_array();

	*gravest = readiness_check(status, now, list_finding, list);
	return list;
}

static void set_count(json_t *object, const char *name, uint64_t count)
{
	json_object_set_new(object, name, json_integer((json_int_t)count));
}

/* null: it has never happened. */
static void set_age(json_t *object, const char *name, uint64_t then_ms, const struct moment *now)
{
	json_t *age = then_ms == 0 ? json_null() : json_integer(then_ms > now->steady_ms ? 0 : (json_int_t)(now->steady_ms - then_ms));

	json_object_set_new(object, name, age);
}
