/* Stories of limits: what is at its limit drains by itself once all are up and reach each other. */
#include "story.h"

#include <stdio.h>
#include <string.h>

#define VALUE_BYTES_MAX 9000

static void say_value(struct story *story, unsigned dc, const char *key, unsigned bytes)
{
	char command[VALUE_BYTES_MAX + 64];
	int len = snprintf(command, sizeof(command), "SET %s ", key);

	memset(command + len, 'x', bytes);
	command[len + (int)bytes] = '\0';
	story_say(story, dc, command);
}

static void expect_value_everywhere(struct story *story, const char *key, unsigned bytes)
{
	char value[VALUE_BYTES_MAX + 1];

	memset(value, 'x', bytes);
	value[bytes] = '\0';
	story_expect_everywhere(story, key, value);
}

static void restart(struct story *story, unsigned dc)
{
	sidecar_crash(story->world, &story->world->dcs[dc]);
	sidecar_start(story->world, &story->world->dcs[dc]);
}

/* Nobody hears of anybody, and AMS and BOM write more than a log may hold. */
static void fill_logs_apart(struct story *story)
{
	story_part(story, AMS, BOM);
	story_part(story, AMS, CPT);
	story_part(story, BOM, CPT);
	for (unsigned i = 0; i < 12; i++) {
		say_value(story, AMS, "l:k", 600);
		say_value(story, BOM, "l:other", 700);
	}
	story_wait(story, 1000);
}

static void rejoin_all(struct story *story)
{
	story_rejoin(story, AMS, BOM);
	story_rejoin(story, AMS, CPT);
	story_rejoin(story, BOM, CPT);
}

/* Each log is full of what others lack; then reading alone makes room, for a message larger than the limit, too. */
void full_logs_drain_once_they_are_read(struct story *story)
{
	story->world->plan.limits.log_bytes = 3000;
	fill_logs_apart(story);
	story_check(story, story->world->dcs[AMS].limit.is_full && story->world->dcs[BOM].limit.is_full, "both logs are full");
	rejoin_all(story);
	story_wait(story, 3000);
	expect_value_everywhere(story, "l:k", 600);
	expect_value_everywhere(story, "l:other", 700);
	say_value(story, AMS, "l:k", VALUE_BYTES_MAX);
	say_value(story, BOM, "l:other", VALUE_BYTES_MAX);
	story_wait(story, 3000);
	expect_value_everywhere(story, "l:k", VALUE_BYTES_MAX);
	expect_value_everywhere(story, "l:other", VALUE_BYTES_MAX);
}

/* Both logs are full, and neither inbox has room for what the other log holds. Neither datacenter has read its own log to the hello of its start: a full
 * log takes that hello. */
void full_logs_drain_after_a_restart(struct story *story)
{
	const struct dc *dcs = story->world->dcs;

	story->world->plan.limits.log_bytes = 3000;
	story->world->plan.limits.inbox_bytes = 500;
	fill_logs_apart(story);
	restart(story, AMS);
	restart(story, BOM);
	story_check(story, dcs[AMS].limit.is_full && dcs[BOM].limit.is_full, "both logs are full when the sidecars start");
	story_wait(story, 1000);
	story_check(story, !core_status(dcs[AMS].core)->is_recalling, "the own log was read to its end, although it is full");
	story_say(story, AMS, "SET l:more 1");
	story_wait(story, 1000);
	fault_strike_at(story->world, &story->world->dcs[AMS], FAULT_CONNECTION_LOSS);
	story_wait(story, 1000);
	story_check(story, !core_status(dcs[AMS].core)->is_recalling, "nor does a new connection to the store wait for room");
	rejoin_all(story);
	story_wait(story, 5000);
	expect_value_everywhere(story, "l:k", 600);
	expect_value_everywhere(story, "l:other", 700);
	story_expect_everywhere(story, "l:more", "1");
}

