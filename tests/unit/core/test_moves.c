/* Facts about requests of users with homes, and about users who move: datacenter a, whose peers' logs are played here. */
#include <CUnit/CUnit.h>
#include <stdio.h>

#include "peers.h"
#include "proxy/core/topology/patterns.h"
#include "proxy/core/wire/envelope.h"

void suite_moves(void);

static const struct core_home_default list[] = { { "b*", "b", 0 }, { "c*", "c", 0 }, { "*", "a", 0 } };
static const struct core_home homes[] = {
	{ .match = "user:{id}:*", .away = HOME_REDIRECT, .defaults = list, .default_count = 3 },
	{ .match = "lax:{id}", .name = "lax", .away = HOME_ACCEPT, .defaults = list, .default_count = 3 },
	{ .match = "far:{id}", .name = "far", .away = HOME_FORWARD, .is_mixed_accepted = true, .defaults = list, .default_count = 3 },
	{ .match = "jobs:{id}", .name = "jobs", .away = HOME_ACCEPT, .is_pop_home = true, .is_mixed_accepted = true, .defaults = list, .default_count = 3 },
	{ .match = "no:{id}", .name = "no", .away = HOME_REFUSE, .is_read_home = true, .defaults = list, .default_count = 3 },
	{ .match = "new:{id}", .name = "new", .away = HOME_REDIRECT, .is_first = true },
};

struct play { struct stage stage; struct buffer heard; uint64_t incarnation; };

static void tell_heartbeat(struct play *play, unsigned dc, uint64_t seen)
{
	struct position context[] = { { SLICE("a"), play->incarnation, seen, false } };
	struct batch batch = {
		.dc = dc == PEER_B ? SLICE("b") : SLICE("c"), .incarnation = 1, .first_seq = 1, .hlc = play->stage.now_ms << 16, .context = context, .context_count = seen > 0,
	};
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &batch);
	peers_tell_bytes(&play->stage, dc, buffer_slice(&bytes));
	buffer_free(&bytes);
}

static uint64_t own_digest(void)
{
	static const char *const dcs[] = { "a", "b", "c" };
	const struct origins origins = { .dcs = dcs, .dc_count = 3 };
	struct patterns patterns;
	CU_ASSERT_PTR_NULL(patterns_init(&patterns, &origins, homes, sizeof homes / sizeof *homes));
	patterns_free(&patterns);
	return patterns.digest;
}

/* A heartbeat that was sent just now, by a datacenter that has heard us: all that it wrote until now is here. */
static void tell_alive(struct play *play, unsigned dc)
{
	uint64_t now_ms = play->stage.now_ms;
	const struct reading reading = { .dc = SLICE("a"), .clock = play->incarnation, .sent_ms = now_ms, .received_ms = now_ms };
	struct batch batch = {
		.dc = dc == PEER_B ? SLICE("b") : SLICE("c"), .incarnation = 1, .first_seq = 1, .hlc = now_ms << 16, .readings = &reading, .reading_count = 1,
		.clock = 7, .steady_ms = now_ms, .wall_ms = now_ms,
	};
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &batch);
	peers_tell_bytes(&play->stage, dc, buffer_slice(&bytes));
	buffer_free(&bytes);
}

/* PAIRS: what the store knows of homes. DIGEST: with which ones configured it was used before; NULL: the same. */
static void play_open_with(struct play *play, const struct stored_pair *pairs, unsigned count, const char *digest)
{
	struct buffer same = { 0 };
	buffer_add_int64(&same, (int64_t)own_digest());
	struct stored_pair positions[] = { { SLICE("homes"), digest == NULL ? buffer_slice(&same) : slice_of(digest) } };
	*play = (struct play){ .heard = { 0 } };
	peers_start_with_homes(&play->stage, homes, sizeof homes / sizeof *homes);
	play->stage.heard = &play->heard;
	play->incarnation = play->stage.now_ms * 1000;
	stage_step(&play->stage, (struct event){ .type = EVENT_HOMES, .homes = { pairs, count, true } });
	peers_connect(&play->stage, "run", positions, 1);
	buffer_free(&same);
}

/* Both peers are heard. */
static void play_go_on(struct play *play)
{
	play->stage.now_ms += 5;
	tell_alive(play, PEER_B);
	tell_alive(play, PEER_C);
	stage_answer_all(&play->stage);
	buffer_reset(&play->heard);
}

static void play_open(struct play *play, const struct stored_pair *pairs, unsigned count)
{
	play_open_with(play, pairs, count, NULL);
	play_go_on(play);
}

static void play_close(struct play *play)
{
	play->stage.heard = NULL;
	stage_close(&play->stage);
	buffer_free(&play->heard);
}

/* What became of it since the last time. */
static void expect(struct play *play, const char *what, const char *wanted)
{
	stage_expect(what, "led to", buffer_slice(&play->heard), wanted);
	buffer_reset(&play->heard);
}

static void set(struct play *play, const char *key)
{
	stage_set(&play->stage, key);
}

