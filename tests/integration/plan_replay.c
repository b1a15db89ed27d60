/* Plan replay: random writes go to one real server by their plans; what the plans make of the replies goes to a second one. After
 * each write both must hold the same data and deadlines.
 * plan_replay PORT PEER_PORT PROTOCOL SEED COUNT; used by test_plans.py. Servers need --enable-debug-command yes. */
#include "proxy/core/commands/command.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/wire/envelope.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define READ_CHUNK 65536
#define REPLIES_MAX 64
#define FLUSH_EVERY 400              /* writes, on average */

/* K key, M member or field, N integer, F fraction, V value, D what DUMP says of a key; all else stands for itself. */
static const char *const templates[] = {
	"SET K V", "SET K N", "SET K V EX 100", "SET K V PX 100000", "SET K V NX", "SET K V XX", "SET K V XX GET", "SET K V NX GET",
	"SET K V GET EX 50", "SET K V KEEPTTL", "SET K V NX EX 100", "SET K V EX 0", "SET K V NONSENSE", "SETEX K 100 V",
	"PSETEX K 100000 V", "SETEX K 0 V", "SETEX K x V", "GETSET K V", "SETNX K V", "MSET K V K V", "MSETNX K V K V", "MSET K V K",
	"INCR K", "DECR K", "INCRBY K N", "DECRBY K N", "INCRBY K x", "INCRBYFLOAT K F", "INCRBYFLOAT K x", "APPEND K V", "SETRANGE K 3 V",
	"SETBIT K 7 1", "BITFIELD K SET u8 0 65", "BITFIELD K GET u8 0", "BITFIELD K OVERFLOW FAIL INCRBY u8 0 200", "BITOP AND K K K",
	"BITOP NOT K K", "PFADD K V V", "PFADD K V", "PFADD K", "PFMERGE K K K", "PFMERGE K",
	"HSET K M V M V", "HMSET K M V", "HSET K M N", "HSETNX K M V", "HDEL K M M", "HINCRBY K M N", "HINCRBY K M x", "HINCRBYFLOAT K M F",
	"SADD K M M", "SREM K M M", "SPOP K", "SPOP K 2", "SPOP K 0", "SMOVE K K M", "SDIFFSTORE K K K", "SINTERSTORE K K",
	"SUNIONSTORE K K K",
	"ZADD K F M F M", "ZADD K CH F M", "ZADD K NX F M F M", "ZADD K XX CH F M", "ZADD K GT F M F M", "ZADD K LT F M", "ZADD K INCR F M",
	"ZADD K NX INCR F M", "ZADD K XX INCR F M", "ZADD K GT INCR F M", "ZADD K F M F", "ZADD K x M", "ZADD K inf M", "ZINCRBY K F M",
	"ZINCRBY K -inf M", "ZINCRBY K x M", "ZREM K M M", "ZPOPMIN K", "ZPOPMAX K 2", "ZPOPMIN K 0", "ZMPOP 2 K K MIN",
	"ZMPOP 1 K MAX COUNT 2", "ZMPOP 5 K MAX", "ZREMRANGEBYRANK K 0 0", "ZREMRANGEBYRANK K -2 -1", "ZREMRANGEBYSCORE K (0 2",
	"ZREMRANGEBYSCORE K x 2", "ZREMRANGEBYLEX K [m1 [m2", "ZUNIONSTORE K 2 K K", "ZINTERSTORE K 2 K K WEIGHTS 2 3",
	"ZDIFFSTORE K 2 K K", "ZRANGESTORE K K 0 1", "ZRANGESTORE K K -inf 2 BYSCORE", "GEOADD K 13.36 38.11 M 15.08 37.50 M",
	"GEOADD K NX 13.1 38.2 M", "GEOADD K XX CH 13.2 38.3 M", "GEOADD K 200 0 M", "GEOSEARCHSTORE K K FROMLONLAT 15 37 BYRADIUS 300 km",
	"GEORADIUS K 15 37 300 km STORE K", "GEORADIUS K 15 37 300 km", "GEORADIUSBYMEMBER K M 300 km STOREDIST K",
	"LPUSH K V V", "LPUSH K V", "RPUSH K V V", "LPUSHX K V", "RPUSHX K V M", "LINSERT K BEFORE M V", "LINSERT K AFTER M M", "LINSERT K x M V",
	"LSET K 1 M", "LSET K -2 V", "LSET K x V", "LREM K 0 M", "LREM K 1 M", "LREM K -2 M", "LTRIM K 1 -2", "LTRIM K -6 -1", "LTRIM K 5 2", "LPOP K",
	"LPOP K 2", "LPOP K 0", "RPOP K", "RPOP K 3", "LMOVE K K LEFT RIGHT", "LMOVE K K RIGHT RIGHT", "LMOVE K K UP RIGHT", "RPOPLPUSH K K",
	"LMPOP 2 K K LEFT", "LMPOP 1 K RIGHT COUNT 2", "LMPOP 3 K LEFT",
	"BLPOP K K 0", "BRPOP K 0", "BLPOP K x", "BLMOVE K K LEFT RIGHT 0", "BRPOPLPUSH K K 0", "BLMPOP 0 2 K K LEFT", "BLMPOP 0 1 K RIGHT COUNT 2",
	"BLMPOP x 1 K LEFT", "BZPOPMIN K K 0", "BZPOPMAX K 0", "BZMPOP 0 2 K K MIN", "BZMPOP 0 1 K MAX COUNT 2", "RPUSH K M M V",
	"XADD K * M V", "XADD K 5-* M V M V", "XADD K 9000000000000-1 M V", "XADD K 0-0 M V", "XADD K MAXLEN 2 * M V", "XADD K MAXLEN 0 * M V",
	"XADD K NOMKSTREAM * M V", "XADD K MAXLEN ~ 1 LIMIT 5 * M V", "XADD K MINID 5 * M V", "XADD K * M V M", "XADD K x M V", "XDEL K 5-0 7", "XDEL K x", "XSETID K 9000000000005-1", "XSETID K 1",
	"XDEL K 9000000000000-1", "XTRIM K MAXLEN 1", "XTRIM K MAXLEN 0", "XTRIM K MINID 9000000000000", "XTRIM K MAXLEN x",
	"DEL K", "UNLINK K K", "GETDEL K", "RENAME K K", "RENAMENX K K", "COPY K K", "COPY K K REPLACE", "RESTORE K 0 D",
	"RESTORE K 100000 D REPLACE", "EXPIRE K 100", "EXPIRE K 100 NX", "EXPIRE K 0", "EXPIRE K -1", "PEXPIRE K 100000 XX",
	"EXPIREAT K 9999999999", "PEXPIREAT K 1", "PEXPIREAT K 9999999999999 GT", "EXPIRE K x", "PERSIST K", "GETEX K EX 50",
	"GETEX K PERSIST", "GETEX K", "GETEX K PXAT 1", "GETEX K EX 0",
	"MOVE K 1", "MOVE K 15", "MOVE K 0", "MOVE K x", "COPY K K DB 1", "COPY K K DB 1 REPLACE", "COPY K K DB 15", "COPY K K DB 99",
	"PFDEBUG TODENSE K", "PFDEBUG GETREG K", "PFDEBUG ENCODING K", "SORT K ALPHA", "SORT K BY nosort GET #", "SORT K LIMIT 0",
};