/* A store that came back empty reads more of its own log than the inbox may hold, before it may apply any of it. */
void own_log_is_read_to_its_end_however_small_the_inbox(struct story *story)
{
	story->world->plan.limits.inbox_bytes = 500;
	for (unsigned i = 0; i < 6; i++)
		say_value(story, AMS, "l:k", 300);
	story_say(story, AMS, "INCRBY l:n 7");
	story_wait(story, 1000);
	story_restore(story, AMS, 0);
	story_wait(story, 2000);
	expect_value_everywhere(story, "l:k", 300);
	story_expect_everywhere(story, "l:n", "7");
}

/* At the limit of metadata writes are refused, but not what ends the conflicts that take it. */
void open_conflict_is_decided_at_the_limit_of_metadata(struct story *story)
{
	story_part(story, AMS, BOM);
	story_say(story, AMS, "SET r:k 1");
	story_say(story, BOM, "SET r:k 2");
	story_wait(story, 100);
	story->world->plan.limits.metadata_bytes = 1;
	restart(story, AMS);
	story_rejoin(story, AMS, BOM);
	story_wait(story, 2000);
	story_check(story, core_status(story->world->dcs[AMS].core)->open_conflicts == 1, "the conflict is open");
	story_check(story, requests_find(&story->world->requests, story_exec(story, AMS, "SET l:k v"))->state == REQUEST_REFUSED, "a write is refused");
	story_ask(story, AMS, VERB_SET, "r:k", "3", story_ask(story, AMS, VERB_GET, "r:k", "", 0));
	story_wait(story, 2000);
	story_check(story, core_status(story->world->dcs[AMS].core)->open_conflicts == 0, "the conflict is decided");
	story_expect_everywhere(story, "r:k", "3");
}

/* A client empties a store that takes nothing new. */
void full_store_can_be_emptied(struct story *story)
{
	struct dc *dc = &story->world->dcs[AMS];
	uint64_t refused;

	story_say(story, AMS, "SET l:a v");
	story_say(story, AMS, "SADD m:s x y");
	story_wait(story, 500);
	dc->memory_max = 1;
	refused = story_exec(story, AMS, "SET l:b v");
	story_say(story, AMS, "DEL l:a");
	story_say(story, AMS, "SET l:c v");
	story_say(story, AMS, "SPOP m:s");
	story_say(story, AMS, "SPOP m:s");
	story_wait(story, 500);
	story_expect_everywhere(story, "l:a", NULL);
	story_expect_everywhere(story, "l:c", NULL);
	story_expect_everywhere(story, "m:s", NULL);
	story_check(story, requests_find(&story->world->requests, refused)->state == REQUEST_REFUSED, "a write is refused");
	story_check(story, core_status(dc->core)->outbox_events == 0, "the outbox is empty");
}

/* What a peer removes is applied in a full store. What it adds waits, without a new connection, until there is memory. */
void full_store_takes_what_removes_and_lets_the_rest_wait(struct story *story)
{
	struct dc *dc = &story->world->dcs[BOM];
	unsigned connection = dc->connection;

	story_say(story, AMS, "SET l:a v");
	story_say(story, AMS, "SET l:b v");
	story_wait(story, 500);
	dc->memory_max = 1;
	story_say(story, CPT, "SET l:beyond v");
	story_wait(story, 300);
	story_say(story, AMS, "DEL l:a");
	story_say(story, CPT, "SET l:waits v");
	story_wait(story, 3000);
	story_say(story, BOM, "DEL l:b");
	story_wait(story, 300);
	story_expect_everywhere(story, "l:a", NULL);
	story_expect_everywhere(story, "l:b", NULL);
	story_expect(story, AMS, "l:waits", "v");
	story_expect(story, BOM, "l:waits", NULL);
	story_check(story, core_status(dc->core)->refused_since_ms != 0, "it says that remote writes wait");
	dc->memory_max = 0;
	story_wait(story, 4000);
	story_expect_everywhere(story, "l:waits", "v");
	story_expect_everywhere(story, "l:beyond", "v");
	story_check(story, core_status(dc->core)->refused_since_ms == 0, "no more");
	story_check(story, dc->connection == connection, "the connection to the store has stayed");
}
