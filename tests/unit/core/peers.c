#include "peers.h"

#include <CUnit/CUnit.h>

#include "proxy/core/wire/envelope.h"

#define START_MS UINT64_C(1700000000000)

static const char *const names[PEERS] = { "a", "b", "c" };
static const char *const order[PEERS] = { "c", "b", "a" };

static void start(struct stage *stage, const char *rule, const struct core_home *homes, unsigned home_count)
{
	const struct core_rule row = { .match = "*", .rule = rule, .order = order, .order_count = strcmp(rule, "priority") == 0 ? PEERS : 0 };
	const char *error;
	const struct core_options options = {
		.dcs = names, .dc_count = PEERS, .rules = &row, .rule_count = 1, .databases = 16, .reserved_db = 15, .heartbeat_ms = 500,
		.drift_ms_max = home_count > 0 ? 500 : 500000, .quarantine_ms = 3600000, .message_bytes_max = 900000, .inbox_bytes_max = 1 << 20, .outbox_bytes_max = 1 << 20,
		.metadata_bytes_max = 1 << 20, .group_commands_max = 1000, .forget_per_turn = PEERS_FORGET_PER_TURN, .elements_per_turn = PEERS_ELEMENTS_PER_TURN, .incarnations_max = CORE_INCARNATIONS_MAX, .siblings_max = 10, .waits_max = 3,
		.is_listing_conflicts = true,
		.homes = homes, .home_count = home_count, .held_bytes_max = 10000, .hold_ms_max = 1000,
	};
	*stage = (struct stage){ .core = core_new(&options, &error), .now_ms = START_MS };
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->core);
	for (unsigned dc = 0; dc < PEERS; dc++)
		stage->followed[dc] = STAGE_NOT_FOLLOWED;
}

void peers_start(struct stage *stage, const char *rule)
{
	start(stage, rule, NULL, 0);
}

void peers_start_with_homes(struct stage *stage, const struct core_home *homes, unsigned count)
{
	start(stage, "record", homes, count);
}

void peers_connect(struct stage *stage, const char *run, const struct stored_pair *positions, unsigned count)
{
	stage_step(stage, (struct event){ .type = EVENT_OPENED, .opened = {
		.run_id = slice_of(run), .nonce = stage->now_ms * 1000, .positions = positions, .position_count = count, .parts = CORE_PARTS_ALL,
	} });
	stage_end_turn(stage);
	stage_answer_all(stage);
}

void peers_open(struct stage *stage, const char *rule)
{
	peers_start(stage, rule);
	peers_connect(stage, "run", NULL, 0);
}

static void encode(const struct remote *remote, struct buffer *out)
{
	struct position context[PEERS];
	struct changes changes = { 0 };
	struct batch batch = { .dc = slice_of(names[remote->dc]), .incarnation = 1, .first_seq = remote->seq, .hlc = (START_MS + remote->ms) << 16, .context = context };
	for (unsigned dc = PEER_B; dc < PEERS; dc++)
		if (dc != remote->dc && remote->seen[dc] > 0)
			context[batch.context_count++] = (struct position){ slice_of(names[dc]), 1, remote->seen[dc], false };
	envelope_begin(out, &batch);
	for (unsigned i = 0; i < remote->change_count; i++)
		*changes_add(&changes, remote->changes[i].kind, remote->changes[i].db, remote->changes[i].key) = remote->changes[i];
	changes.facts.command = SLICE("test");
	envelope_add_write(out, PLAN_NONE, &changes);
	changes_free(&changes);
}

void peers_tell_bytes(struct stage *stage, unsigned dc, struct slice bytes)
{
	stage_step(stage, (struct event){ .type = EVENT_BATCH, .batch = { dc, stage->log_positions[dc]++, bytes } });
	stage_end_turn(stage);
}

void peers_tell(struct stage *stage, const struct remote *remote)
{
	struct buffer bytes = { 0 };
	encode(remote, &bytes);
	peers_tell_bytes(stage, remote->dc, buffer_slice(&bytes));
	buffer_free(&bytes);
}