/* One more than the greatest number that a plan may have. */
#define PLANS 128
#define PLAN(name, number, ...) _Static_assert((number) < PLANS, "PLANS is too small");
#include "proxy/core/commands/plan.def"
#undef PLAN

struct server {
	int fd;
	struct buffer input;
};

struct replay {
	struct server origin, peer;
	struct resp_requests *parser;
	struct envelope_scratch *scratch;
	struct changes intent, decoded, result;
	struct planned planned;
	struct buffer line, store_commands;
	struct buffer intent_bytes, outcome_bytes;
	unsigned writes, errors;
	bool is_plan_seen[PLANS];
	struct stream_ids ids;
};

/* ---- servers ---- */

static void server_connect(struct server *server, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (server->fd < 0 || connect(server->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror("connect");
		exit(2);
	}
}

static void server_send(struct server *server, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t count = write(server->fd, bytes.ptr, bytes.len);
		assert(count > 0);
		bytes.ptr += count;
		bytes.len -= (size_t)count;
	}
}

/* The next COUNT replies, in the server's input: valid until the next call. */
static void server_read(struct server *server, unsigned count, struct slice *replies)
{
	struct resp_frame frame = { 0 };
	size_t ends[REPLIES_MAX + 1] = { 0 };
	assert(count <= REPLIES_MAX);
	buffer_reset(&server->input);
	for (unsigned found = 0; found < count;) {
		struct slice input = buffer_slice(&server->input);
		size_t len;
		enum resp_state state = resp_frame_next(&frame, (struct slice){ input.ptr + ends[found], input.len - ends[found] }, &len);
		assert(state != RESP_ERROR);
		if (state == RESP_READY) {
			ends[found + 1] = ends[found] + len;
			found++;
			frame = (struct resp_frame){ 0 };
			continue;
		}
		char *room = buffer_grow(&server->input, READ_CHUNK);
		ssize_t received = read(server->fd, room, READ_CHUNK);
		assert(received > 0);
		server->input.len -= READ_CHUNK - (size_t)received;
	}
	for (unsigned i = 0; i < count; i++)
		replies[i] = (struct slice){ server->input.ptr + ends[i], ends[i + 1] - ends[i] };
}