static void order(struct play *play, const char *user, const char *dc)
{
	stage_step(&play->stage, (struct event){ .type = EVENT_ASKED, .asked = { .token = ++play->stage.token, .ask = ASK_REHOME, .key = slice_of(user), .value = slice_of(dc) } });
}

/* What is gathered is sent; then, what the store is told of the test's keys and of homes. */
static void expect_sent(struct play *play, const char *text)
{
	stage_end_turn(&play->stage);
	CU_ASSERT(stage_has_sent(&play->stage, text));
}

static void expect_refusal(struct play *play, const char *text)
{
	buffer_add_byte(&play->heard, '\0');
	bool is_told = strncmp(play->heard.ptr, "refused ", 8) == 0 && strstr(play->heard.ptr, text) != NULL;
	stage_expect_number(text, play->heard.ptr, is_told, 1);
	buffer_reset(&play->heard);
}

static void wait_ms(struct play *play, uint64_t ms)
{
	play->stage.now_ms += ms;
	stage_step(&play->stage, (struct event){ .type = EVENT_TICK });
}

/* The new home says that it is there, and has SEEN: from then on the user's writes wait. */
static void tell_near(struct play *play, unsigned dc, uint64_t seen)
{
	stage_end_turn(&play->stage);
	stage_answer_all(&play->stage);
	tell_heartbeat(play, dc, seen);
}

/* ---- admission ---- */

static void writes_go_where_their_user_lives(void)
{
	static const struct { const char *key, *led_to; } rows[] = {
		{ "user:1:x", "" },          { "user:b1:x", "redirect user:b1 user:b1:x b 0\n" }, { "user:{b1}:x", "redirect user:b1 user:{b1}:x b 0\n" },
		{ "lax:b1", "" },            { "far:c1", "forward far:c1 far:c1 c 0\n" },         { "no:b1", "refuse no:b1 no:b1 b 0\n" },
		{ "somebody:b1:x", "" },     { "user:7:x", "redirect user:7 user:7:x c 3\n" },    { "user:b7:x", "" },
		{ "user:8:x", "refuse user:8 user:8:x ? 2\n" },
	};
	static const struct stored_pair pairs[] = {
		{ SLICE("user:7"), SLICE("3 c") }, { SLICE("user:b7"), SLICE("1 a forced") }, { SLICE("user:8"), SLICE("2 moon") }, { SLICE("other:1"), SLICE("2 b") },
	};
	struct play play;
	play_open(&play, pairs, 4);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		set(&play, rows[i].key);
		expect(&play, rows[i].key, rows[i].led_to);
	}
	const struct core_status *status = core_status(play.stage.core);
	CU_ASSERT(status->off_home_writes[HOME_ACCEPT] == 1 && status->off_home_writes[HOME_REDIRECT] == 3 && status->off_home_writes[HOME_FORWARD] == 1);
	CU_ASSERT(status->off_home_writes[HOME_REFUSE] == 2 && status->homes[PEER_A] == 1 && status->homes[CORE_DC_UNKNOWN] == 1 && status->held_writes == 0);
	play_close(&play);
}

static void users_of_several_homes_are_not_mixed(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	stage_say(&play.stage, 5, (struct slice[]){ SLICE("mset"), SLICE("user:1:x"), SLICE("v"), SLICE("user:b1:x"), SLICE("v") }, false);
	expect_refusal(&play, "key user:1:x and key user:b1:x, whose user lives in b");
	stage_say(&play.stage, 5, (struct slice[]){ SLICE("mset"), SLICE("user:b1:x"), SLICE("v"), SLICE("k"), SLICE("v") }, false);
	expect(&play, "one home and a key without", "redirect user:b1 user:b1:x b 0\n");
	stage_say(&play.stage, 5, (struct slice[]){ SLICE("mset"), SLICE("far:1"), SLICE("v"), SLICE("far:b1"), SLICE("v") }, false);
	expect(&play, "mixed as the pattern allows", "");
	stage_say(&play.stage, 5, (struct slice[]){ SLICE("mset"), SLICE("lax:b1"), SLICE("v"), SLICE("user:1:x"), SLICE("v") }, false);
	expect(&play, "beside one that is accepted", "");
	CU_ASSERT(core_status(play.stage.core)->off_home_writes[HOME_ACCEPT] == 2);
	play_close(&play);
}

