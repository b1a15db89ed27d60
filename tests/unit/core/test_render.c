/* What the store is told of writes that come from elsewhere, as a table: what b and c say of the key k, and which commands come of it here. */
#include "peers.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_render(void);

#define SAID_MAX 3

static const struct row {
	const char *name, *rule;
	struct said b[SAID_MAX], c[SAID_MAX];        /* c's write is a second later, and has not seen b's */
	const char *told;
} rows[] = {
	/* ---- one write of each kind ---- */
	{ "a value", "lww", { { .kind = CHANGE_SET, .value = "v" } }, { { .kind = 0 } }, "SET k v" },
	{ "a value with a deadline", "lww", { { .kind = CHANGE_SET, .value = "v", .deadline = 1800000000000 } }, { { .kind = 0 } }, "SET k v PXAT 1800000000000" },
	{ "a value that leaves the deadline", "lww", { { .kind = CHANGE_SET, .value = "v", .deadline = EXPIRE_KEEP } }, { { .kind = 0 } }, "SET k v KEEPTTL" },
	{ "an empty value", "lww", { { .kind = CHANGE_SET, .value = "" } }, { { .kind = 0 } }, "SET k " },
	{ "the whole key goes", "lww", { { .kind = CHANGE_CLEAR } }, { { .kind = 0 } }, "UNLINK k" },
	{ "all keys go", "lww", { { .kind = CHANGE_FLUSH } }, { { .kind = 0 } }, "FLUSHDB" },
	{ "an increment", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 } }, { { .kind = 0 } }, "INCRBY k 3" },
	{ "a negative increment", "lww", { { .kind = CHANGE_INCREMENT, .number = -3 } }, { { .kind = 0 } }, "INCRBY k -3" },
	{ "a fraction is told with what came of it", "lww", { { .kind = CHANGE_INCREMENT_FLOAT, .value = "0.5", .result = "1.5" } }, { { .kind = 0 } }, "SET k 1.5 KEEPTTL" },
	{ "a fraction of which nobody knows what came", "lww", { { .kind = CHANGE_INCREMENT_FLOAT, .value = "0.5" } }, { { .kind = 0 } }, "INCRBYFLOAT k 0.5" },
	{ "a field", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "v" } }, { { .kind = 0 } }, "HSET k f v" },
	{ "a field goes", "lww", { { .kind = CHANGE_FIELD_REMOVE, .element = "f" } }, { { .kind = 0 } }, "HDEL k f" },
	{ "a field is added to", "lww", { { .kind = CHANGE_FIELD_INCREMENT, .element = "f", .number = 3 } }, { { .kind = 0 } }, "HINCRBY k f 3" },
	{ "a fraction is added to a field", "lww", { { .kind = CHANGE_FIELD_INCREMENT_FLOAT, .element = "f", .value = "0.5", .result = "1.5" } }, { { .kind = 0 } }, "HSET k f 1.5" },
	{ "a member", "lww", { { .kind = CHANGE_MEMBER_ADD, .element = "m" } }, { { .kind = 0 } }, "SADD k m" },
	{ "a member goes", "lww", { { .kind = CHANGE_MEMBER_REMOVE, .element = "m" } }, { { .kind = 0 } }, "SREM k m" },
	{ "a score", "lww", { { .kind = CHANGE_SCORE_SET, .element = "m", .score = 1.5 } }, { { .kind = 0 } }, "ZADD k 1.5 m" },
	{ "a scored member goes", "lww", { { .kind = CHANGE_SCORE_REMOVE, .element = "m" } }, { { .kind = 0 } }, "ZREM k m" },
	{ "a score is added to, and what came of it is known", "lww", { { .kind = CHANGE_SCORE_INCREMENT, .element = "m", .score = 2, .result = "3" } }, { { .kind = 0 } }, "ZADD k 3 m" },
	{ "a score is added to", "lww", { { .kind = CHANGE_SCORE_INCREMENT, .element = "m", .score = 2 } }, { { .kind = 0 } }, "ZINCRBY k 2 m" },
	{ "a deadline", "lww", { { .kind = CHANGE_EXPIRE, .deadline = 1800000000000 } }, { { .kind = 0 } }, "PEXPIREAT k 1800000000000" },
	{ "no deadline any more", "lww", { { .kind = CHANGE_EXPIRE } }, { { .kind = 0 } }, "PERSIST k" },
	{ "a sibling is no change of its own", "record", { { .kind = CHANGE_SET, .value = "v" }, { .kind = CHANGE_SIBLING, .value = "w", .sibling = 1 } }, { { .kind = 0 } }, "SET k v" },
	{ "something is appended", "lww", { { .kind = CHANGE_APPEND, .value = "x" } }, { { .kind = 0 } }, "APPEND k x" },
	{ "bytes in the middle", "lww", { { .kind = CHANGE_RANGE, .value = "xy", .number = 3 } }, { { .kind = 0 } }, "SETRANGE k 3 xy" },
	{ "a bit, and a field of eight", "lww", { { .kind = CHANGE_BITS, .value = "1", .number = 448 }, { .kind = CHANGE_BITS, .value = "200", .number = 1031 } },
	  { { .kind = 0 } }, "BITFIELD k SET i1 7 1; BITFIELD k SET i8 16 200" },
	{ "elements at both ends of a list", "lww", { { .kind = CHANGE_LIST_INSERT, .value = "x" }, { .kind = CHANGE_LIST_INSERT, .value = "y", .number = LIST_TAIL } }, { { .kind = 0 } }, "LPUSH k x; RPUSH k y" },
	{ "elements go, and one is set", "lww", { { .kind = CHANGE_LIST_REMOVE, .number = 3, .amount = 2, .length = 5 }, { .kind = CHANGE_LIST_SET, .value = "v", .number = 1, .length = 3 } },
	  { { .kind = 0 } }, "RPOP k 2; LSET k 1 v" },
	{ "an entry of a stream", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = "$1\r\nf\r\n$1\r\nx\r\n" } }, { { .kind = 0 } }, "EVAL (stream) 1 k A 5-1 2 f x" },
	{ "an entry of a stream goes", "lww", { { .kind = CHANGE_STREAM_REMOVE, .element = "5-1" } }, { { .kind = 0 } }, "EVAL (stream) 1 k D 5-1" },
	{ "entries are told together, behind the trim", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = "$1\r\nf\r\n$1\r\nx\r\n" },
	    { .kind = CHANGE_STREAM_TRIM, .value = "5-0" }, { .kind = CHANGE_STREAM_ADD, .element = "7-1", .value = "$1\r\nf\r\n$1\r\ny\r\n" } },
	  { { .kind = 0 } }, "EVAL (stream) 1 k T 5-0 0 A 5-1 2 f x A 7-1 2 f y" },
	{ "a stream is there, and empty", "lww", { { .kind = CHANGE_STREAM_REACH, .value = "5-1" } }, { { .kind = 0 } }, "EVAL (stream) 1 k R 5-1" },
	{ "a write that changed nothing", "lww", { { .kind = 0 } }, { { .kind = 0 } }, "" },

	/* ---- several changes of one write: only what comes of them is told ---- */
	{ "two fields", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" }, { .kind = CHANGE_FIELD_SET, .element = "g", .value = "2" } }, { { .kind = 0 } }, "HSET k f 1 g 2" },
	{ "two members", "lww", { { .kind = CHANGE_MEMBER_ADD, .element = "m" }, { .kind = CHANGE_MEMBER_ADD, .element = "n" } }, { { .kind = 0 } }, "SADD k m n" },
	{ "two scores", "lww", { { .kind = CHANGE_SCORE_SET, .element = "m", .score = 1 }, { .kind = CHANGE_SCORE_SET, .element = "n", .score = 2 } }, { { .kind = 0 } }, "ZADD k 1 m 2 n" },
	{ "two removals", "lww", { { .kind = CHANGE_FIELD_REMOVE, .element = "f" }, { .kind = CHANGE_FIELD_REMOVE, .element = "g" } }, { { .kind = 0 } }, "HDEL k f g" },
	{ "a removal between two fields", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" }, { .kind = CHANGE_FIELD_REMOVE, .element = "g" }, { .kind = CHANGE_FIELD_SET, .element = "h", .value = "2" } },
	  { { .kind = 0 } }, "HSET k f 1; HDEL k g; HSET k h 2" },
	{ "the last word on a field", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "1" }, { .kind = CHANGE_FIELD_SET, .element = "f", .value = "2" } }, { { .kind = 0 } }, "HSET k f 2" },
	{ "increments are added up", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 }, { .kind = CHANGE_INCREMENT, .number = 4 } }, { { .kind = 0 } }, "INCRBY k 7" },
	{ "a key that is made anew", "lww", { { .kind = CHANGE_CLEAR }, { .kind = CHANGE_FIELD_SET, .element = "f", .value = "v" } }, { { .kind = 0 } }, "UNLINK k; HSET k f v" },

	/* ---- two writes that had not seen each other ---- */
	{ "the newer value", "lww", { { .kind = CHANGE_SET, .value = "b" } }, { { .kind = CHANGE_SET, .value = "c" } }, "SET k b; SET k c" },
	{ "the value of who comes first", "priority", { { .kind = CHANGE_SET, .value = "b" } }, { { .kind = CHANGE_SET, .value = "c" } }, "SET k b; SET k c" },
	{ "a newer removal", "lww", { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "v" } }, { { .kind = CHANGE_FIELD_REMOVE, .element = "f" } }, "HSET k f v; HDEL k f" },
	{ "an add wins", "merge", { { .kind = CHANGE_MEMBER_ADD, .element = "m" } }, { { .kind = CHANGE_MEMBER_REMOVE, .element = "m" } }, "SADD k m" },
	{ "both increments", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 } }, { { .kind = CHANGE_INCREMENT, .number = 4 } }, "INCRBY k 3; INCRBY k 4" },
	{ "an increment survives a value", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 } }, { { .kind = CHANGE_SET, .value = "10" } }, "INCRBY k 3; SET k 13" },
	{ "an increment survives a removal", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 } }, { { .kind = CHANGE_CLEAR } }, "INCRBY k 3; UNLINK k; SET k 3 KEEPTTL" },
	{ "a part survives a value", "lww", { { .kind = CHANGE_APPEND, .value = "x" } }, { { .kind = CHANGE_SET, .value = "v" } }, "APPEND k x; SET k v; APPEND k x" },
	{ "two unions of a HyperLogLog", "lww", { { .kind = CHANGE_UNION, .value = "$1\r\nx\r\n$1\r\ny\r\n" } }, { { .kind = CHANGE_UNION, .value = "$1\r\nz\r\n" } }, "PFADD k x y; PFADD k z" },
	{ "a union survives a value", "lww", { { .kind = CHANGE_UNION, .value = "$1\r\nx\r\n" } }, { { .kind = CHANGE_SET, .value = "v" } }, "PFADD k x; SET k v; PFADD k x" },
	{ "a HyperLogLog becomes part of another", "lww", { { .kind = CHANGE_UNION, .value = "H", .number = UNION_WHOLE } }, { { .kind = 0 } },
	  "SET homeport~5b1f0a8e-2c64-4b7e-9d13-6f0a2e8c41d7 H; PFMERGE k homeport~5b1f0a8e-2c64-4b7e-9d13-6f0a2e8c41d7; DEL homeport~5b1f0a8e-2c64-4b7e-9d13-6f0a2e8c41d7" },
	{ "a part survives a removal", "lww", { { .kind = CHANGE_RANGE, .value = "x", .number = 2 } }, { { .kind = CHANGE_CLEAR } }, "SETRANGE k 2 x; UNLINK k; SET k  KEEPTTL; SETRANGE k 2 x" },
	{ "an increment before a part and one behind it", "lww", { { .kind = CHANGE_INCREMENT, .number = 3 }, { .kind = CHANGE_APPEND, .value = "1" }, { .kind = CHANGE_INCREMENT, .number = 4 } },
	  { { .kind = CHANGE_SET, .value = "10" } }, "INCRBY k 3; APPEND k 1; INCRBY k 4; SET k 13; APPEND k 1; INCRBY k 4" },
	{ "an element that was popped elsewhere as well", "lww", { { .kind = CHANGE_LIST_REMOVE, .amount = 1, .length = 3 } }, { { .kind = CHANGE_LIST_REMOVE, .amount = 2, .length = 3 } },
	  "LPOP k 1; LPOP k 1" },
	{ "an element moves by those that were inserted before it", "lww", { { .kind = CHANGE_LIST_INSERT, .value = "x" } }, { { .kind = CHANGE_LIST_SET, .value = "v", .number = 1, .length = 4 } },
	  "LPUSH k x; LSET k 2 v" },
	{ "elements that a removal had not seen", "lww", { { .kind = CHANGE_LIST_INSERT, .value = "x" } }, { { .kind = CHANGE_CLEAR } }, "LPUSH k x; UNLINK k; RPUSH k x" },
	{ "a list and a newer type", "lww", { { .kind = CHANGE_LIST_INSERT, .value = "x" } }, { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "v" } }, "LPUSH k x; UNLINK k; HSET k f v" },
	{ "an entry that a trim had not seen", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = "$1\r\nf\r\n$1\r\nx\r\n" } }, { { .kind = CHANGE_STREAM_TRIM, .value = "9-0" } },
	  "EVAL (stream) 1 k A 5-1 2 f x; EVAL (stream) 1 k T 9-0 0 A 5-1 2 f x" },
	{ "an entry that a removal of the key had not seen", "lww", { { .kind = CHANGE_STREAM_ADD, .element = "5-1", .value = "$1\r\nf\r\n$1\r\nx\r\n" } }, { { .kind = CHANGE_CLEAR } },
	  "EVAL (stream) 1 k A 5-1 2 f x; UNLINK k; EVAL (stream) 1 k A 5-1 2 f x R 5-1" },
	{ "the newer type", "lww", { { .kind = CHANGE_SET, .value = "v" } }, { { .kind = CHANGE_FIELD_SET, .element = "f", .value = "v" } }, "SET k v; UNLINK k; HSET k f v" },
};

