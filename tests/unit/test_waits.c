/* Facts about waits: each row of waits.def is brought about, and is found as the row says, before its bound and after it. */
#include "proxy/ops/ready.h"
#include "proxy/ops/waits.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_waits(void);

#define NOW_MS UINT64_C(1000000000)
#define US 1                         /* the peer that something is the matter with */

/* A sidecar where all is well, but for the store, which no test here has. */
struct scene {
	struct settings settings;
	struct sidecar_status status;
	struct core_status core;
	uint64_t since_ms;           /* how long the wait has lasted */
	bool is_past;                /* longer than its bound */
};

struct seen {
	const char *check;
	enum finding_weight weight;
	char text[600];
};

static const struct moment now = { NOW_MS, NOW_MS };
static const char *const dcs[] = { "eu", "us", "ap" };
static char host[] = "redis.example";

static void scene_make(struct scene *scene, const struct wait_row *row, bool is_past)
{
	*scene = (struct scene){
		.settings = {
			.redis_address = { .host = host, .port = 6379 }, .alarms_heartbeat_age_ms = 1000, .alarms_staleness_ms = 2000, .alarms_waiting_ms = 3000,
			.limits_outbox_bytes = 1000, .limits_metadata_bytes = 1000, .clock_drift_ms = 500,
		},
		.core = { .peer_count = 3, .is_open = true, .recovery = "whole" },
		.is_past = is_past,
	};
	const uint64_t bounds[BOUND_COUNT] = { [BOUND_HEARTBEAT_AGE] = 1000, [BOUND_STALENESS] = 2000, [BOUND_WAITING] = 3000 };
	scene->since_ms = NOW_MS - bounds[row->bound] - is_past;
	scene->status = (struct sidecar_status){ .settings = &scene->settings, .dcs = dcs, .dc_count = 3, .started = now };
	for (unsigned i = 0; i < 3; i++) {
		scene->status.logs[i].is_connected = true;
		scene->core.peers[i] = (struct core_peer_status){ .state = PEER_FOLLOWING, .heard_ms = NOW_MS, .was_heard = true, .fresh_at_ms = NOW_MS,
			.ordered_at_ms = NOW_MS, .listening_since_ms = 1 };
	}
}

static void recalls(struct scene *scene, const char *state)
{
	scene->core.is_recalling = true;
	scene->core.recovery = state;
	scene->core.recalling_since_ms = scene->since_ms;
}

static void refuses(struct scene *scene)
{
	scene->core.refused_since_ms = scene->since_ms;
	strcpy(scene->core.refusal, "OOM command not allowed");
}

static void waits_in(struct scene *scene, enum peer_state state)
{
	struct core_peer_status *peer = &scene->core.peers[US];
	peer->state = state;
	peer->waiting_since_ms = scene->since_ms;
	peer->waiting_for = 2;
	peer->why = "its log was cut";
	peer->newest.incarnation = 17;
	peer->newest.seq = 42;
}