/* Pushes are taken where they are made. */
static void pops_go_home_where_that_is_asked_for(void)
{
	static const struct { const char *name, *words[4]; const char *led_to; } rows[] = {
		{ "a push elsewhere", { "rpush", "jobs:b1", "v" }, "" },
		{ "a pop at home", { "lpop", "jobs:a1" }, "" },
		{ "a pop elsewhere", { "lpop", "jobs:b1" }, "forward jobs:b1 jobs:b1 b 0\n" },
		{ "one that may wait", { "blpop", "jobs:b1", "0" }, "forward jobs:b1 jobs:b1 b 0\n" },
		{ "of a set", { "spop", "jobs:c1" }, "forward jobs:c1 jobs:c1 c 0\n" },
		{ "of a sorted set", { "zpopmin", "jobs:c1" }, "forward jobs:c1 jobs:c1 c 0\n" },
		{ "one that moves", { "rpoplpush", "jobs:c1", "k" }, "forward jobs:c1 jobs:c1 c 0\n" },
		{ "a script, which may pop", { "eval", "return 1", "1", "jobs:c1" }, "forward jobs:c1 return 1 c 0\n" },
		{ "a removal by name", { "lrem", "jobs:b1", "0", "v" }, "" },
	};
	struct play play;
	play_open(&play, NULL, 0);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct slice argv[4];
		unsigned argc = 0;
		for (; argc < 4 && rows[i].words[argc] != NULL; argc++)
			argv[argc] = slice_of(rows[i].words[argc]);
		stage_say(&play.stage, argc, argv, false);
		expect(&play, rows[i].name, rows[i].led_to);
	}
	stage_say(&play.stage, 3, (struct slice[]){ SLICE("rpoplpush"), SLICE("jobs:b1"), SLICE("jobs:c1") }, false);
	expect_refusal(&play, "key jobs:b1 and key jobs:c1, whose user lives in c");
	play_close(&play);
}

static void reads_go_home_where_that_is_asked_for(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	struct slice far[] = { SLICE("get"), SLICE("no:b1") }, near[] = { SLICE("get"), SLICE("user:b1:x") };
	const struct request home = { .argv = far, .argc = 2 }, local = { .argv = near, .argc = 2 };
	CU_ASSERT(core_concerns_read(play.stage.core, command_find(2, far), &home) && !core_concerns_read(play.stage.core, command_find(2, near), &local));
	stage_say(&play.stage, 2, far, false);
	expect(&play, "a read at home", "refuse no:b1 no:b1 b 0\n");
	stage_say(&play.stage, 2, near, false);
	expect(&play, "a read", "");
	play_close(&play);
}

static void set_with_context(struct play *play, const char *key)
{
	stage_step(&play->stage, (struct event){ .type = EVENT_ASKED, .asked = {
		.token = ++play->stage.token, .ask = ASK_SET, .key = slice_of(key), .value = SLICE("v"), .context = SLICE("-"),
	} });
	stage_end_turn(&play->stage);
	stage_answer_all(&play->stage);
}

/* What a client with a context of its own writes is no command, and does not wait. */
static void writes_with_contexts_are_taken_at_home_only(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	set_with_context(&play, "user:b1:x");
	expect_refusal(&play, "HOMEPORT AWAY another datacenter is home of the user of this key");
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	set_with_context(&play, "user:1:x");
	expect_refusal(&play, "HOMEPORT HELD the user of this key is being moved");
	set_with_context(&play, "lax:b1");
	CU_ASSERT(play.heard.len > 6 && memcmp(play.heard.ptr, "reply ", 6) == 0);
	play_close(&play);
}

/* Its client watches again: a transaction that is guarded by Redis cannot wait. */
static void move_touches_what_is_watched(void)
{
	struct play play;
	struct slice set_x[] = { SLICE("set"), SLICE("user:1:x"), SLICE("v") };
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	stage_say(&play.stage, 3, set_x, true);
	expect(&play, "an EXEC while the user moves", "refused \n");
	play_close(&play);
	play_open_with(&play, NULL, 0, NULL);
	stage_say(&play.stage, 3, set_x, true);
	expect_refusal(&play, "HOMEPORT HELD this datacenter is starting");
	play_close(&play);
}

/* ---- moves ---- */

static void user_moves(void)
{
	struct home home;
	struct play play;
	play_open(&play, NULL, 0);
	set(&play, "user:1:x");
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:1"), &home) && home.dc == PEER_A && home.is_here && !home.is_moving);
	order(&play, "user:1", "b");
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:1"), &home) && home.dc == PEER_A && home.is_here && home.is_moving);
	set(&play, "user:1:x");
	set(&play, "user:2:y");
	expect(&play, "a write before the new home is known to be near", "");
	stage_end_turn(&play.stage);
	tell_heartbeat(&play, PEER_B, 0);
	expect(&play, "the new home has not all", "");
	tell_heartbeat(&play, PEER_B, 1);
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:1"), &home) && home.dc == PEER_A && !home.is_here && home.is_moving);
	set(&play, "user:1:y");
	expect(&play, "a write during the move", "held\n");
	stage_end_turn(&play.stage);
	CU_ASSERT(!stage_has_sent(&play.stage, "homeport:homes\r\n$6\r\nuser:1"));
	stage_answer(&play.stage);
	expect_sent(&play, "*4\r\n$4\r\nHSET\r\n$14\r\nhomeport:homes\r\n$6\r\nuser:1\r\n$3\r\n1 b\r\n");
	CU_ASSERT(stage_has_sent(&play.stage, "SELECT\r\n$2\r\n15"));
	set(&play, "user:1:z");
	expect(&play, "a write while the new home is written", "held\n");
	stage_answer_all(&play.stage);
	expect(&play, "the new home is written, and does not know of it: who is sent there would be sent back", "");
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:1"), &home) && home.dc == PEER_A && !home.is_here && home.is_moving && !home.is_explicit);
	set(&play, "user:1:a");
	expect(&play, "a write after", "held\n");
	CU_ASSERT(core_status(play.stage.core)->moves == 1 && core_status(play.stage.core)->homes[PEER_B] == 1);
	tell_heartbeat(&play, PEER_B, 4);
	expect(&play, "the new home knows", "home user:1 b 1\nreply *5\r\n$6\r\nuser:1\r\n$1\r\nb\r\n$1\r\n1\r\n$9\r\nconfirmed\r\n$1\r\n0\r\n\n"
	       "redirect user:1 user:1:y b 1\nredirect user:1 user:1:z b 1\nredirect user:1 user:1:a b 1\n");
	set(&play, "user:1:a");
	expect(&play, "a write once it knows", "redirect user:1 user:1:a b 1\n");
	CU_ASSERT(core_status(play.stage.core)->moves == 0 && core_status(play.stage.core)->moves_ended[MOVE_DONE] == 1 && core_status(play.stage.core)->held_writes == 0);
	play_close(&play);
}

