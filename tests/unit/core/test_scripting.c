/* Facts about scripts: what their commands come to, how they are known, what is sent for them. */
#include "base/sha1.h"
#include "proxy/core/scripting/ran.h"
#include "stage.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_scripting(void);

/* ---- a log, as cmsgpack writes it ---- */

static void pack_count(struct buffer *out, unsigned code, size_t count)
{
	buffer_add_byte(out, (char)(code | count));
}

static void pack_text(struct buffer *out, struct slice text)
{
	pack_count(out, 0xa0, text.len);
	buffer_add(out, text);
}

/* LINES: "SET k v > +OK"; several replies are set apart by '|'. +status, :integer, nil, or text. */
static void pack_reply(struct buffer *out, struct slice reply)
{
	int64_t number;
	if (slice_equal(reply, SLICE("nil"))) {
		buffer_add_byte(out, (char)0xc2);
	} else if (reply.ptr[0] == '+') {
		pack_count(out, 0x80, 1);
		pack_text(out, SLICE("ok"));
		pack_text(out, (struct slice){ reply.ptr + 1, reply.len - 1 });
	} else if (reply.ptr[0] == ':' && slice_to_int64((struct slice){ reply.ptr + 1, reply.len - 1 }, &number)) {
		buffer_add_byte(out, (char)0xd3);
		for (unsigned shift = 64; shift > 0; shift -= 8)
			buffer_add_byte(out, (char)((uint64_t)number >> (shift - 8)));
	} else {
		pack_text(out, reply);
	}
}

static unsigned count_of(struct slice text, char separator)
{
	unsigned count = 1;
	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == separator;
	return count;
}

static void pack_line(struct buffer *out, struct slice line)
{
	struct slice words = slice_take_until(&line, '>'), replies = { line.ptr + 1, line.len - 1 };
	words.len--;
	buffer_add_byte(out, (char)count_of(replies, '|'));
	pack_count(out, 0x90, count_of(words, ' '));
	while (words.len > 0)
		pack_text(out, slice_take_until(&words, ' '));
	while (replies.len > 0)
		pack_reply(out, slice_take_until(&replies, '|'));
}

static void pack_log(struct buffer *out, const char *lines)
{
	struct slice rest = slice_of(lines);
	buffer_add_byte(out, (char)0xdc);
	buffer_add_byte(out, 0);
	buffer_add_byte(out, 99);
	pack_text(out, SLICE("7"));
	while (rest.len > 0)
		pack_line(out, slice_take_until(&rest, '\n'));
}

/* ---- what it comes to ---- */

static void tell_change(struct buffer *out, const struct change *change)
{
	static const char *const names[] = {
		[CHANGE_SET] = "set", [CHANGE_CLEAR] = "clear", [CHANGE_FLUSH] = "flush", [CHANGE_INCREMENT] = "increment", [CHANGE_INCREMENT_FLOAT] = "float",
		[CHANGE_FIELD_SET] = "field", [CHANGE_FIELD_REMOVE] = "no field", [CHANGE_FIELD_INCREMENT] = "field increment", [CHANGE_MEMBER_ADD] = "member",
		[CHANGE_MEMBER_REMOVE] = "no member", [CHANGE_SCORE_SET] = "score", [CHANGE_SCORE_INCREMENT] = "score increment", [CHANGE_EXPIRE] = "deadline",
		[CHANGE_LIST_INSERT] = "insert", [CHANGE_LIST_REMOVE] = "remove", [CHANGE_LIST_SET] = "place",
	};
	char number[64];
	buffer_add_text(out, names[change->kind]);
	buffer_add_byte(out, ' ');
	buffer_add(out, change->key);
	buffer_add_text(out, change->element.len > 0 ? "." : "");
	buffer_add(out, change->element);
	buffer_add_text(out, change->value.len > 0 ? "=" : "");
	buffer_add(out, change->value);
	snprintf(number, sizeof number, "%lld", (long long)change->number);
	if (change->number != 0)
		buffer_add_text(out, number);
	snprintf(number, sizeof number, " until %lld", (long long)change->expire_at_ms);
	if (change->kind == CHANGE_EXPIRE || change->expire_at_ms != 0)
		buffer_add_text(out, number);
	snprintf(number, sizeof number, " (%llu of %llu)", (unsigned long long)change->amount, (unsigned long long)change->length);
	buffer_add_text(out, change->length > 0 ? number : "");
	snprintf(number, sizeof number, " db %u", change->db);
	buffer_add_text(out, change->db != 0 ? number : "");
	buffer_add_text(out, "; ");
}