static struct slice server_ask(struct server *server, unsigned argc, const struct slice *argv)
{
	struct buffer command = { 0 };
	struct slice reply;
	resp_add_command(&command, argc, argv);
	server_send(server, buffer_slice(&command));
	buffer_free(&command);
	server_read(server, 1, &reply);
	return reply;
}

#define ASK(server, ...) \
	server_ask(server, sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice), (struct slice[]){ __VA_ARGS__ })

/* ---- a random write ---- */

static unsigned below(unsigned limit)
{
	return (unsigned)rand() % limit;
}

static void add_named(struct buffer *word, const char *prefix, unsigned number)
{
	buffer_add_text(word, prefix);
	buffer_add_uint64(word, number);
}

static void add_dump(struct replay *replay, struct buffer *word)
{
	struct buffer key = { 0 };
	struct reply dump;
	add_named(&key, "k", below(8));
	struct slice reply = ASK(&replay->origin, SLICE("DUMP"), buffer_slice(&key));
	if (reply_read(&reply, &dump) && dump.type == REPLY_STRING)
		buffer_add(word, dump.text);
	buffer_free(&key);
}

static void expand_word(struct replay *replay, struct slice template, struct buffer *word)
{
	switch (template.len == 1 ? template.ptr[0] : '\0') {
	case 'K': add_named(word, "k", below(8)); break;
	case 'M': add_named(word, "m", below(4)); break;
	case 'V': add_named(word, "v", below(100)); break;
	case 'N': buffer_add_int64(word, (int64_t)below(200) - 100); break;
	case 'F': add_named(word, below(2) ? "-0." : "3.", below(1000)); break;
	case 'D': add_dump(replay, word); break;
	default: buffer_add(word, template); break;
	}
}

static void write_choose(struct replay *replay)
{
	struct buffer words = { 0 }, word = { 0 };
	const char *at = templates[below(sizeof(templates) / sizeof(templates[0]))];
	unsigned count = 0;
	if (below(FLUSH_EVERY) == 0)
		at = below(2) ? "FLUSHDB" : "FLUSHALL ASYNC";
	for (; *at != '\0'; count++) {
		size_t len = strcspn(at, " ");
		buffer_reset(&word);
		expand_word(replay, (struct slice){ at, len }, &word);
		resp_add_bulk(&words, buffer_slice(&word));
		at += len + (at[len] == ' ');
	}
	buffer_reset(&replay->line);
	resp_add_array(&replay->line, count);
	buffer_add(&replay->line, buffer_slice(&words));
	buffer_free(&words);
	buffer_free(&word);
}

/* ---- changes on the peer ---- */

static struct slice number_text(int64_t number, char *text, size_t size)
{
	return (struct slice){ text, (size_t)snprintf(text, size, "%lld", (long long)number) };
}

static struct slice change_apply_here(struct server *peer, const struct change *change);

/* The element that stands there gives way to a value that no list of this test holds, and comes back behind the new one. */
static struct slice list_insert(struct server *peer, const struct change *change)
{
	char index[32];
	struct slice at = number_text(change->number, index, sizeof(index)), key = change->key, mark = SLICE("(mark)");
	struct slice old = ASK(peer, SLICE("LINDEX"), key, at);
	struct reply reply;
	struct buffer kept = { 0 };
	if (!reply_read(&old, &reply) || reply.type != REPLY_STRING)
		return SLICE("-ERR no element is there\r\n");
	buffer_add(&kept, reply.text);
	ASK(peer, SLICE("LSET"), key, at, mark);
	ASK(peer, SLICE("LINSERT"), key, SLICE("BEFORE"), mark, change->value);
	struct slice answer = ASK(peer, SLICE("LSET"), key, number_text(change->number + 1, index, sizeof(index)), buffer_slice(&kept));
	buffer_free(&kept);
	return answer;
}