void peers_tell_part(struct stage *stage, const struct remote *remote, unsigned part, unsigned parts)
{
	struct buffer whole = { 0 }, bytes = { 0 };
	encode(remote, &whole);
	size_t first = whole.len * part / parts, end = whole.len * (part + 1) / parts;
	const struct batch batch = {
		.dc = slice_of(names[remote->dc]), .incarnation = 1, .first_seq = remote->seq, .part = part, .part_count = parts,
		.part_bytes = { whole.ptr + first, end - first },
	};
	envelope_begin(&bytes, &batch);
	peers_tell_bytes(stage, remote->dc, buffer_slice(&bytes));
	buffer_free(&whole);
	buffer_free(&bytes);
}

static struct slice text_of(const char *text)
{
	return slice_of(text == NULL ? "" : text);
}

void peers_say_after(struct stage *stage, unsigned dc, uint64_t ms, const struct said *said, unsigned count, uint64_t seen)
{
	struct change changes[16];
	struct remote remote = { .dc = dc, .seq = 1, .ms = ms, .changes = changes };
	unsigned other = dc == PEER_B ? PEER_C : PEER_B;
	remote.seen[other] = seen;
	for (unsigned i = 0; i < count && said[i].kind != 0; i++) {
		struct change *change = &changes[remote.change_count++];
		*change = (struct change){
			.kind = said[i].kind, .key = said[i].kind == CHANGE_FLUSH ? SLICE("") : SLICE("k"), .element = text_of(said[i].element),
			.value = text_of(said[i].value), .result = text_of(said[i].result), .number = said[i].number, .score = said[i].score,
			.length = said[i].length, .amount = said[i].amount,
			.expire_at_ms = said[i].deadline,
		};
		if (said[i].kind == CHANGE_SIBLING) {
			change->dc = slice_of(names[other]);
			change->incarnation = 1;
			change->seq = said[i].sibling;
			change->hlc = START_MS << 16;
		}
	}
	peers_tell(stage, &remote);
}

void peers_say(struct stage *stage, unsigned dc, uint64_t ms, const struct said *said, unsigned count)
{
	peers_say_after(stage, dc, ms, said, count, 0);
}

/* What frames a transaction, what only asks, and what concerns the core's own keys. */
static bool is_left_out(const struct request *request)
{
	static const char *const names_of[] = { "MULTI", "EXEC", "SELECT", "PEXPIRETIME" };
	bool is_left_out = false;
	for (unsigned i = 0; i < sizeof names_of / sizeof *names_of; i++)
		is_left_out = is_left_out || slice_equal_nocase(request->argv[0], slice_of(names_of[i]));
	for (unsigned i = 1; i < request->argc && i < 3; i++)
		is_left_out = is_left_out || (request->argv[i].len > 9 && memcmp(request->argv[i].ptr, "homeport:", 9) == 0);
	return is_left_out;
}

static void add_commands(struct slice input, struct buffer *told)
{
	const struct resp_limits limits = { 10000, 1 << 20, 1 << 16 };
	struct resp_requests *requests = resp_requests_new();
	struct request request;
	const char *error;
	size_t used;
	while (resp_request_next(requests, &limits, input, &request, &used, &error) == RESP_READY) {
		input = (struct slice){ input.ptr + used, input.len - used };
		if (is_left_out(&request))
			continue;
		buffer_add_text(told, told->len > 0 ? "; " : "");
		for (unsigned i = 0; i < request.argc; i++) {
			buffer_add_text(told, i > 0 ? " " : "");
			buffer_add(told, request.argv[i].len > 400 ? SLICE("(stream)") : request.argv[i]);
		}
	}
	resp_requests_free(requests);
}

/* What is dealt with some at a time takes many turns. */
static void end_turns(struct stage *stage)
{
	do
		stage_end_turn(stage);
	while (core_is_unfinished(stage->core) && stage->group_count == 0);
}

void peers_settle(struct stage *stage, struct buffer *told)
{
	end_turns(stage);
	while (stage->group_count > 0) {
		if (told != NULL)
			add_commands(stage->groups[0].bytes, told);
		stage_answer(stage);
		end_turns(stage);
	}
}