/* Forwarding tells the new home of the epoch: it waits there. */
static void forwarded_user_is_sent_on_once_he_was_given_away(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "far:1", "b");
	tell_near(&play, PEER_B, 0);
	set(&play, "far:1");
	stage_end_turn(&play.stage);
	expect(&play, "a write during the move", "held\n");
	stage_answer_all(&play.stage);
	expect(&play, "the new home is written", "forward far:1 far:1 b 1\n");
	play_close(&play);
}

static void redirect_waits_no_longer_than_the_move(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	expect(&play, "the new home is written", "");
	set(&play, "user:1:x");
	expect(&play, "and does not say that it knows", "held\n");
	wait_ms(&play, 999);
	expect(&play, "just in time", "");
	wait_ms(&play, 1);
	expect(&play, "for as long as a move may take", "home user:1 b 1\nreply *5\r\n$6\r\nuser:1\r\n$1\r\nb\r\n$1\r\n1\r\n$11\r\nunconfirmed\r\n$4\r\n1000\r\n\nredirect user:1 user:1:x b 1\n");
	CU_ASSERT(core_status(play.stage.core)->held_writes == 0 && core_status(play.stage.core)->moves_ended[MOVE_UNCONFIRMED] == 1);
	play_close(&play);
}

static void many_users_move_in_few_groups(void)
{
	enum { USERS = 1500 };
	struct play play;
	unsigned groups = 0;
	play_open(&play, NULL, 0);
	for (unsigned i = 0; i < USERS; i++) {
		char user[20];
		snprintf(user, sizeof user, "user:%u", i);
		order(&play, user, "b");
	}
	tell_near(&play, PEER_B, 0);
	stage_end_turn(&play.stage);
	while (play.stage.group_count > 0) {
		stage_answer(&play.stage);
		stage_end_turn(&play.stage);
		groups++;
	}
	CU_ASSERT(groups == 2 && core_status(play.stage.core)->homes[PEER_B] == USERS);
	tell_heartbeat(&play, PEER_B, USERS);
	CU_ASSERT(core_status(play.stage.core)->moves_ended[MOVE_DONE] == USERS && core_status(play.stage.core)->moves == 0);
	play_close(&play);
}

static void move_is_undone_when_it_takes_too_long(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	set(&play, "user:1:y");
	expect(&play, "nobody waits until the new home is known to be near", "");
	expect_sent(&play, "user:1:y");
	stage_answer_all(&play.stage);
	wait_ms(&play, 999);
	expect(&play, "just in time", "");
	wait_ms(&play, 1);
	expect_refusal(&play, "HOMEPORT MOVE user:1 stays here: b did not confirm in time");
	set(&play, "user:1:z");
	expect(&play, "and then", "");
	stage_answer_all(&play.stage);
	CU_ASSERT(core_status(play.stage.core)->moves_ended[MOVE_LATE] == 1 && core_status(play.stage.core)->held_writes == 0);
	play_close(&play);
}

static void move_ends_with_the_connection(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	set(&play, "user:1:y");
	stage_end_turn(&play.stage);
	expect(&play, "a write during the move", "held\n");
	stage_step(&play.stage, (struct event){ .type = EVENT_LOST });
	expect(&play, "the connection is lost", "refused LOADING Homeport has no working connection to its Redis right now (/readyz?verbose says why), try again\n"
	       "refused HOMEPORT MOVE the connection to Redis was lost while user:1 was being moved: HOMEPORT HOME tells where he lives once it is back\n");
	CU_ASSERT(core_status(play.stage.core)->moves_ended[MOVE_LOST] == 1 && core_status(play.stage.core)->held_bytes == 0);
	play_close(&play);
}