/* WORDS: what its text must say. */
static void bring_about(struct scene *scene, enum wait wait, const char **words)
{
	struct core_status *core = &scene->core;
	switch (wait) {
	case WAIT_STORE_AWAY: *words = "redis.example:6379 is not connected"; break;
	case WAIT_UNREADABLE: core->trouble = CORE_TROUBLE_UNREADABLE; *words = "start the version that wrote it"; break;
	case WAIT_INCARNATIONS:
		core->trouble = CORE_TROUBLE_INCARNATIONS;
		core->incarnations = CORE_INCARNATIONS_KNOWN_MAX;
		*words = "than can be told apart";
		break;
	case WAIT_TORN:
		core->trouble = CORE_TROUBLE_TORN;
		core->recovery = "torn";
		core->lost_parts = 1u << PART_POSITIONS;
		*words = "(homeport:positions), so nobody can tell whether its data is right";
		break;
	case WAIT_RIVAL: core->rival_ms = 1; *words = CORE_TROUBLE_RIVAL + strlen("HOMEPORT "); break;
	case WAIT_READING: recalls(scene, "reading"); core->peers[0].is_recall_due = true; *words = "the own log was read to its end"; break;
	case WAIT_STOPPED: core->peers[0].state = PEER_NEEDS_RESYNC; core->peers[0].why = "our own log was lost"; *words = "our own log was lost"; break;
	case WAIT_SETTLING: recalls(scene, "settling"); *words = "has said what became of the last local writes (settling)"; break;
	case WAIT_REFUSED: recalls(scene, "refused"); refuses(scene); *words = "raise maxmemory"; break;
	case WAIT_RECALLING: recalls(scene, "recalling"); core->peers[2].is_recall_due = true; *words = "until the log of ap was read back"; break;
	case WAIT_STORE_REFUSING: refuses(scene); *words = "refuses the writes of other datacenters"; break;
	case WAIT_HELD: waits_in(scene, PEER_HELD); *words = "waits for writes of ap"; break;
	case WAIT_QUARANTINED: waits_in(scene, PEER_QUARANTINED); *words = "set its clock"; break;
	case WAIT_UNDECODABLE: waits_in(scene, PEER_UNDECODABLE); *words = "upgrade this sidecar"; break;
	case WAIT_FOREIGN: waits_in(scene, PEER_FOREIGN); strcpy(core->peers[US].foreign_dc, "ap"); *words = "correct peers.us.log"; break;
	case WAIT_NEEDS_RESYNC: waits_in(scene, PEER_NEEDS_RESYNC); *words = "its log was cut. The last write of it that is here is us/17/42"; break;
	case WAIT_PAUSED: waits_in(scene, PEER_HELD); core->peers[US].is_paused = true; *words = "limits.inbox is reached"; break;
	case WAIT_SILENT: core->peers[US].heard_ms = scene->since_ms; *words = "nothing was heard from it"; break;
	case WAIT_UNHEARD: core->peers[US].unheard_since_ms = scene->since_ms; *words = "has heard nothing from here"; break;
	case WAIT_STALE: core->peers[US].fresh_at_ms = scene->since_ms; *words = "may not be visible here"; break;
	case WAIT_ORDER: core->is_ordering = true; core->peers[US].ordered_at_ms = scene->since_ms; *words = "take `stream: ordered` out of the rules"; break;
	case WAIT_LOG_AWAY: scene->status.logs[US].is_connected = false; *words = "this log cannot be read"; break;
	case WAIT_LOG_FULL:
		scene->status.logs[0].is_connected = false;
		strcpy(scene->status.logs[0].text, "at its size limit");
		*words = "at its size limit";
		break;
	case WAIT_OUTBOX: core->outbox_bytes = scene->is_past ? 1000 : 850; *words = "limits.outbox"; break;
	case WAIT_METADATA: core->metadata_bytes = scene->is_past ? 1000 : 850; *words = "limits.metadata"; break;
	case WAIT_HOMES_DIFFER: core->homes_doubted_ms = scene->since_ms; *words = "make `homes` equal in all datacenters"; break;
	case WAIT_ISOLATED: scene->status.isolation = (struct isolation_status){ .id = 1, .until_ms = NOW_MS + 9000, .by = "a test" }; *words = "(by a test): clients are refused, and nothing goes to others"; break;
	case WAIT_DRAINING: scene->status.is_draining = true; *words = "a stop is under way"; break;
	case WAIT_COUNT: break;
	}
}

static void note(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text)
{
	struct seen *seen = context;
	(void)dc;
	if (strcmp(check, seen->check) != 0)
		return;
	seen->weight = weight;
	snprintf(seen->text, sizeof seen->text, "%s", text);
}

