/* Facts about plans: what each command is sent as, what it intends, and what its replies make of that.
 * A case is one line in, one line of store commands and one line of changes out. */
#include "proxy/core/commands/plan.h"

#include "proxy/core/commands/command.h"
#include "proxy/core/commands/stream_id.h"

#include <CUnit/CUnit.h>
#include <string.h>

void suite_plan(void);

static struct stream_tops tops;
static struct stream_ids ids;
static const struct plan_world world = { .now_ms = 1000000, .db = 2, .reserved_db = 3, .databases = 4, .ids = &ids };

struct planning {
	struct resp_requests *parser;
	struct buffer store_commands;
	struct changes intent;
	struct planned planned;
	const char *error;
};

/* LINE is an inline command. */
static void plan_line(struct planning *planning, const char *line)
{
	static const struct resp_limits limits = { 100, 1000, 1000 };
	struct request request;
	size_t used;
	*planning = (struct planning){ .parser = resp_requests_new() };
	CU_ASSERT_EQUAL_FATAL(resp_request_next(planning->parser, &limits, slice_of(line), &request, &used, &planning->error), RESP_READY);
	const struct command *command = command_find(request.argc, request.argv);
	CU_ASSERT_PTR_NOT_NULL_FATAL(command);
	planning->error = plan_command(command, &request, &world, &(struct plan_output){ &planning->store_commands, &planning->intent, &planning->planned });
}

static void planning_free(struct planning *planning)
{
	resp_requests_free(planning->parser);
	buffer_free(&planning->store_commands);
	changes_free(&planning->intent);
}

/* "GET k; PEXPIRETIME k;" */
static void describe_commands(struct slice commands, struct buffer *out)
{
	struct reply array, word;
	while (commands.len > 0 && reply_read(&commands, &array)) {
		for (int64_t i = 0; i < array.integer && reply_read(&commands, &word); i++) {
			buffer_add(out, word.text.len > 300 ? SLICE("(script)") : word.text);
			buffer_add_text(out, i + 1 == array.integer ? "; " : " ");
		}
	}
}

static const char *const kind_names[] = {
	[CHANGE_SET] = "set", [CHANGE_CLEAR] = "clear", [CHANGE_FLUSH] = "flush", [CHANGE_INCREMENT] = "increment",
	[CHANGE_INCREMENT_FLOAT] = "increment-float", [CHANGE_FIELD_SET] = "field", [CHANGE_FIELD_REMOVE] = "field-remove",
	[CHANGE_FIELD_INCREMENT] = "field-increment", [CHANGE_FIELD_INCREMENT_FLOAT] = "field-increment-float",
	[CHANGE_MEMBER_ADD] = "member", [CHANGE_MEMBER_REMOVE] = "member-remove", [CHANGE_SCORE_SET] = "score",
	[CHANGE_SCORE_REMOVE] = "score-remove", [CHANGE_SCORE_INCREMENT] = "score-increment", [CHANGE_EXPIRE] = "expire",
	[CHANGE_APPEND] = "append", [CHANGE_RANGE] = "range", [CHANGE_BITS] = "bits", [CHANGE_UNION] = "union",
	[CHANGE_LIST_INSERT] = "insert", [CHANGE_LIST_REMOVE] = "take", [CHANGE_LIST_SET] = "put",
	[CHANGE_STREAM_ADD] = "entry", [CHANGE_STREAM_REMOVE] = "entry-remove", [CHANGE_STREAM_TRIM] = "trim", [CHANGE_STREAM_REACH] = "reach",
};

static void describe_text(struct slice text, struct buffer *out)
{
	if (text.len == 0)
		return;
	buffer_add_byte(out, ' ');
	buffer_add(out, text);
}

static void describe_number(const char *name, int64_t number, struct buffer *out)
{
	if (number == 0)
		return;
	buffer_add_text(out, name);
	buffer_add_int64(out, number);
}

/* "field k element value; expire k at=5; " scores in thousandths */
static void describe_changes(const struct changes *changes, struct buffer *out)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		buffer_add_text(out, kind_names[change->kind]);
		if (change->db != world.db && change->db != DB_ALL)
			describe_number(" in=", change->db, out);
		describe_text(change->key, out);
		describe_text(change->element, out);
		describe_text(change->value, out);
		describe_number(" +", change->number, out);
		describe_number(" amount=", (int64_t)change->amount, out);
		describe_number(" of=", (int64_t)change->length, out);
		describe_number(" *", (int64_t)(change->score * 1000), out);
		describe_number(" at=", change->expire_at_ms, out);
		describe_text(change->result, out);
		buffer_add_text(out, "; ");
	}
}

static bool text_is(struct buffer *text, const char *expected, const char *line)
{
	bool is_equal = slice_equal(buffer_slice(text), slice_of(expected));
	if (!is_equal)
		printf("\n    %s    expected %s\n    found    %.*s\n", line, expected, (int)text->len, buffer_slice(text).ptr);
	buffer_free(text);
	return is_equal;
}

static bool sends(const char *line, enum plan plan, const char *commands, const char *intent)
{
	struct planning planning;
	struct buffer found_commands = { 0 }, found_intent = { 0 };
	plan_line(&planning, line);
	describe_commands(buffer_slice(&planning.store_commands), &found_commands);
	describe_changes(&planning.intent, &found_intent);
	bool is_plan = planning.error == NULL && planning.planned.plan == plan;
	if (!is_plan)
		printf("\n    %s    plan %d, expected %d\n", line, (int)planning.planned.plan, (int)plan);
	planning_free(&planning);
	bool is_sent = text_is(&found_commands, commands, line);
	return text_is(&found_intent, intent, line) && is_sent && is_plan;
}

#define REPLIES_MAX 12

/* REPLIES are raw, one after another. */
static bool finishes(const char *line, const char *replies, const char *expected)
{
	struct planning planning;
	struct slice cursor = slice_of(replies), items[REPLIES_MAX];
	unsigned count = 0;
	for (; cursor.len > 0 && count < REPLIES_MAX; count++) {
		const char *start = cursor.ptr;
		CU_ASSERT_FATAL(reply_skip(&cursor));
		items[count] = (struct slice){ start, (size_t)(cursor.ptr - start) };
	}
	plan_line(&planning, line);
	CU_ASSERT_PTR_NULL_FATAL(planning.error);
	CU_ASSERT_EQUAL(planning.planned.replies, count);
	struct changes result = { 0 };
	struct buffer found = { 0 };
	plan_finish(planning.planned.plan, &planning.intent, items, &result);
	describe_changes(&result, &found);
	bool is_equal = text_is(&found, expected, line);
	changes_free(&result);
	planning_free(&planning);
	return is_equal;
}