static bool refuse_homes(struct stage *stage, const struct request *request, struct buffer *out)
{
	(void)stage;
	bool is_home = request->argc == 4 && slice_equal(request->argv[1], SLICE(CORE_HOMES_KEY));
	if (is_home)
		resp_add_error(out, "WRONGTYPE no hash");
	return is_home;
}

static void move_is_undone_where_the_store_refuses(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	play.stage.reply = refuse_homes;
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	set(&play, "user:1:y");
	stage_end_turn(&play.stage);
	expect(&play, "a write during the move", "held\n");
	stage_answer(&play.stage);
	expect_refusal(&play, "HOMEPORT MOVE user:1 stays here: Redis refused");
	expect_sent(&play, "user:1:y");
	play_close(&play);
}

static void orders_are_refused_by_name(void)
{
	static const struct { const char *user, *dc, *error; } rows[] = {
		{ "nobody:1", "b", "no pattern of homes has users of that name" }, { "user:1", "moon", "there is no datacenter moon here" },
		{ "user:b1", "c", "HOMEPORT HOME b is the home of user:b1" },      { "user:9", "c", "is being moved already" },
	};
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:9", "b");
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		order(&play, rows[i].user, rows[i].dc);
		expect_refusal(&play, rows[i].error);
	}
	order(&play, "user:2", "a");
	expect(&play, "a move to where he lives", "reply *5\r\n$6\r\nuser:2\r\n$1\r\na\r\n$1\r\n0\r\n$9\r\nconfirmed\r\n$1\r\n0\r\n\n");
	play_close(&play);
}

static void too_many_waiting_writes_are_refused(void)
{
	static const char value[9000];
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	tell_near(&play, PEER_B, 0);
	stage_say(&play.stage, 3, (struct slice[]){ SLICE("set"), SLICE("user:1:x"), { value, sizeof value } }, false);
	expect(&play, "one write", "held\n");
	stage_say(&play.stage, 3, (struct slice[]){ SLICE("set"), SLICE("user:1:x"), { value, sizeof value } }, false);
	expect_refusal(&play, "limits.held");
	set(&play, "user:2:x");
	expect(&play, "another user", "");
	play_close(&play);
}

/* ---- take-overs ---- */

static void take_over(struct play *play, const char *user)
{
	stage_step(&play->stage, (struct event){ .type = EVENT_ASKED, .asked = { .token = ++play->stage.token, .ask = ASK_TAKE_OVER, .key = slice_of(user) } });
}

static void user_is_taken_over(void)
{
	struct play play;
	struct home home;
	play_open(&play, NULL, 0);
	take_over(&play, "user:b1");
	expect_refusal(&play, "b may be alive. It is taken to be dead if it is silent for 3000 ms more");
	wait_ms(&play, 2000);
	tell_alive(&play, PEER_C);
	wait_ms(&play, 999);
	CU_ASSERT(core_status(play.stage.core)->peers[PEER_B].dead_ms == play.stage.now_ms + 1);
	take_over(&play, "user:b1");
	expect_refusal(&play, "for 1 ms more");
	wait_ms(&play, 1);
	stage_answer_all(&play.stage);
	take_over(&play, "user:b1");
	set(&play, "user:b1:x");
	take_over(&play, "user:b1");
	expect(&play, "under way", "held\nrefused HOMEPORT MOVE user:b1 is being taken over already: wait until that has ended\n");
	expect_sent(&play, "$7\r\nuser:b1\r\n$10\r\n1 a forced\r\n");
	stage_answer(&play.stage);
	expect(&play, "it is written", "home user:b1 a 1\nreply *6\r\n$7\r\nuser:b1\r\n$1\r\na\r\n$1\r\n1\r\n$6\r\nforced\r\n$1\r\nb\r\n$4\r\n3001\r\n\n");
	expect_sent(&play, "user:b1:x");
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:b1"), &home) && home.dc == PEER_A && home.is_forced && !home.is_moving);
	CU_ASSERT(core_status(play.stage.core)->moves_ended[MOVE_FORCED] == 1 && core_status(play.stage.core)->moves == 0);
	stage_answer_all(&play.stage);
	take_over(&play, "user:b1");
	expect(&play, "again", "reply *5\r\n$7\r\nuser:b1\r\n$1\r\na\r\n$1\r\n1\r\n$9\r\nconfirmed\r\n$1\r\n0\r\n\n");
	stage_step(&play.stage, (struct event){ .type = EVENT_ASKED, .asked = { .token = ++play.stage.token, .ask = ASK_TAKE_OVER, .key = SLICE("user:c1"), .is_now = true } });
	expect_sent(&play, "user:c1\r\n$10\r\n1 a forced\r\n");
	play_close(&play);
}