static struct slice list_remove(struct server *peer, const struct change *change)
{
	char index[32];
	for (uint64_t i = 0; i < change->amount; i++)
		ASK(peer, SLICE("LSET"), change->key, number_text(change->number + (int64_t)i, index, sizeof(index)), SLICE("(mark)"));
	return ASK(peer, SLICE("LREM"), change->key, SLICE("0"), SLICE("(mark)"));
}

static struct slice stream_add(struct server *peer, const struct change *change)
{
	struct slice argv[16] = { SLICE("XADD"), change->key, change->element }, cursor = change->value;
	struct reply field;
	unsigned argc = 3;
	while (cursor.len > 0 && argc < 16 && reply_read(&cursor, &field))
		argv[argc++] = field.text;
	return server_ask(peer, argc, argv);
}

static struct slice pfadd(struct server *peer, struct slice key, struct slice words)
{
	struct slice answer = { "", 0 };
	struct reply word;
	while (words.len > 0 && reply_read(&words, &word))
		answer = ASK(peer, SLICE("PFADD"), key, word.text);
	return answer;
}

static struct slice change_apply(struct server *peer, const struct change *change)
{
	char digits[32];
	ASK(peer, SLICE("SELECT"), number_text(change->db == DB_ALL ? 0 : (int64_t)change->db, digits, sizeof(digits)));
	return change_apply_here(peer, change);
}

static struct slice change_apply_here(struct server *peer, const struct change *change)
{
	char digits[32], score[40];
	struct slice key = change->key, element = change->element, value = change->value;
	struct slice number = number_text(change->number, digits, sizeof(digits));
	if (change->expire_at_ms != 0)
		number = number_text(change->expire_at_ms, digits, sizeof(digits));
	struct slice score_text = { score, (size_t)snprintf(score, sizeof(score), "%.17g", change->score) };
	switch (change->kind) {
	case CHANGE_SET:
		if (change->expire_at_ms == EXPIRE_KEEP)
			return ASK(peer, SLICE("SET"), key, value, SLICE("KEEPTTL"));
		return change->expire_at_ms == 0 ? ASK(peer, SLICE("SET"), key, value)
		                                 : ASK(peer, SLICE("SET"), key, value, SLICE("PXAT"), number);
	case CHANGE_CLEAR: return ASK(peer, SLICE("DEL"), key);
	case CHANGE_FLUSH: return change->db == DB_ALL ? ASK(peer, SLICE("FLUSHALL")) : ASK(peer, SLICE("FLUSHDB"));
	case CHANGE_INCREMENT: return ASK(peer, SLICE("INCRBY"), key, number);
	case CHANGE_INCREMENT_FLOAT: return ASK(peer, SLICE("SET"), key, change->result, SLICE("KEEPTTL"));
	case CHANGE_FIELD_SET: return ASK(peer, SLICE("HSET"), key, element, value);
	case CHANGE_FIELD_REMOVE: return ASK(peer, SLICE("HDEL"), key, element);
	case CHANGE_FIELD_INCREMENT: return ASK(peer, SLICE("HINCRBY"), key, element, number);
	case CHANGE_FIELD_INCREMENT_FLOAT: return ASK(peer, SLICE("HSET"), key, element, change->result);
	case CHANGE_MEMBER_ADD: return ASK(peer, SLICE("SADD"), key, element);
	case CHANGE_MEMBER_REMOVE: return ASK(peer, SLICE("SREM"), key, element);
	case CHANGE_SCORE_SET: return ASK(peer, SLICE("ZADD"), key, score_text, element);
	case CHANGE_SCORE_REMOVE: return ASK(peer, SLICE("ZREM"), key, element);
	case CHANGE_SCORE_INCREMENT: return ASK(peer, SLICE("ZADD"), key, change->result, element);
	case CHANGE_EXPIRE: break;
	case CHANGE_SIBLING: break;  /* no command ships one */
	case CHANGE_APPEND: return ASK(peer, SLICE("APPEND"), key, value);
	case CHANGE_RANGE: return ASK(peer, SLICE("SETRANGE"), key, number, value);
	case CHANGE_UNION:
		if (change->number == UNION_WORDS)
			return pfadd(peer, key, value);
		ASK(peer, SLICE("SET"), SLICE("(mark)"), value);
		ASK(peer, SLICE("PFMERGE"), key, SLICE("(mark)"));
		return ASK(peer, SLICE("DEL"), SLICE("(mark)"));
	case CHANGE_LIST_INSERT:
		if (change->number > 0)
			return list_insert(peer, change);
		return ASK(peer, change->number == 0 ? SLICE("LPUSH") : SLICE("RPUSH"), key, value);
	case CHANGE_LIST_REMOVE: return list_remove(peer, change);
	case CHANGE_LIST_SET: return ASK(peer, SLICE("LSET"), key, number, value);
	case CHANGE_STREAM_ADD: return stream_add(peer, change);
	case CHANGE_STREAM_REMOVE: return ASK(peer, SLICE("XDEL"), key, element);
	case CHANGE_STREAM_TRIM:
		ASK(peer, SLICE("XTRIM"), key, SLICE("MINID"), value);
		return change->number == 1 ? ASK(peer, SLICE("XDEL"), key, value) : (struct slice){ ":0\r\n", 4 };
	case CHANGE_STREAM_REACH:
		ASK(peer, SLICE("XGROUP"), SLICE("CREATE"), key, SLICE("none"), SLICE("$"), SLICE("MKSTREAM"));
		ASK(peer, SLICE("XGROUP"), SLICE("DESTROY"), key, SLICE("none"));
		return ASK(peer, SLICE("XSETID"), key, value);
	case CHANGE_BITS: {
		char type[8], at[32];
		snprintf(type, sizeof(type), "i%u", bits_width(change->number));
		return ASK(peer, SLICE("BITFIELD"), key, SLICE("SET"), slice_of(type), number_text((int64_t)bits_at(change->number), at, sizeof(at)), value);
	}
	}
	return change->expire_at_ms == 0 ? ASK(peer, SLICE("PERSIST"), key) : ASK(peer, SLICE("PEXPIREAT"), key, number);
}