static bool refuses(const char *line, const char *error)
{
	struct planning planning;
	plan_line(&planning, line);
	bool is_refused = planning.error != NULL && strstr(planning.error, error) != NULL && planning.store_commands.len == 0 &&
	                  planning.intent.count == 0;
	planning_free(&planning);
	return is_refused;
}

#define SEEN "PEXPIRETIME k; GET k; "
#define WHOLE(key) "PEXPIRETIME " key "; GET " key "; HGETALL " key "; SMEMBERS " key "; ZRANGE " key " 0 -1 WITHSCORES; LRANGE " key " 0 -1; XINFO STREAM " key "; XRANGE " key " - +; EVAL (script) 1 " key "; "

static void set_is_certain_and_carries_an_absolute_deadline(void)
{
	CU_ASSERT(sends("SET k v\n", PLAN_SET, "SET k v; ", "set k v; "));
	CU_ASSERT(sends("SET k v EX 5\n", PLAN_SET, "SET k v PXAT 1005000; ", "set k v at=1005000; "));
	CU_ASSERT(sends("set k v px 5\n", PLAN_SET, "SET k v PXAT 1000005; ", "set k v at=1000005; "));
	CU_ASSERT(sends("SET k v EXAT 5\n", PLAN_SET, "SET k v PXAT 5000; ", "set k v at=5000; "));
	CU_ASSERT(sends("SET k v PXAT 5\n", PLAN_SET, "SET k v PXAT 5; ", "set k v at=5; "));
	CU_ASSERT(sends("SET k v KEEPTTL\n", PLAN_SET, "SET k v KEEPTTL; ", "set k v at=-1; "));
	CU_ASSERT(sends("SETEX k 5 v\n", PLAN_SETEX, "SET k v PXAT 1005000; ", "set k v at=1005000; "));
	CU_ASSERT(sends("PSETEX k 5 v\n", PLAN_PSETEX, "SET k v PXAT 1000005; ", "set k v at=1000005; "));
	CU_ASSERT(sends("GETSET k v\n", PLAN_REPLACE, "GETSET k v; ", "set k v; "));
	CU_ASSERT(sends("SET k v GET\n", PLAN_REPLACE, "SET k v GET; ", "set k v; "));
}

static void conditional_set_is_settled_by_its_reply(void)
{
	CU_ASSERT(sends("SET k v NX EX 5\n", PLAN_SET_IF, "SET k v PXAT 1005000 NX; ", "set k v at=1005000; "));
	CU_ASSERT(finishes("SET k v NX EX 5\n", "+OK\r\n", "set k v at=1005000; "));
	CU_ASSERT(finishes("SET k v NX\n", "$-1\r\n", ""));
	CU_ASSERT(finishes("SET k v XX\n", "_\r\n", ""));
	CU_ASSERT(finishes("SET k v XX GET\n", "$1\r\no\r\n", "set k v; "));
	CU_ASSERT(finishes("SET k v XX GET\n", "_\r\n", ""));
	CU_ASSERT(finishes("SET k v NX GET\n", "_\r\n", "set k v; "));
	CU_ASSERT(finishes("SET k v NX GET\n", "$1\r\no\r\n", ""));
	CU_ASSERT(finishes("SETNX k v\n", ":1\r\n", "set k v; "));
	CU_ASSERT(finishes("SETNX k v\n", ":0\r\n", ""));
	CU_ASSERT(finishes("MSETNX a 1 b 2\n", ":1\r\n", "set a 1; set b 2; "));
	CU_ASSERT(finishes("MSETNX a 1 b 2\n", ":0\r\n", ""));
}

static void what_cannot_be_read_is_sent_as_it_is_and_seen_afterwards(void)
{
	CU_ASSERT(sends("SET k v EX 0\n", PLAN_SET_SEEN, "SET k v EX 0; " SEEN, "set k v; "));
	CU_ASSERT(sends("SET k v NX XX\n", PLAN_SET_SEEN, "SET k v NX XX; " SEEN, "set k v; "));
	CU_ASSERT(sends("SET k v EX\n", PLAN_SET_SEEN, "SET k v EX; " SEEN, "set k v; "));
	CU_ASSERT(sends("SET k v EX 9223372036854775807\n", PLAN_SET_SEEN, "SET k v EX 9223372036854775807; " SEEN, "set k v; "));
	CU_ASSERT(finishes("SET k v IFEQ x\n", "+OK\r\n:77\r\n$1\r\nv\r\n", "set k v at=77; "));
	CU_ASSERT(finishes("SET k v IFEQ x\n", "_\r\n:-1\r\n$1\r\no\r\n", ""));
	CU_ASSERT(sends("SETEX k x v\n", PLAN_VOID, "SETEX k x v; ", ""));
	CU_ASSERT(sends("MSET a 1 b\n", PLAN_VOID, "MSET a 1 b; ", ""));
	CU_ASSERT(sends("INCRBY k x\n", PLAN_VOID, "INCRBY k x; ", ""));
	CU_ASSERT(sends("DECRBY k -9223372036854775808\n", PLAN_VOID, "DECRBY k -9223372036854775808; ", ""));
	CU_ASSERT(sends("ZADD k 1 a x b\n", PLAN_VOID, "ZADD k 1 a x b; ", ""));
	CU_ASSERT(sends("ZADD k NX CH INCR\n", PLAN_VOID, "ZADD k NX CH INCR; ", ""));
}

static void strings_ship_increments_or_the_whole_value(void)
{
	CU_ASSERT(sends("MSET a 1 b 2\n", PLAN_MSET, "MSET a 1 b 2; ", "set a 1; set b 2; "));
	CU_ASSERT(sends("INCR k\n", PLAN_INCREMENT, "INCR k; ", "increment k +1; "));
	CU_ASSERT(sends("DECRBY k 5\n", PLAN_DECREMENT, "DECRBY k 5; ", "increment k +-5; "));
	CU_ASSERT(finishes("INCRBYFLOAT k 0.5\n", "$3\r\n1.5\r\n", "increment-float k 0.5 1.5; "));
	CU_ASSERT(finishes("BITOP AND k a b\n", ":1\r\n$1\r\nx\r\n", "set k x; "));
	CU_ASSERT(finishes("BITOP AND k a b\n", ":0\r\n$-1\r\n", "clear k; "));
}