static void the_store_is_told_what_comes_of_all_writes(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer told = { 0 };
		struct stage stage;
		peers_open(&stage, rows[i].rule);
		peers_say(&stage, PEER_B, 1000, rows[i].b, SAID_MAX);
		peers_settle(&stage, &told);
		peers_say(&stage, PEER_C, 2000, rows[i].c, SAID_MAX);
		peers_settle(&stage, &told);
		stage_expect(rows[i].name, "the store is told", buffer_slice(&told), rows[i].told);
		buffer_free(&told);
		stage_close(&stage);
	}
}

/* Of two that write the same place, the later counts, also where it came first; and what is later than that. */
static void a_part_that_comes_late_does_not_stand_over_later_ones(void)
{
	static const struct said later[] = { { .kind = CHANGE_RANGE, .value = "bbb", .number = 1 }, { .kind = CHANGE_RANGE, .value = "cc", .number = 3 },
	                                     { .kind = CHANGE_RANGE, .value = "d", .number = 9 } };
	static const struct said earlier = { .kind = CHANGE_RANGE, .value = "aa", .number = 0 };
	struct buffer told = { 0 };
	struct stage stage;
	peers_open(&stage, "lww");
	peers_say(&stage, PEER_B, 2000, later, 3);
	peers_settle(&stage, NULL);
	peers_say(&stage, PEER_C, 1000, &earlier, 1);
	peers_settle(&stage, &told);
	stage_expect("late", "the store is told", buffer_slice(&told), "SETRANGE k 0 aa; SETRANGE k 1 bbb; SETRANGE k 3 cc");
	buffer_free(&told);
	stage_close(&stage);
}