static const struct net_row { const char *log, *comes_to; } net_rows[] = {
	{ "INCR n > :1\nINCRBY n 5 > :6", "increment n6; " },
	{ "SET n 5 > +OK\nINCR n > :6", "set n=6; " },
	{ "DEL n > :1\nINCR n > :1", "clear n; set n=1; " },
	{ "INCRBYFLOAT n 1.5 > 2.5\nINCRBYFLOAT n 1 > 3.5", "float n=2.5; " },
	{ "INCR n > :2\nINCRBYFLOAT n 0.5 > 2.5", "set n=2.5 until -1; " },
	{ "SET k a > +OK\nSET k b > +OK", "set k=b; " },
	{ "SET k a > +OK\nDEL k > :1", "clear k; " },
	{ "HSET h f 1 > :1\nDEL h > :1\nSET h v > +OK", "clear h; set h=v; " },
	{ "HSET h f 1 > :1\nHDEL h f > :1|:0", "no field h.f; deadline h until 0; " },
	{ "HSET h f 1 > :1\nHINCRBY h f 2 > :3\nHINCRBY h g 2 > :2", "field h.f=3; field increment h.g2; " },
	{ "SADD s a > :1\nSREM s a > :1|:1\nSADD s b > :1", "no member s.a; member s.b; " },
	{ "SREM s a > :1|:1\nSADD s a > :1", "member s.a; " },
	{ "SPOP s > a|:1", "no member s.a; " },
	{ "SET k v PX 100 > +OK|:9000|v\nPEXPIRE k 500 > :1|:9400", "set k=v until 9400; " },
	{ "EXPIRE k 5 > :1|:5000\nPERSIST k > :1|:-1", "deadline k until 0; " },
	{ "SET k v > +OK\nAPPEND k x > :2|vx", "set k=vx; " },
	{ "APPEND k x > :2|vx", "set k=vx until -1; " },
	{ "EXPIRE k 5 > :1|:5000\nAPPEND k x > :2|vx", "deadline k until 5000; set k=vx until -1; " },
	{ "SET a 1 > +OK\nFLUSHDB > +OK\nINCR a > :1", "flush ; set a=1; " },
	{ "SET a 1 > +OK\nSELECT 1 > +OK\nSET a 2 > +OK\nFLUSHDB > +OK", "flush  db 1; set a=1; " },
	{ "ZINCRBY z 1 m > 3\nZADD z 5 m > :0\nZINCRBY z 1 m > 6", "score z.m; " },
	{ "SETNX k v > :0\nSET k v NX > nil|:-2|nil", "" },
	{ "RENAME k k > +OK|:-2|nil|nil|nil|nil", "" },
	{ "RPUSH l a > :3\nRPOP l > :3|a|:1", "insert l=a-1; remove l2 (1 of 3); " },
	{ "LINSERT l BEFORE a b > :3|:1|:4\nLSET l -1 x > :4|+OK", "insert l=b1 (0 of 3); place l=x3 (0 of 4); " },
	{ "LTRIM l 1 -1 > :3|+OK|:2|:1\nDEL l > :1", "clear l; " },
	{ "LMOVE l m LEFT RIGHT > :1|a|:0\nLMOVE l m LEFT RIGHT > :0|nil|:0", "remove l (1 of 1); insert m=a-1; deadline l until 0; " },
	{ "COPY k m DB 0 > :1|nil|:-1|v|nil|nil|nil|nil|nil|nil|nil|nil", "clear m; set m=v; " },
	{ "MOVE k 3 > :1|nil|:500|v|nil|nil|nil|nil|nil|nil|nil|nil", "clear k; clear k db 3; set k=v until 500 db 3; " },
};

static void each_element_stands_once(void)
{
	for (size_t i = 0; i < sizeof net_rows / sizeof *net_rows; i++) {
		struct buffer log = { 0 }, told = { 0 };
		struct arena arena = { 0 };
		struct changes scratch = { 0 }, result = { 0 };
		struct plan_world world = { .now_ms = 1000, .reserved_db = 15, .databases = 16 };
		pack_log(&log, net_rows[i].log);
		CU_ASSERT(ran_changes(buffer_slice(&log), &world, &arena, &scratch, &result));
		for (unsigned at = 0; at < result.count; at++)
			tell_change(&told, &result.items[at]);
		stage_expect(net_rows[i].log, "comes to", buffer_slice(&told), net_rows[i].comes_to);
		buffer_free(&log);
		buffer_free(&told);
		arena_free(&arena);
		changes_free(&scratch);
		changes_free(&result);
	}
}