static void parts_of_strings_ship_what_they_write(void)
{
	CU_ASSERT(sends("APPEND k v\n", PLAN_APPEND, "APPEND k v; ", "append k v; "));
	CU_ASSERT(finishes("APPEND k v\n", ":3\r\n", "append k v; "));
	CU_ASSERT(finishes("APPEND k \"\"\n", ":0\r\n", "append k; "));
	CU_ASSERT(sends("SETRANGE k 7 v\n", PLAN_SETRANGE, "SETRANGE k 7 v; ", "range k v +7; "));
	CU_ASSERT(sends("SETRANGE k 7 \"\"\n", PLAN_VOID, "SETRANGE k 7 ; ", ""));
	CU_ASSERT(sends("SETRANGE k -1 v\n", PLAN_VOID, "SETRANGE k -1 v; ", ""));
	CU_ASSERT(sends("SETBIT k 7 1\n", PLAN_SETBIT, "SETBIT k 7 1; ", "bits k 1 +448; "));
	CU_ASSERT(sends("PFADD k a b\n", PLAN_PFADD, "PFADD k a b; ", "union k $1\r\na\r\n$1\r\nb\r\n; "));
	CU_ASSERT(finishes("PFADD k a b\n", ":1\r\n", "union k $1\r\na\r\n$1\r\nb\r\n; "));
	CU_ASSERT(finishes("PFADD k a\n", ":0\r\n", ""));
	CU_ASSERT(finishes("PFMERGE k a\n", "+OK\r\n$1\r\nH\r\n", "union k H +1; "));
	CU_ASSERT(sends("SETBIT k 7 2\n", PLAN_VOID, "SETBIT k 7 2; ", ""));
	CU_ASSERT(sends("BITFIELD k GET u8 0\n", PLAN_VOID, "BITFIELD k GET u8 0; ", ""));
	CU_ASSERT(sends("BITFIELD k GET u4 0 INCRBY u8 #2 1 OVERFLOW FAIL SET i5 3 9\n", PLAN_BITFIELD,
	                "BITFIELD k GET u4 0 INCRBY u8 #2 1 OVERFLOW FAIL SET i5 3 9; BITFIELD k GET u8 #2 GET i5 3; ", "bits k 0 +1031; bits k 0 +196; "));
	CU_ASSERT(finishes("BITFIELD k INCRBY u8 #2 1 SET i5 3 9\n", "*2\r\n:1\r\n:0\r\n*2\r\n:200\r\n:-7\r\n", "bits k 200 +1031; bits k -7 +196; "));
}

static void hashes_ship_fields(void)
{
	CU_ASSERT(sends("HSET k a 1 b 2\n", PLAN_FIELDS_SET, "HSET k a 1 b 2; ", "field k a 1; field k b 2; "));
	CU_ASSERT(sends("HSET k a 1 b\n", PLAN_VOID, "HSET k a 1 b; ", ""));
	CU_ASSERT(sends("HDEL k a b\n", PLAN_FIELDS_REMOVE, "HDEL k a b; ", "field-remove k a; field-remove k b; "));
	CU_ASSERT(sends("HINCRBY k a -2\n", PLAN_FIELD_INCREMENT, "HINCRBY k a -2; ", "field-increment k a +-2; "));
	CU_ASSERT(finishes("HINCRBYFLOAT k a 0.5\n", "$1\r\n2\r\n", "field-increment-float k a 0.5 2; "));
	CU_ASSERT(finishes("HSETNX k a 1\n", ":1\r\n", "field k a 1; "));
	CU_ASSERT(finishes("HSETNX k a 1\n", ":0\r\n", ""));
}