static void move_of_a_user_who_is_taken_over_ends(void)
{
	const struct change change = {
		.kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("user:1"), .value = SLICE("1 c forced"),
	};
	struct play play;
	play_open(&play, NULL, 0);
	order(&play, "user:1", "b");
	stage_end_turn(&play.stage);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_C, .seq = 1, .changes = &change, .change_count = 1 });
	CU_ASSERT(core_is_unfinished(play.stage.core));
	set(&play, "user:1:x");
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	wait_ms(&play, 1);
	expect(&play, "taken over", "held\nhome user:1 c 1\nredirect user:1 user:1:x c 1\n"
	       "refused HOMEPORT MOVE user:1 was taken over by another datacenter meanwhile: HOMEPORT HOME tells by which\n");
	play_close(&play);
}

static void epochs_that_cannot_be_read_end_moves(void)
{
	static const struct stored_pair pairs[] = { { SLICE("user:1"), SLICE("no number") } };
	struct play play;
	play_open(&play, pairs, 1);
	set(&play, "user:1:x");
	buffer_reset(&play.heard);
	take_over(&play, "user:1");
	expect_refusal(&play, "cannot be read: correct the field");
	play_close(&play);
}

static void what_a_take_over_has_not_seen_is_counted_as_stranded(void)
{
	const struct change taken = {
		.kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("user:1"), .value = SLICE("1 c forced"),
	};
	const struct change late = { .kind = CHANGE_SET, .key = SLICE("user:1:z"), .value = SLICE("late") };
	const struct change other = { .kind = CHANGE_SET, .key = SLICE("user:2:z"), .value = SLICE("other") };
	struct play play;
	play_open(&play, NULL, 0);
	set(&play, "user:1:x");
	set(&play, "user:2:x");
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_C, .seq = 1, .ms = 10, .changes = &taken, .change_count = 1 });
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	CU_ASSERT(core_status(play.stage.core)->stranded_writes == 1 && core_status(play.stage.core)->episodes == 1);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 11, .changes = &late, .change_count = 1 });
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_B, .seq = 2, .ms = 12, .changes = &other, .change_count = 1 });
	stage_answer_all(&play.stage);
	CU_ASSERT(core_status(play.stage.core)->stranded_writes == 2 && core_status(play.stage.core)->episodes == 2);
	play_close(&play);
}

/* ---- what may have been taken over unheard ---- */

static void who_was_away_asks_what_others_wrote_meanwhile(void)
{
	struct play play;
	play_open_with(&play, NULL, 0, NULL);
	set(&play, "user:1:x");
	set(&play, "user:b1:x");
	expect(&play, "just opened", "held\nredirect user:b1 user:b1:x b 0\n");
	order(&play, "user:1", "b");
	expect_refusal(&play, "HOMEPORT HELD this datacenter was away, or cut off");
	play.stage.now_ms += 5;
	tell_alive(&play, PEER_B);
	stage_end_turn(&play.stage);
	CU_ASSERT(!stage_has_sent(&play.stage, "user:1:x") && core_status(play.stage.core)->held_writes == 1);
	tell_alive(&play, PEER_C);
	expect_sent(&play, "user:1:x");
	play_close(&play);
}

static void who_was_taken_over_unheard_takes_nothing(void)
{
	const struct change change = {
		.kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("user:1"), .value = SLICE("1 c forced"),
	};
	struct play play;
	play_open(&play, NULL, 0);
	for (unsigned i = 0; i < 5; i++) {
		wait_ms(&play, 500);
		tell_alive(&play, PEER_B);
	}
	stage_answer_all(&play.stage);
	set(&play, "user:1:x");
	expect_sent(&play, "user:1:x");
	stage_answer_all(&play.stage);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_C, .seq = 1, .changes = &change, .change_count = 1 });
	set(&play, "user:2:x");
	expect(&play, "c is heard again", "held\n");
	stage_end_turn(&play.stage);
	stage_answer_all(&play.stage);
	set(&play, "user:1:x");
	expect(&play, "and has taken a user over", "home user:1 c 1\nredirect user:1 user:1:x c 1\n");
	play.stage.now_ms += 5;
	tell_alive(&play, PEER_C);
	expect_sent(&play, "user:2:x");
	play_close(&play);
}

static void who_is_not_heard_is_not_waited_for(void)
{
	struct play play;
	play_open_with(&play, NULL, 0, NULL);
	play.stage.now_ms += 5;
	tell_alive(&play, PEER_B);
	wait_ms(&play, 2985);
	tell_alive(&play, PEER_B);
	wait_ms(&play, 5);
	tell_alive(&play, PEER_B);
	stage_answer_all(&play.stage);
	set(&play, "user:1:x");
	expect(&play, "c may be there", "held\n");
	wait_ms(&play, 5);
	stage_end_turn(&play.stage);
	CU_ASSERT(stage_has_sent(&play.stage, "user:1:x") && core_status(play.stage.core)->held_writes == 0);
	play_close(&play);
}

/* ---- doubt ---- */