static bool reply_equal(struct replay *replay, struct slice command, struct slice argument)
{
	struct slice ours = ASK(&replay->origin, command, argument), theirs = ASK(&replay->peer, command, argument);
	return slice_equal(ours, theirs);
}

static bool servers_agree(struct replay *replay, const struct request *request)
{
	bool is_equal = reply_equal(replay, SLICE("DEBUG"), SLICE("DIGEST"));
	ASK(&replay->peer, SLICE("SELECT"), SLICE("0"));
	for (uint32_t i = 1; i < request->argc && is_equal; i++)
		is_equal = reply_equal(replay, SLICE("PEXPIRETIME"), request->argv[i]);
	return is_equal;
}

/* ---- a write, from the command to the peer ---- */

/* CHANGES as they come out of an envelope: replay->decoded, which points into BYTES. */
static bool envelope_pass(struct replay *replay, enum plan pending, const struct changes *changes, struct buffer *bytes)
{
	const struct batch header = { .dc = SLICE("a"), .first_seq = 1 };
	struct batch batch;
	struct slice raw;
	buffer_reset(bytes);
	envelope_begin(bytes, &header);
	envelope_add_write(bytes, pending, changes);
	return envelope_decode(buffer_slice(bytes), replay->scratch, &batch) == ENVELOPE_OK &&
	       envelope_write_next(&batch.writes, &pending, &replay->decoded, &raw) && replay->decoded.count == changes->count;
}

/* Runs the planned commands in a transaction. Replies are EXEC's. */
static void write_execute(struct replay *replay, struct slice *replies)
{
	struct reply array;
	struct slice answers[REPLIES_MAX];
	unsigned count = replay->planned.replies;
	server_send(&replay->origin, buffer_slice(&replay->store_commands));
	server_read(&replay->origin, count + 2, answers);      /* MULTI, QUEUED …, EXEC */
	struct slice cursor = answers[count + 1];
	bool is_array = reply_read(&cursor, &array) && array.type == REPLY_ARRAY && (unsigned)array.integer == count;
	assert(is_array);
	for (unsigned i = 0; i < count; i++) {
		const char *start = cursor.ptr;
		bool is_whole = reply_skip(&cursor);
		assert(is_whole);
		replies[i] = (struct slice){ start, (size_t)(cursor.ptr - start) };
	}
}