static void sets_ship_members(void)
{
	CU_ASSERT(sends("SADD k a b\n", PLAN_MEMBERS_ADD, "SADD k a b; ", "member k a; member k b; "));
	CU_ASSERT(sends("SREM k a\n", PLAN_MEMBERS_REMOVE, "SREM k a; ", "member-remove k a; "));
	CU_ASSERT(finishes("SPOP k\n", "$1\r\na\r\n", "member-remove k a; "));
	CU_ASSERT(finishes("SPOP k\n", "_\r\n", ""));
	CU_ASSERT(finishes("SPOP k 2\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "member-remove k a; member-remove k b; "));
	CU_ASSERT(finishes("SPOP k 2\n", "~1\r\n$1\r\na\r\n", "member-remove k a; "));
	CU_ASSERT(finishes("SMOVE k d a\n", ":1\r\n", "member-remove k a; member d a; "));
	CU_ASSERT(finishes("SMOVE k d a\n", ":0\r\n", ""));
	CU_ASSERT(finishes("SUNIONSTORE d a b\n", ":1\r\n~1\r\n$1\r\nx\r\n", "clear d; member d x; "));
	CU_ASSERT(finishes("SINTERSTORE d a b\n", ":0\r\n*0\r\n", "clear d; "));
}

static void sorted_sets_ship_scores(void)
{
	CU_ASSERT(sends("ZADD k CH 1 a 2.5 b\n", PLAN_SCORES_SET, "ZADD k CH 1 a 2.5 b; ", "score k a *1000; score k b *2500; "));
	CU_ASSERT(sends("ZADD k GT 1 a 2 b\n", PLAN_SCORES_CHANGED, "ZMSCORE k a b; ZADD k GT 1 a 2 b; ZMSCORE k a b; ", "score k a *1000; score k b *2000; "));
	CU_ASSERT(finishes("ZADD k GT 1 a 2 b 3 c\n", "*3\r\n$1\r\n5\r\n$1\r\n1\r\n_\r\n:2\r\n*3\r\n$1\r\n5\r\n$1\r\n2\r\n$1\r\n3\r\n", "score k b *2000; score k c *3000; "));
	CU_ASSERT(finishes("ZADD k XX 1 a\n", "*1\r\n_\r\n:0\r\n*1\r\n_\r\n", ""));
	CU_ASSERT(finishes("ZADD k INCR 1.5 a\n", ",2.5\r\n", "score-increment k a *1500 2.5; "));
	CU_ASSERT(finishes("ZADD k XX INCR 1.5 a\n", "$-1\r\n", ""));
	CU_ASSERT(finishes("ZINCRBY k 1 a\n", "$1\r\n3\r\n", "score-increment k a *1000 3; "));
	CU_ASSERT(sends("ZINCRBY k x a\n", PLAN_VOID, "ZINCRBY k x a; ", ""));
	CU_ASSERT(finishes("GEOADD k 1 2 a\n", ":0\r\n*1\r\n,12.5\r\n", "score k a *12500; "));
	CU_ASSERT(finishes("GEOADD k NX 1 2 a\n", "*1\r\n,12.5\r\n:0\r\n*1\r\n,12.5\r\n", ""));
	CU_ASSERT(sends("ZREM k a b\n", PLAN_SCORES_REMOVE, "ZREM k a b; ", "score-remove k a; score-remove k b; "));
	CU_ASSERT(sends("ZREMRANGEBYSCORE k (1 2\n", PLAN_SCORES_REMOVE_SCORE, "ZRANGE k (1 2 BYSCORE; ZREMRANGEBYSCORE k (1 2; ", "score-remove k; "));
	CU_ASSERT(sends("ZREMRANGEBYRANK k 0 1\n", PLAN_SCORES_REMOVE_RANK, "ZRANGE k 0 1; ZREMRANGEBYRANK k 0 1; ", "score-remove k; "));
	CU_ASSERT(finishes("ZREMRANGEBYLEX k [a [b\n", "*1\r\n$1\r\na\r\n:1\r\n", "score-remove k a; "));
	CU_ASSERT(finishes("ZPOPMIN k\n", "*2\r\n$1\r\na\r\n,1\r\n", "score-remove k a; "));
	CU_ASSERT(finishes("ZPOPMAX k 2\n", "*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,0\r\n", "score-remove k a; score-remove k b; "));
	CU_ASSERT(finishes("ZMPOP 2 k l MIN\n", "*2\r\n$1\r\nl\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n", "score-remove l a; "));
	CU_ASSERT(finishes("ZMPOP 2 k l MIN\n", "*-1\r\n", ""));
	CU_ASSERT(sends("ZMPOP 3 k l MIN\n", PLAN_VOID, "ZMPOP 3 k l MIN; ", ""));
	CU_ASSERT(finishes("ZUNIONSTORE d 1 a\n", ":2\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$2\r\n-2\r\n", "clear d; score d a *1000; score d b *-2000; "));
	CU_ASSERT(finishes("ZRANGESTORE d a 0 -1\n", ":1\r\n*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n", "clear d; score d a *1500; "));
	CU_ASSERT(finishes("GEORADIUS k 1 2 3 m STORE d\n", ":0\r\n*0\r\n", "clear d; "));
	CU_ASSERT(sends("GEORADIUS k 1 2 3 m\n", PLAN_VOID, "GEORADIUS k 1 2 3 m; ", ""));
}

static void lists_ship_places(void)
{
	CU_ASSERT(sends("LPUSH k a b\n", PLAN_LIST_PUSH_HEAD, "LPUSH k a b; ", "insert k a; insert k b; "));
	CU_ASSERT(sends("RPUSH k a b\n", PLAN_LIST_PUSH_TAIL, "RPUSH k a b; ", "insert k a +-1; insert k b +-1; "));
	CU_ASSERT(finishes("LPUSHX k a\n", ":0\r\n", ""));
	CU_ASSERT(finishes("RPUSHX k a\n", ":3\r\n", "insert k a +-1; "));
	CU_ASSERT(sends("LINSERT k AFTER p v\n", PLAN_LIST_INSERT, "LLEN k; LPOS k p; LINSERT k AFTER p v; ", "insert k v +1; "));
	CU_ASSERT(finishes("LINSERT k AFTER p v\n", ":5\r\n:2\r\n:6\r\n", "insert k v +3 of=5; "));
	CU_ASSERT(finishes("LINSERT k AFTER p v\n", ":5\r\n:4\r\n:6\r\n", "insert k v +-1; "));
	CU_ASSERT(finishes("LINSERT k BEFORE p v\n", ":5\r\n:0\r\n:6\r\n", "insert k v; "));
	CU_ASSERT(finishes("LINSERT k BEFORE p v\n", ":5\r\n_\r\n:-1\r\n", ""));
	CU_ASSERT(sends("LINSERT k BESIDE p v\n", PLAN_VOID, "LINSERT k BESIDE p v; ", ""));
	CU_ASSERT(sends("LPOP k\n", PLAN_LIST_POP_HEAD, "LLEN k; LPOP k; ", "take k; "));
	CU_ASSERT(finishes("LPOP k\n", ":5\r\n$1\r\na\r\n", "take k amount=1 of=5; "));
	CU_ASSERT(finishes("RPOP k 2\n", ":5\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", "take k +3 amount=2 of=5; "));
	CU_ASSERT(finishes("RPOP k\n", ":0\r\n_\r\n", ""));
	CU_ASSERT(finishes("LPOP k 0\n", ":5\r\n*0\r\n", ""));
	CU_ASSERT(sends("LMPOP 2 k l RIGHT\n", PLAN_LIST_POP_FIRST, "LLEN k; LLEN l; LMPOP 2 k l RIGHT; ", "take k +1; take l +1; "));
	CU_ASSERT(sends("BLMPOP 0 2 k l RIGHT\n", PLAN_LIST_WAIT_FIRST, "LLEN k; LLEN l; BLMPOP 0 2 k l RIGHT; ", "take k +1; take l +1; "));
	CU_ASSERT(sends("BLPOP k l 0\n", PLAN_LIST_WAIT_HEAD, "LLEN k; LLEN l; BLPOP k l 0; ", "take k; take l; "));
	CU_ASSERT(sends("BRPOP k 0\n", PLAN_LIST_WAIT_TAIL, "LLEN k; BRPOP k 0; ", "take k +1; "));
	CU_ASSERT(sends("BLMOVE k l LEFT RIGHT 0\n", PLAN_LIST_MOVE, "LLEN k; BLMOVE k l LEFT RIGHT 0; ", "take k; insert l +-1; "));
	CU_ASSERT(finishes("LMPOP 2 k l RIGHT\n", ":0\r\n:4\r\n*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n", "take l +3 amount=1 of=4; "));
	CU_ASSERT(finishes("LMPOP 2 k l LEFT\n", ":0\r\n:0\r\n_\r\n", ""));
	CU_ASSERT(sends("LMPOP 3 k l LEFT\n", PLAN_VOID, "LMPOP 3 k l LEFT; ", ""));
	CU_ASSERT(finishes("LMOVE k l RIGHT LEFT\n", ":4\r\n$1\r\na\r\n", "take k +3 amount=1 of=4; insert l a; "));
	CU_ASSERT(finishes("LMOVE k l LEFT RIGHT\n", ":4\r\n$1\r\na\r\n", "take k amount=1 of=4; insert l a +-1; "));
	CU_ASSERT(finishes("RPOPLPUSH k l\n", ":0\r\n_\r\n", ""));
	CU_ASSERT(finishes("LSET k 1 v\n", ":4\r\n+OK\r\n", "put k v +1 of=4; "));
	CU_ASSERT(finishes("LSET k -1 v\n", ":4\r\n+OK\r\n", "put k v +3 of=4; "));
	CU_ASSERT(sends("LREM k -1 v\n", PLAN_LIST_REMOVE, "LLEN k; LPOS k v COUNT 0; LREM k -1 v; ", "take k amount=1; "));
	CU_ASSERT(finishes("LREM k 0 v\n", ":5\r\n*2\r\n:1\r\n:3\r\n:2\r\n", "take k +3 amount=1 of=5; take k +1 amount=1 of=4; "));
	CU_ASSERT(finishes("LREM k -1 v\n", ":5\r\n*2\r\n:1\r\n:3\r\n:1\r\n", "take k +3 amount=1 of=5; "));
	CU_ASSERT(finishes("LREM k 1 v\n", ":5\r\n*2\r\n:1\r\n:3\r\n:1\r\n", "take k +1 amount=1 of=5; "));
	CU_ASSERT(finishes("LREM k 1 v\n", ":5\r\n*0\r\n:0\r\n", ""));
	CU_ASSERT(sends("LTRIM k 1 -2\n", PLAN_LIST_TRIM, "LLEN k; LTRIM k 1 -2; LLEN k; ", "take k +1; "));
	CU_ASSERT(finishes("LTRIM k 1 -2\n", ":5\r\n+OK\r\n:3\r\n", "take k +4 amount=1 of=5; take k amount=1 of=4; "));
	CU_ASSERT(finishes("LTRIM k -2 -1\n", ":5\r\n+OK\r\n:2\r\n", "take k amount=3 of=5; "));
	CU_ASSERT(finishes("LTRIM k 9 9\n", ":5\r\n+OK\r\n:0\r\n", "take k amount=5 of=5; "));
	CU_ASSERT(finishes("LTRIM k 0 -1\n", ":5\r\n+OK\r\n:5\r\n", ""));
	CU_ASSERT(finishes("RENAME k d\n", "+OK\r\n:-1\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n",
	                   "clear k; clear d; insert d a +-1; insert d b +-1; "));
}

/* Does an XADD go by the script that finds an id above what is there? It begins with ID. */
static bool goes_by_script(const char *line, const char *id)
{
	struct planning planning;
	struct buffer found = { 0 };
	plan_line(&planning, line);
	describe_changes(&planning.intent, &found);
	struct slice sent = buffer_slice(&planning.store_commands);
	struct reply head, word;
	bool is_script = reply_read(&sent, &head) && reply_read(&sent, &word) && slice_equal(word.text, SLICE("EVAL"));
	bool is_careful = planning.planned.plan == PLAN_STREAM_ADD_SEEN && planning.planned.choice == ID_GIVEN;
	planning_free(&planning);
	buffer_add_byte(&found, '\0');
	bool has_id = strstr(found.ptr, id) != NULL;
	buffer_free(&found);
	return is_script && is_careful && has_id;
}

/* No command that was refused is run again behind others of its client, unless somebody writes to Redis itself. */
static void ids_go_as_they_are_where_nothing_above_them_is_known_to_be(void)
{
	struct slice key = SLICE("k");
	stream_tops_forget_all(&tops);
	ids = (struct stream_ids){ .now_ms = 7000, .clock_ms = 7000, .place = 1, .bits = 2, .tops = &tops };
	CU_ASSERT(goes_by_script("XADD k * f x\n", "entry k 7000-1 "));
	CU_ASSERT(goes_by_script("XADD k * f x\n", "entry k 7000-5 "));
	stream_tops_learn(ids.tops, world.db, key, 7000, 1);
	CU_ASSERT(goes_by_script("XADD k * f x\n", "entry k 7000-9 "));
	stream_tops_learn(ids.tops, world.db, key, 7000, 9);
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7000-13 f x; ", "entry k 7000-13 $1\r\nf\r\n$1\r\nx\r\n; "));
	CU_ASSERT(goes_by_script("XADD other * f x\n", "entry other 7000-17 "));
	CU_ASSERT(stream_tops_know(ids.tops, world.db, key) && !stream_tops_know(ids.tops, world.db + 1, key));
	CU_ASSERT(sends("XADD k 9000-1 f x\n", PLAN_STREAM_ADD, "XADD k 9000-1 f x; ", "entry k 9000-1 $1\r\nf\r\n$1\r\nx\r\n; "));
	CU_ASSERT(!stream_tops_know(ids.tops, world.db, key));
	CU_ASSERT(goes_by_script("XADD k * f x\n", "entry k 7000-21 "));
	/* The script found a higher one. */
	stream_tops_learn(ids.tops, world.db, key, 9001, 1);
	CU_ASSERT(goes_by_script("XADD k * f x\n", "entry k 7000-25 "));
	stream_tops_learn(ids.tops, world.db, key, 7000, 25);
	CU_ASSERT(sends("XSETID k 9000\n", PLAN_STREAM_SETID, "XSETID k 9000-0; ", "reach k 9000-0; "));
	CU_ASSERT(!stream_tops_know(ids.tops, world.db, key));
	CU_ASSERT(goes_by_script("XADD k 9-* f x\n", "entry k 9-1 "));
}

#define FX "$1\r\nf\r\n$1\r\nx\r\n"
#define FIRST "XRANGE k - + COUNT 1; "
#define ENTRY(id) "*1\r\n*2\r\n$3\r\n" id "\r\n*2\r\n" FX

static void streams_ship_entries_and_how_far_they_are_trimmed(void)
{
	stream_tops_forget_all(&tops);
	ids = (struct stream_ids){ .now_ms = 7000, .place = 1, .bits = 2, .tops = &tops };
	CU_ASSERT(sends("XADD k 5-1 f x\n", PLAN_STREAM_ADD, "XADD k 5-1 f x; ", "entry k 5-1 " FX "; "));
	CU_ASSERT(sends("XADD k 5 f x\n", PLAN_STREAM_ADD, "XADD k 5-0 f x; ", "entry k 5-0 " FX "; "));
	stream_tops_ask(ids.tops, world.db, SLICE("k"), 6000, 1);
	stream_tops_learn(ids.tops, world.db, SLICE("k"), 6000, 1);
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7000-1 f x; ", "entry k 7000-1 " FX "; "));
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7000-5 f x; ", "entry k 7000-5 " FX "; "));
	ids.now_ms = 6000;
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7000-9 f x; ", "entry k 7000-9 " FX "; "));
	/* Of a time that the own clock has not reached, each incarnation has seqs of its own. */
	stream_ids_begin(&ids, 3 << 17);
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7000-786433 f x; ", "entry k 7000-786433 " FX "; "));
	ids.clock_ms = ids.now_ms = 7001;
	CU_ASSERT(sends("XADD k * f x\n", PLAN_STREAM_ADD, "XADD k 7001-1 f x; ", "entry k 7001-1 " FX "; "));
	CU_ASSERT(sends("XADD k 5-1 f x g\n", PLAN_VOID, "XADD k 5-1 f x g; ", ""));
	CU_ASSERT(sends("XADD k NOMKSTREAM 5-1 f x\n", PLAN_STREAM_ADD_SEEN, "XADD k NOMKSTREAM 5-1 f x; ", "entry k 5-1 " FX "; "));
	CU_ASSERT(finishes("XADD k NOMKSTREAM 5-1 f x\n", "$-1\r\n", ""));
	CU_ASSERT(sends("XADD k MAXLEN ~ 9 LIMIT 5 5-1 f x\n", PLAN_STREAM_ADD_SEEN, FIRST "XADD k MAXLEN ~ 9 LIMIT 5 5-1 f x; " FIRST, "entry k 5-1 " FX "; trim k; "));
	CU_ASSERT(finishes("XADD k MAXLEN 9 5-1 f x\n", ENTRY("3-1") "$3\r\n5-1\r\n" ENTRY("4-1"), "entry k 5-1 " FX "; trim k 4-1; "));
	CU_ASSERT(finishes("XADD k MAXLEN 9 5-1 f x\n", ENTRY("3-1") "$3\r\n5-1\r\n" ENTRY("3-1"), "entry k 5-1 " FX "; "));
	CU_ASSERT(finishes("XADD k MAXLEN 0 5-1 f x\n", "*0\r\n$3\r\n5-1\r\n*0\r\n", "reach k 5-1; trim k 5-1 +1; "));
	CU_ASSERT(sends("XDEL k 5 7-2\n", PLAN_STREAM_REMOVE, "XDEL k 5-0 7-2; ", "entry-remove k 5-0; entry-remove k 7-2; "));
	CU_ASSERT(sends("XDEL k x\n", PLAN_VOID, "XDEL k x; ", ""));
	CU_ASSERT(sends("XTRIM k MAXLEN 1\n", PLAN_STREAM_TRIM, FIRST "XTRIM k MAXLEN 1; " FIRST, "trim k; "));
	CU_ASSERT(finishes("XTRIM k MAXLEN 1\n", ENTRY("3-1") ":2\r\n" ENTRY("4-1"), "trim k 4-1; "));
	CU_ASSERT(finishes("XTRIM k MAXLEN 1\n", ENTRY("3-1") ":0\r\n" ENTRY("3-1"), ""));
	CU_ASSERT(sends("XSETID k 7\n", PLAN_STREAM_SETID, "XSETID k 7-0; ", "reach k 7-0; "));
	CU_ASSERT(finishes("XTRIM k MAXLEN 0\n", ENTRY("3-1") ":1\r\n*0\r\n", "trim k 18446744073709551615-18446744073709551615 +1; "));
	CU_ASSERT(finishes("RENAME k d\n", "+OK\r\n:-1\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n*2\r\n$17\r\nlast-generated-id\r\n$3\r\n9-0\r\n" ENTRY("3-1")
	                   "*3\r\n$1\r\nd\r\n$7\r\ngroup:g\r\n$3\r\n3-1\r\n",
	                   "clear k; clear d; entry d 3-1 " FX "; reach d 9-0; entry d group:g 3-1; "));
}

#define TOLD_OF_G "$1\r\nk\r\n$7\r\ngroup:g\r\n$3\r\n5-1\r\n"

static void groups_ship_what_the_script_tells(void)
{
	CU_ASSERT(sends("XGROUP CREATE k g $\n", PLAN_GROUP, "EVAL (script) 1 k XGROUP CREATE k g $; ", "reach k; "));
	CU_ASSERT(sends("XREADGROUP GROUP g c COUNT 2 NOACK STREAMS k l > 0\n", PLAN_GROUP_READ, "EVAL (script) 2 k l XREADGROUP GROUP g c COUNT 2 NOACK STREAMS k l > 0; ", "reach k; reach l; "));
	CU_ASSERT(sends("XREADGROUP GROUP STREAMS c STREAMS k >\n", PLAN_GROUP_READ, "EVAL (script) 1 k XREADGROUP GROUP STREAMS c STREAMS k >; ", "reach k; "));
	CU_ASSERT(sends("XREADGROUP GROUP g c STREAMS k l >\n", PLAN_VOID, "XREADGROUP GROUP g c STREAMS k l >; ", ""));
	CU_ASSERT(finishes("XGROUP CREATE k g $\n", "*2\r\n+OK\r\n*3\r\n" TOLD_OF_G, "entry k group:g 5-1; "));
	CU_ASSERT(finishes("XGROUP CREATE k g $\n", "-BUSYGROUP\r\n", ""));
	CU_ASSERT(finishes("XACK k g 5-1\n", "*2\r\n:0\r\n*3\r\n$1\r\nk\r\n$13\r\npending:5-1:g\r\n$0\r\n\r\n", "entry-remove k pending:5-1:g +1; "));
	CU_ASSERT(finishes("XGROUP DESTROY k g\n", "*2\r\n:1\r\n*3\r\n$1\r\nk\r\n$7\r\ngroup:g\r\n$1\r\n-\r\n", "entry-remove k group:g; "));
	CU_ASSERT(finishes("XREADGROUP GROUP g c STREAMS k >\n", "*2\r\n$-1\r\n*0\r\n", ""));
	CU_ASSERT(finishes("XCLAIM k g c 0 5-1\n", "*2\r\n*0\r\n*6\r\n" TOLD_OF_G "$1\r\nk\r\n$13\r\npending:5-1:g\r\n$5\r\n9 1 c\r\n", "entry k group:g 5-1; entry k pending:5-1:g 9 1 c; "));
}

/* What DUMP says of the list a, for an inline command. */
/* Of one entry, by Redis 7.0. */
#define A_STREAM "\\x13\\x01\\x10\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x1d\\x1d\\x00\\x00\\x00\\x0a\\x00\\x01\\x01\\x00\\x01\\x01\\x01\\x81\\x66\\x02\\x00\\x01\\x02\\x01\\x00\\x01\\x00\\x01\\x81\\x76\\x02\\x04\\x01\\xff\\x01\\x01\\x01\\x01\\x01\\x00\\x00\\x01\\x00\\x0a\\x00\\xff\\x55\\xab\\x62\\x6a\\xc0\\x35\\xdb"
#define A_LIST "\\x12\\x01\\x02\\x0a\\x0a\\x00\\x00\\x00\\x01\\x00\\x81\\x61\\x02\\xff\\x0a\\x00\\x09\\xb9\\xed\\xf5\\x94\\xde\\xd9\\x95"

static void keys_ship_what_became_of_them(void)
{
	CU_ASSERT(sends("DEL a b\n", PLAN_CLEAR, "DEL a b; ", "clear a; clear b; "));
	CU_ASSERT(sends("GETDEL k\n", PLAN_GETDEL, "GETDEL k; ", "clear k; "));
	CU_ASSERT(sends("RENAME k d\n", PLAN_RENAME, "RENAME k d; " WHOLE("d"), "clear k; clear d; "));
	CU_ASSERT(sends("RENAME k k\n", PLAN_VOID, "RENAME k k; ", ""));
	CU_ASSERT(finishes("RENAME k d\n", "+OK\r\n:99\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", "clear k; clear d; set d v at=99; "));
	CU_ASSERT(finishes("RENAMENX k d\n", ":0\r\n:-1\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", ""));
	CU_ASSERT(finishes("COPY k d\n", ":1\r\n:99\r\n-WRONGTYPE\r\n%1\r\n$1\r\nf\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", "clear d; field d f v; expire d at=99; "));
	CU_ASSERT(sends("COPY k d DB 2\n", PLAN_COPY, "COPY k d DB 2; " WHOLE("d"), "clear d; "));
	CU_ASSERT(sends("COPY k d DB 2 REPLACE DB 1\n", PLAN_COPY_TO, "COPY k d DB 2 REPLACE DB 1; SELECT 1; " WHOLE("d") "SELECT 2; ", "clear in=1 d; "));
	CU_ASSERT(finishes("COPY k d DB 1\n", ":1\r\n+OK\r\n:-1\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n+OK\r\n", "clear in=1 d; set in=1 d v; "));
	CU_ASSERT(finishes("COPY k d DB 1\n", ":0\r\n+OK\r\n:-1\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n+OK\r\n", ""));
	CU_ASSERT(sends("COPY k d DB x\n", PLAN_VOID, "COPY k d DB x; ", ""));
	CU_ASSERT(sends("MOVE k 1\n", PLAN_MOVE, "MOVE k 1; SELECT 1; " WHOLE("k") "SELECT 2; ", "clear k; clear in=1 k; "));
	CU_ASSERT(finishes("MOVE k 1\n", ":1\r\n+OK\r\n:-1\r\n$1\r\nv\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n+OK\r\n", "clear k; clear in=1 k; set in=1 k v; "));
	CU_ASSERT(sends("MOVE k 2\n", PLAN_VOID, "MOVE k 2; ", ""));
	CU_ASSERT(sends("MOVE k 9\n", PLAN_VOID, "MOVE k 9; ", ""));
	CU_ASSERT(finishes("RESTORE k 0 \"\\x00\"\n", "+OK\r\n:-1\r\n$1\r\nv\r\n_\r\n_\r\n_\r\n_\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", "clear k; set k v; "));
	CU_ASSERT(finishes("RESTORE k 0 \"" A_LIST "\"\n", "+OK\r\n:-1\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n*1\r\n$1\r\na\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", "clear k; insert k a +-1; "));
	CU_ASSERT(sends("RESTORE k 0 x\n", PLAN_VOID, "RESTORE k 0 x; ", ""));
	CU_ASSERT(finishes("RESTORE k 0 \"" A_STREAM "\"\n", "+OK\r\n:-1\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-WRONGTYPE\r\n-ERR\r\n-WRONGTYPE\r\n*0\r\n", "clear k; "));
}

/* What would be said of a database beyond the last one. */
static void the_reserved_database_is_nowhere(void)
{
	CU_ASSERT(sends("COPY k d DB 3\n", PLAN_VOID, "COPY k d DB 4; ", ""));
	CU_ASSERT(sends("MOVE k 3\n", PLAN_VOID, "MOVE k 4; ", ""));
}

static void what_only_reads_ships_nothing(void)
{
	CU_ASSERT(sends("SORT k BY STORE GET *\n", PLAN_VOID, "SORT k BY STORE GET *; ", ""));
	CU_ASSERT(sends("SORT k LIMIT STORE 1 STORE\n", PLAN_VOID, "SORT k LIMIT STORE 1 STORE; ", ""));
	CU_ASSERT(finishes("SORT k DESC STORE d\n", ":2\r\n*2\r\n$1\r\nb\r\n$1\r\na\r\n", "clear d; insert d b +-1; insert d a +-1; "));
	CU_ASSERT(sends("PFDEBUG encoding k\n", PLAN_VOID, "PFDEBUG encoding k; ", ""));
	CU_ASSERT(finishes("PFDEBUG todense k\n", ":1\r\n$1\r\nv\r\n", "set k v at=-1; "));
}

static void deadlines_ship_as_the_store_has_them(void)
{
	CU_ASSERT(sends("EXPIRE k 5 NX\n", PLAN_EXPIRE, "EXPIRE k 5 NX; PEXPIRETIME k; ", "expire k; "));
	CU_ASSERT(finishes("EXPIRE k 5\n", ":1\r\n:1005000\r\n", "expire k at=1005000; "));
	CU_ASSERT(finishes("EXPIRE k 5\n", ":0\r\n:-2\r\n", ""));
	CU_ASSERT(finishes("PEXPIREAT k 1\n", ":1\r\n:-2\r\n", "clear k; "));
	CU_ASSERT(finishes("PERSIST k\n", ":1\r\n:-1\r\n", "expire k; "));
	CU_ASSERT(finishes("GETEX k EX 5\n", "$1\r\nv\r\n:1005000\r\n", "expire k at=1005000; "));
	CU_ASSERT(finishes("GETEX k EX 5\n", "_\r\n:-2\r\n", ""));
	CU_ASSERT(sends("GETEX k\n", PLAN_VOID, "GETEX k; ", ""));
}

static void flushes_spare_the_reserved_database(void)
{
	CU_ASSERT(sends("FLUSHDB\n", PLAN_FLUSHDB, "FLUSHDB; ", "flush; "));
	CU_ASSERT(sends("FLUSHALL ASYNC\n", PLAN_FLUSHALL,
	                "SELECT 0; FLUSHDB ASYNC; SELECT 1; FLUSHDB ASYNC; SELECT 2; FLUSHDB ASYNC; SELECT 2; ", "flush; "));
	CU_ASSERT(refuses("FLUSHALL NOW\n", "ERR syntax error"));
	CU_ASSERT(refuses("FLUSHDB SYNC SYNC\n", "ERR syntax error"));
}

static void internal_writes_only_read(void)
{
	struct buffer commands = { 0 }, text = { 0 };
	struct changes changes = { 0 }, result = { 0 };
	struct planned planned;
	plan_readback(&world, SLICE("k"), true, &(struct plan_output){ &commands, &changes, &planned });
	describe_commands(buffer_slice(&commands), &text);
	CU_ASSERT(text_is(&text, WHOLE("k"), "readback"));
	CU_ASSERT_EQUAL(planned.replies, 9);
	const struct slice gone[] = { SLICE(":-2\r\n"), SLICE("_\r\n"), SLICE("*0\r\n"), SLICE("*0\r\n"), SLICE("*0\r\n"), SLICE("*0\r\n"), SLICE("-ERR\r\n"), SLICE("*0\r\n"), SLICE("*0\r\n") };
	plan_finish(planned.plan, &changes, gone, &result);
	describe_changes(&result, &text);
	CU_ASSERT(text_is(&text, "clear k +1; ", "readback of an absent key"));

	buffer_reset(&commands);
	changes.count = 0;
	plan_round(&world, CHANGE_SCORE_SET, SLICE("k"), SLICE("m"), &(struct plan_output){ &commands, &changes, &planned });
	describe_commands(buffer_slice(&commands), &text);
	CU_ASSERT(text_is(&text, "ZSCORE k m; ", "settle"));
	plan_finish(planned.plan, &changes, (const struct slice[]){ SLICE(",2.5\r\n") }, &result);
	describe_changes(&result, &text);
	CU_ASSERT(text_is(&text, "score k m *2500; ", "settle"));

	buffer_reset(&commands);
	changes.count = 0;
	plan_round(&world, CHANGE_SET, SLICE("k"), SLICE(""), &(struct plan_output){ &commands, &changes, &planned });
	plan_finish(planned.plan, &changes, (const struct slice[]){ SLICE("$1\r\n7\r\n") }, &result);
	describe_changes(&result, &text);
	CU_ASSERT(text_is(&text, "set k 7 at=-1; ", "settle"));
	buffer_free(&commands);
	changes_free(&changes);
	changes_free(&result);
}

static void plan_numbers_are_known_or_not(void)
{
	CU_ASSERT(!plan_is_known(PLAN_NONE));
	CU_ASSERT(plan_is_known(PLAN_VOID));
	CU_ASSERT(plan_is_known(PLAN_ROUND));
	CU_ASSERT(!plan_is_known(PLAN_LIST_WAIT_FIRST + 1));
	CU_ASSERT(!plan_is_known(UINT64_MAX));
	CU_ASSERT_EQUAL(plan_certainty(PLAN_SET), CERTAINTY_CERTAIN);
	CU_ASSERT_EQUAL(plan_certainty(PLAN_INCREMENT), CERTAINTY_CHECKED);
	CU_ASSERT_EQUAL(plan_certainty(PLAN_RENAME), CERTAINTY_PENDING);
}

void suite_plan(void)
{
	CU_pSuite suite = CU_add_suite("plan", NULL, NULL);
	CU_ADD_TEST(suite, set_is_certain_and_carries_an_absolute_deadline);
	CU_ADD_TEST(suite, conditional_set_is_settled_by_its_reply);
	CU_ADD_TEST(suite, what_cannot_be_read_is_sent_as_it_is_and_seen_afterwards);
	CU_ADD_TEST(suite, strings_ship_increments_or_the_whole_value);
	CU_ADD_TEST(suite, parts_of_strings_ship_what_they_write);
	CU_ADD_TEST(suite, hashes_ship_fields);
	CU_ADD_TEST(suite, sets_ship_members);
	CU_ADD_TEST(suite, sorted_sets_ship_scores);
	CU_ADD_TEST(suite, lists_ship_places);
	CU_ADD_TEST(suite, ids_go_as_they_are_where_nothing_above_them_is_known_to_be);
	CU_ADD_TEST(suite, streams_ship_entries_and_how_far_they_are_trimmed);
	CU_ADD_TEST(suite, groups_ship_what_the_script_tells);
	CU_ADD_TEST(suite, keys_ship_what_became_of_them);
	CU_ADD_TEST(suite, the_reserved_database_is_nowhere);
	CU_ADD_TEST(suite, what_only_reads_ships_nothing);
	CU_ADD_TEST(suite, deadlines_ship_as_the_store_has_them);
	CU_ADD_TEST(suite, flushes_spare_the_reserved_database);
	CU_ADD_TEST(suite, internal_writes_only_read);
	CU_ADD_TEST(suite, plan_numbers_are_known_or_not);
}