static void tell_homes(struct play *play, unsigned dc, uint64_t clock, uint64_t digest)
{
	const struct reading reading = { .dc = SLICE("a"), .clock = clock };
	struct batch batch = {
		.dc = dc == PEER_B ? SLICE("b") : SLICE("c"), .incarnation = 1, .first_seq = 1, .hlc = play->stage.now_ms << 16, .readings = &reading, .reading_count = 1,
		.homes_digest = digest,
	};
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &batch);
	peers_tell_bytes(&play->stage, dc, buffer_slice(&bytes));
	buffer_free(&bytes);
}

static void other_homes_than_before_are_doubted(void)
{
	static const struct stored_pair pairs[] = { { SLICE("user:2"), SLICE("2 a") } };
	struct play play;
	uint64_t digest = own_digest();
	play_open_with(&play, pairs, 1, "17");
	play_go_on(&play);
	set(&play, "user:1:x");
	expect(&play, "home by default", "held\n");
	set(&play, "user:2:x");
	expect(&play, "a home of his own", "");
	set(&play, "user:b1:x");
	expect(&play, "who lives elsewhere", "redirect user:b1 user:b1:x b 0\n");
	order(&play, "user:1", "b");
	expect_refusal(&play, "HOMEPORT HELD not every peer was heard");
	tell_homes(&play, PEER_B, play.incarnation, digest);
	tell_homes(&play, PEER_C, play.incarnation, digest + 1);
	CU_ASSERT(core_status(play.stage.core)->peers[PEER_C].homes_doubt == HOMES_DIFFER && core_status(play.stage.core)->homes_doubted_ms != 0);
	tell_homes(&play, PEER_C, play.incarnation - 1, digest);
	expect(&play, "what was told to an earlier process", "");
	wait_ms(&play, 1000);
	expect_refusal(&play, "has not heard from every peer that it has the same homes");
	set(&play, "user:1:x");
	expect(&play, "home by default", "held\n");
	tell_homes(&play, PEER_C, play.incarnation, digest);
	stage_answer_all(&play.stage);
	CU_ASSERT(core_status(play.stage.core)->homes_doubted_ms == 0 && core_status(play.stage.core)->held_writes == 0);
	play_close(&play);
}

/* ---- who gets a user ---- */

static void user_arrives_once_the_store_has_answered(void)
{
	const struct change change = {
		.kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("user:b1"), .value = SLICE("1 a"),
	};
	struct play play;
	struct home home;
	play_open(&play, NULL, 0);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_B, .seq = 1, .changes = &change, .change_count = 1 });
	CU_ASSERT(stage_has_sent(&play.stage, "*4\r\n$4\r\nHSET\r\n$14\r\nhomeport:homes\r\n$7\r\nuser:b1\r\n$3\r\n1 a\r\n"));
	set(&play, "user:b1:x");
	expect(&play, "too early", "redirect user:b1 user:b1:x b 0\n");
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:b1"), &home) && home.dc == PEER_B && home.epoch == 0 && !home.is_explicit);
	stage_answer_all(&play.stage);
	expect(&play, "the store has answered", "home user:b1 a 1\n");
	set(&play, "user:b1:x");
	expect(&play, "now he lives here", "");
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("user:b1"), &home) && home.dc == PEER_A && home.epoch == 1 && home.is_explicit);
	play_close(&play);
}

/* ---- default: first ---- */

static bool is_nobodys(const struct play *play, const char *user)
{
	struct home home;
	return core_home_of_user(play->stage.core, slice_of(user), &home) && home.is_nobodys && !home.is_here && home.epoch == 0;
}

static void user_lives_where_somebody_writes_for_him_first(void)
{
	struct play play;
	struct home home;
	play_open(&play, NULL, 0);
	CU_ASSERT(is_nobodys(&play, "new:1"));
	order(&play, "new:1", "b");
	expect_refusal(&play, "HOMEPORT MOVE new:1 has no home yet: the first datacenter that writes for him becomes it (default: first)");
	set(&play, "new:1");
	expect(&play, "his first write", "held\n");
	CU_ASSERT(core_status(play.stage.core)->moves == 1);
	expect_sent(&play, "*4\r\n$4\r\nHSET\r\n$14\r\nhomeport:homes\r\n$5\r\nnew:1\r\n$3\r\n1 a\r\n");
	CU_ASSERT(!stage_has_sent(&play.stage, "*3\r\n$3\r\nSET\r\n$5\r\nnew:1"));
	stage_answer_all(&play.stage);
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("new:1"), &home) && home.dc == 0 && home.epoch == 1 && home.is_here && !home.is_forced);
	CU_ASSERT(core_status(play.stage.core)->moves_ended[MOVE_CLAIMED] == 1 && core_status(play.stage.core)->held_writes == 0);
	buffer_reset(&play.heard);
	set(&play, "new:1");
	expect(&play, "his next write", "");
	play_close(&play);
}