#define MANY 2000

/* How many of TOLD's commands begin with START. */
static unsigned count_of(const struct buffer *told, const char *start)
{
	unsigned count = 0;
	for (const char *at = told->ptr; (at = strstr(at, start)) != NULL; at++)
		count++;
	return count;
}

static unsigned commands_for_many(enum change_kind kind, const char *value, const char *command)
{
	static char names[MANY][8];
	static struct change changes[MANY + 1];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "%u", i);
		changes[i] = (struct change){ .kind = kind, .key = SLICE("k"), .element = slice_of(names[i]), .value = slice_of(value) };
	}
	changes[MANY] = (struct change){ .kind = kind, .key = SLICE("other"), .element = SLICE("e"), .value = slice_of(value) };
	struct buffer told = { 0 };
	struct stage stage;
	peers_open(&stage, "lww");
	peers_tell(&stage, &(struct remote){ .dc = PEER_B, .seq = 1, .ms = 1000, .changes = changes, .change_count = MANY + 1 });
	peers_settle(&stage, &told);
	buffer_add_byte(&told, '\0');
	unsigned count = count_of(&told, command);
	CU_ASSERT(strstr(told.ptr, " k 0 ") != NULL && strstr(told.ptr, " 1999") != NULL);
	buffer_free(&told);
	stage_close(&stage);
	return count;
}

/* A command holds 512 fields of one key, or 64 KiB. The last one is about the other key. */
static void many_elements_of_one_key_share_few_commands(void)
{
	char value[1000];
	memset(value, 'v', sizeof value);
	value[sizeof value - 1] = '\0';
	CU_ASSERT_EQUAL(commands_for_many(CHANGE_FIELD_SET, "v", "HSET "), 4 + 1);
	CU_ASSERT_EQUAL(commands_for_many(CHANGE_MEMBER_ADD, "", "SADD "), 2 + 1);
	CU_ASSERT_EQUAL(commands_for_many(CHANGE_SCORE_SET, "", "ZADD "), 4 + 1);
	CU_ASSERT_EQUAL(commands_for_many(CHANGE_FIELD_SET, value, "HSET "), 31 + 1);
}

void suite_render(void)
{
	CU_pSuite suite = CU_add_suite("render", NULL, NULL);
	CU_ADD_TEST(suite, the_store_is_told_what_comes_of_all_writes);
	CU_ADD_TEST(suite, many_elements_of_one_key_share_few_commands);
	CU_ADD_TEST(suite, a_part_that_comes_late_does_not_stand_over_later_ones);
}