static void expect(enum wait wait, bool is_past)
{
	const struct wait_row *row = wait_row(wait);
	enum finding_weight expected = is_past ? row->after : row->before;
	struct seen seen = { .check = row->finding };
	struct scene scene;
	const char *words = "";
	scene_make(&scene, row, is_past);
	bring_about(&scene, wait, &words);
	enum finding_weight gravest = readiness_find(&scene.status, &scene.core, &now, note, &seen);
	bool is_found = seen.weight == expected && (expected == FINDING_NONE || strstr(seen.text, words) != NULL);
	if (!is_found)
		printf("\n    %s, %s its bound: %s, not %s: \"%s\"\n", row->state, is_past ? "after" : "before", finding_weight_text(seen.weight),
		       finding_weight_text(expected), seen.text);
	CU_ASSERT(is_found);
	CU_ASSERT(gravest >= expected);
}

static void each_is_found_as_its_row_says(void)
{
	for (unsigned wait = 0; wait < WAIT_COUNT; wait++) {
		expect((enum wait)wait, false);
		expect((enum wait)wait, true);
	}
}

static void where_nothing_waits_nothing_is_found(void)
{
	for (unsigned wait = 0; wait < WAIT_COUNT; wait++) {
		struct seen seen = { .check = wait_row((enum wait)wait)->finding };
		struct scene scene;
		scene_make(&scene, wait_row((enum wait)wait), true);
		readiness_find(&scene.status, &scene.core, &now, note, &seen);
		CU_ASSERT(seen.weight == FINDING_NONE || wait == WAIT_STORE_AWAY);
	}
}

/* A full inbox may pause a log before anything was tried with what it holds, as while Redis is away. */
static void a_log_that_has_just_paused_has_not_waited_for_days(void)
{
	struct seen seen = { .check = wait_row(WAIT_PAUSED)->finding };
	struct scene scene;
	scene_make(&scene, wait_row(WAIT_PAUSED), true);
	scene.core.peers[US].is_paused = true;
	readiness_find(&scene.status, &scene.core, &now, note, &seen);
	CU_ASSERT_EQUAL(seen.weight, FINDING_NONE);
}

static void while_our_own_store_is_away_no_peer_is_accused(void)
{
	static const enum wait waits[] = { WAIT_SILENT, WAIT_UNHEARD, WAIT_STALE };
	for (unsigned i = 0; i < 3; i++) {
		struct seen seen = { .check = wait_row(waits[i])->finding };
		struct scene scene;
		const char *words = "";
		scene_make(&scene, wait_row(waits[i]), true);
		bring_about(&scene, waits[i], &words);
		scene.core.is_open = false;
		scene.core.peers[US].listening_since_ms = 0;
		readiness_find(&scene.status, &scene.core, &now, note, &seen);
		CU_ASSERT_EQUAL(seen.weight, FINDING_NONE);
		scene.core.is_open = true;
		scene.core.peers[US].listening_since_ms = NOW_MS;
		readiness_find(&scene.status, &scene.core, &now, note, &seen);
		CU_ASSERT(waits[i] != WAIT_SILENT || seen.weight == FINDING_NONE);
	}
}

/* Its own writes are gone, and what others made with them in mind cannot be applied. */
static void writes_that_wait_for_lost_ones_of_this_datacenter_say_so(void)
{
	struct seen seen = { .check = "held" };
	struct scene scene;
	scene_make(&scene, wait_row(WAIT_HELD), true);
	waits_in(&scene, PEER_HELD);
	scene.core.peers[US].waiting_for = 0;
	CU_ASSERT(readiness_find(&scene.status, &scene.core, &now, note, &seen) >= FINDING_BROKEN);
	CU_ASSERT(strstr(seen.text, "that its Redis and its log no longer have") != NULL);
}

void suite_waits(void)
{
	CU_pSuite suite = CU_add_suite("waits", NULL, NULL);
	CU_ADD_TEST(suite, each_is_found_as_its_row_says);
	CU_ADD_TEST(suite, where_nothing_waits_nothing_is_found);
	CU_ADD_TEST(suite, a_log_that_has_just_paused_has_not_waited_for_days);
	CU_ADD_TEST(suite, while_our_own_store_is_away_no_peer_is_accused);
	CU_ADD_TEST(suite, writes_that_wait_for_lost_ones_of_this_datacenter_say_so);
}