static const char *outcome_replay(struct replay *replay, const struct slice *replies)
{
	plan_finish(replay->planned.plan, &replay->decoded, replies, &replay->result);
	if (!envelope_pass(replay, PLAN_NONE, &replay->result, &replay->outcome_bytes))
		return "the outcome does not pass an envelope";
	for (unsigned i = 0; i < replay->decoded.count; i++)
		if (reply_is_error(change_apply(&replay->peer, &replay->decoded.items[i])))
			return "the peer refuses a change";
	return NULL;
}

/* NULL, or what is wrong. */
static const char *write_replay(struct replay *replay, const struct request *request)
{
	struct timeval now;
	gettimeofday(&now, NULL);
	const struct plan_world world = {
		.now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000, .db = 0, .reserved_db = 15, .databases = 16, .ids = &replay->ids, .is_whole = below(4) == 0,
	};
	replay->ids.now_ms = world.now_ms;
	struct slice replies[REPLIES_MAX];
	struct changes *intent = &replay->intent;
	intent->count = 0;
	buffer_reset(&replay->store_commands);
	resp_add_command(&replay->store_commands, 1, (const struct slice[]){ SLICE("MULTI") });
	const char *error = plan_command(command_find(request->argc, request->argv), request, &world,
	                                 &(struct plan_output){ &replay->store_commands, intent, &replay->planned });
	if (error != NULL)
		return error;
	resp_add_command(&replay->store_commands, 1, (const struct slice[]){ SLICE("EXEC") });
	enum plan plan = replay->planned.plan;
	bool is_pending = plan_certainty(plan) == CERTAINTY_PENDING;
	if (!envelope_pass(replay, is_pending ? plan : PLAN_NONE, intent, &replay->intent_bytes))
		return "the intent does not pass an envelope";
	write_execute(replay, replies);
	replay->writes++;
	replay->is_plan_seen[plan] = true;
	bool is_void = reply_is_error(replies[replay->planned.answer]);
	replay->errors += is_void;
	if (!is_void)
		error = outcome_replay(replay, replies);
	if (error != NULL)
		return error;
	return servers_agree(replay, request) ? NULL : "the servers differ";
}

/* Internal writes have no command, scripts have tests of their own, SORT always reads, and GEORADIUS does not need its plan to be right. */
static bool plan_is_wanted(unsigned plan)
{
	bool is_internal = plan >= PLAN_READBACK && plan <= PLAN_UNTIMED, is_script = plan == PLAN_SCRIPT || plan == PLAN_SCRIPT_LOAD;
	/* What those of consumer groups ship is no command of a peer's: test_groups.py. */
	bool is_group = plan == PLAN_GROUP || plan == PLAN_GROUP_CLAIM || plan == PLAN_GROUP_READ;
	return plan_is_known(plan) && !is_internal && !is_script && !is_group && plan != PLAN_GEORADIUS && plan != PLAN_SORT;
}

static unsigned plans_unseen(const struct replay *replay)
{
	unsigned unseen = 0;
	for (unsigned plan = PLAN_NONE + 1; plan < PLANS; plan++) {
		if (!plan_is_wanted(plan) || replay->is_plan_seen[plan])
			continue;
		printf("plan %u of plan.def is not seen\n", plan);
		unseen++;
	}
	return unseen;
}

int main(int argc, char **argv)
{
	static const struct resp_limits limits = { 1000, 1000000, 1000 };
	static struct replay replay;
	replay.parser = resp_requests_new();
	replay.scratch = envelope_scratch_new();
	if (argc != 6)
		return 2;
	server_connect(&replay.origin, atoi(argv[1]));
	server_connect(&replay.peer, atoi(argv[2]));
	ASK(&replay.origin, SLICE("HELLO"), slice_of(argv[3]));
	srand((unsigned)atoi(argv[4]));
	for (int i = 0; i < atoi(argv[5]); i++) {
		struct request request;
		size_t used;
		const char *error;
		write_choose(&replay);
		enum resp_state state = resp_request_next(replay.parser, &limits, buffer_slice(&replay.line), &request, &used, &error);
		assert(state == RESP_READY);
		error = write_replay(&replay, &request);
		if (error != NULL) {
			printf("write %d of seed %s: %s:\n%.*s", i, argv[4], error, (int)replay.line.len, replay.line.ptr);
			return 1;
		}
	}
	unsigned unseen = plans_unseen(&replay);
	printf("%u writes, %u of them errors, %u plans not seen\n", replay.writes, replay.errors, unseen);
	return unseen != 0;
}