static void a_script_that_writes_much_is_told_whole(void)
{
	struct buffer log = { 0 };
	struct arena arena = { 0 };
	struct changes scratch = { 0 }, result = { 0 };
	struct plan_world world = { .now_ms = 1000, .reserved_db = 15, .databases = 16 };
	pack_log(&log, "");
	for (unsigned i = 0; i < 20000; i++) {
		char line[64];
		snprintf(line, sizeof line, "SET k%u %u > +OK", i % 10000, i);
		pack_line(&log, slice_of(line));
	}
	CU_ASSERT(ran_changes(buffer_slice(&log), &world, &arena, &scratch, &result));
	CU_ASSERT(result.count == 10000 && slice_equal(result.items[9999].value, SLICE("19999")));
	buffer_free(&log);
	arena_free(&arena);
	changes_free(&scratch);
	changes_free(&result);
}

static void scripts_are_named_as_redis_names_them(void)
{
	static const struct { const char *text, *name; } rows[] = {
		{ "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "0123456701234567012345670123456701234567012345670123456701234567", "e0c094e867ef46c350ef54a7f59dd60bed92ae83" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char name[SHA1_HEX];
		sha1_hex(slice_of(rows[i].text), name);
		stage_expect(rows[i].text, "is named", (struct slice){ name, SHA1_HEX }, rows[i].name);
	}
}

/* ---- in a datacenter ---- */

static const char *answer;           /* of every run */

static bool reply(struct stage *stage, const struct request *request, struct buffer *out)
{
	(void)stage;
	if (slice_equal(request->argv[0], SLICE("SCRIPT")))
		buffer_add_text(out, "$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n");
	else if (slice_equal(request->argv[0], SLICE("EVAL")) || slice_equal(request->argv[0], SLICE("EVALSHA")))
		buffer_add_text(out, answer);
	else
		return false;
	return true;
}

static void run(struct stage *stage, const char *command, const char *script)
{
	stage_say(stage, 3, (struct slice[]){ slice_of(command), slice_of(script), SLICE("0") }, false);
	stage_end_turn(stage);
}

static void what_was_loaded_runs_by_its_name(void)
{
	struct stage stage;
	stage_open(&stage);
	stage.reply = reply;
	answer = "*2\r\n:1\r\n$0\r\n\r\n";
	stage_end_turn(&stage);
	stage_answer_all(&stage);
	run(&stage, "evalsha", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
	CU_ASSERT(stage_has_sent(&stage, "0000000000000000000000000000000000000000"));
	stage_answer_all(&stage);
	run(&stage, "eval", "return 1");
	CU_ASSERT(stage_has_sent(&stage, "$4\r\nLOAD\r\n$8\r\nreturn 1\r\n") && stage_has_sent(&stage, "$4\r\nEVAL\r\n"));
	stage_answer_all(&stage);
	run(&stage, "evalsha", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
	CU_ASSERT(stage_has_sent(&stage, "$7\r\nEVALSHA\r\n") && !stage_has_sent(&stage, "LOAD"));
	stage_answer_all(&stage);
	CU_ASSERT(stage.alarms == 0);
	stage_close(&stage);
}

static void a_log_that_cannot_be_read_alarms(void)
{
	/* "a script did what cannot be told to other datacenters": a command that has no plan. */
	struct stage stage;
	stage_open(&stage);
	stage.reply = reply;
	answer = "*2\r\n:1\r\n$9\r\n\x93\xa1" "1\x92\xa2no\xa1k\x01\r\n";
	stage_end_turn(&stage);
	stage_answer_all(&stage);
	run(&stage, "eval", "return 1");
	stage_answer_all(&stage);
	CU_ASSERT(stage.alarms == 1);
	stage_close(&stage);
}

void suite_scripting(void)
{
	CU_pSuite suite = CU_add_suite("scripting", NULL, NULL);
	CU_ADD_TEST(suite, each_element_stands_once);
	CU_ADD_TEST(suite, a_script_that_writes_much_is_told_whole);
	CU_ADD_TEST(suite, scripts_are_named_as_redis_names_them);
	CU_ADD_TEST(suite, what_was_loaded_runs_by_its_name);
	CU_ADD_TEST(suite, a_log_that_cannot_be_read_alarms);
}