/* It is the later one. */
static void claim_of_another_that_comes_later_counts(void)
{
	struct play play;
	struct home home;
	play_open(&play, NULL, 0);
	set(&play, "new:1");
	stage_answer_all(&play.stage);
	const struct change change = {
		.kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("new:1"), .value = SLICE("1 b"),
	};
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 50, .changes = &change, .change_count = 1 });
	stage_answer_all(&play.stage);
	CU_ASSERT(core_home_of_user(play.stage.core, SLICE("new:1"), &home) && home.dc == PEER_B && home.epoch == 1);
	buffer_reset(&play.heard);
	set(&play, "new:1");
	expect(&play, "he lives there now", "redirect new:1 new:1 b 1\n");
	play_close(&play);
}

static void claim_that_the_store_refuses_ends(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	play.stage.reply = refuse_homes;
	set(&play, "new:1");
	stage_end_turn(&play.stage);
	buffer_reset(&play.heard);
	stage_answer(&play.stage);
	expect_refusal(&play, "Redis refused to write down that this user lives here (default: first)");
	CU_ASSERT(is_nobodys(&play, "new:1") && core_status(play.stage.core)->held_writes == 0 && core_status(play.stage.core)->moves == 0);
	play_close(&play);
}

static void flush_leaves_homes_alone(void)
{
	const struct change changes[] = {
		{ .kind = CHANGE_FIELD_SET, .db = DB_RESERVED, .key = SLICE(CORE_HOMES_KEY), .element = SLICE("user:b1"), .value = SLICE("1 a") },
		{ .kind = CHANGE_FLUSH, .db = DB_ALL, .key = SLICE("") },
	};
	struct play play;
	struct buffer told = { 0 };
	play_open(&play, NULL, 0);
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_C, .seq = 1, .ms = 50, .changes = &changes[1], .change_count = 1 });
	peers_tell(&play.stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 10, .changes = changes, .change_count = 1 });
	peers_settle(&play.stage, &told);
	expect(&play, "a home that is older than a flush", "home user:b1 a 1\n");
	buffer_free(&told);
	play_close(&play);
}

static void who_asks_gets_an_answer_at_once(void)
{
	struct play play;
	play_open(&play, NULL, 0);
	struct batch batch = { .dc = SLICE("b"), .incarnation = 1, .first_seq = 1, .hlc = play.stage.now_ms << 16, .asks = true };
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &batch);
	int64_t before = play.stage.log_end;
	peers_tell_bytes(&play.stage, PEER_B, buffer_slice(&bytes));
	CU_ASSERT(play.stage.log_end == before + 1);
	stage_end_turn(&play.stage);
	CU_ASSERT(play.stage.log_end == before + 1);
	buffer_free(&bytes);
	play_close(&play);
}

void suite_moves(void)
{
	CU_pSuite suite = CU_add_suite("moves", NULL, NULL);
	CU_ADD_TEST(suite, writes_go_where_their_user_lives);
	CU_ADD_TEST(suite, users_of_several_homes_are_not_mixed);
	CU_ADD_TEST(suite, pops_go_home_where_that_is_asked_for);
	CU_ADD_TEST(suite, reads_go_home_where_that_is_asked_for);
	CU_ADD_TEST(suite, writes_with_contexts_are_taken_at_home_only);
	CU_ADD_TEST(suite, move_touches_what_is_watched);
	CU_ADD_TEST(suite, user_moves);
	CU_ADD_TEST(suite, forwarded_user_is_sent_on_once_he_was_given_away);
	CU_ADD_TEST(suite, redirect_waits_no_longer_than_the_move);
	CU_ADD_TEST(suite, many_users_move_in_few_groups);
	CU_ADD_TEST(suite, move_is_undone_when_it_takes_too_long);
	CU_ADD_TEST(suite, move_ends_with_the_connection);
	CU_ADD_TEST(suite, move_is_undone_where_the_store_refuses);
	CU_ADD_TEST(suite, orders_are_refused_by_name);
	CU_ADD_TEST(suite, too_many_waiting_writes_are_refused);
	CU_ADD_TEST(suite, user_is_taken_over);
	CU_ADD_TEST(suite, move_of_a_user_who_is_taken_over_ends);
	CU_ADD_TEST(suite, epochs_that_cannot_be_read_end_moves);
	CU_ADD_TEST(suite, what_a_take_over_has_not_seen_is_counted_as_stranded);
	CU_ADD_TEST(suite, who_was_away_asks_what_others_wrote_meanwhile);
	CU_ADD_TEST(suite, who_was_taken_over_unheard_takes_nothing);
	CU_ADD_TEST(suite, who_is_not_heard_is_not_waited_for);
	CU_ADD_TEST(suite, other_homes_than_before_are_doubted);
	CU_ADD_TEST(suite, user_arrives_once_the_store_has_answered);
	CU_ADD_TEST(suite, user_lives_where_somebody_writes_for_him_first);
	CU_ADD_TEST(suite, claim_of_another_that_comes_later_counts);
	CU_ADD_TEST(suite, claim_that_the_store_refuses_ends);
	CU_ADD_TEST(suite, flush_leaves_homes_alone);
	CU_ADD_TEST(suite, who_asks_gets_an_answer_at_once);
}
