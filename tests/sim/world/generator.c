/* Generator: a table of operations, each a template whose words are drawn:
 *   $k key    $q another key of the same kind    $f field   $m member   $v value   $n whole number   $x fraction   $s score
 *   $p short time, ms   $P long time, ms   $e long time, s   $d short deadline, ms   $D long deadline, ms */
#include "generator.h"
#include "sidecar.h"
#include "world_rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000
#define WORD_BYTES_MAX 32768

struct template {
	struct operation operation;
	const char *text;
	bool is_short_lived;         /* sets a deadline that will be met */
};

static const struct template templates[] = {
	{ { "SET", "", TYPE_STRING, 60 }, "SET $k $v", false },
	{ { "SET", "number", TYPE_STRING, 15 }, "SET $k $n", false },
	{ { "SET", "PX", TYPE_STRING, 8 }, "SET $k $v PX $p", true },
	{ { "SET", "EX", TYPE_STRING, 4 }, "SET $k $v EX $e", false },
	{ { "SET", "PXAT", TYPE_STRING, 4 }, "SET $k $v PXAT $d", true },
	{ { "SET", "KEEPTTL", TYPE_STRING, 6 }, "SET $k $v KEEPTTL", false },
	{ { "SET", "NX", TYPE_STRING, 10 }, "SET $k $v NX", false },
	{ { "SET", "NX PX", TYPE_STRING, 4 }, "SET $k $v NX PX $p", true },
	{ { "SET", "XX", TYPE_STRING, 6 }, "SET $k $v XX", false },
	{ { "SET", "GET", TYPE_STRING, 4 }, "SET $k $v GET", false },
	{ { "SETNX", "", TYPE_STRING, 5 }, "SETNX $k $v", false },
	{ { "SETEX", "", TYPE_STRING, 3 }, "SETEX $k $e $v", false },
	{ { "PSETEX", "", TYPE_STRING, 4 }, "PSETEX $k $p $v", true },
	{ { "GETSET", "", TYPE_STRING, 4 }, "GETSET $k $v", false },
	{ { "GETDEL", "", TYPE_STRING, 5 }, "GETDEL $k", false },
	{ { "GETEX", "PX", TYPE_STRING, 4 }, "GETEX $k PX $p", true },
	{ { "GETEX", "PERSIST", TYPE_STRING, 3 }, "GETEX $k PERSIST", false },
	{ { "MSET", "", TYPE_STRING, 6 }, "MSET $k $v $q $v", false },
	{ { "MSETNX", "", TYPE_STRING, 4 }, "MSETNX $k $v $q $v", false },
	{ { "APPEND", "", TYPE_STRING, 6 }, "APPEND $k $v", false },
	{ { "SETRANGE", "", TYPE_STRING, 3 }, "SETRANGE $k 2 $v", false },
	{ { "INCR", "", TYPE_STRING, 40 }, "INCR $k", false },
	{ { "DECR", "", TYPE_STRING, 10 }, "DECR $k", false },
	{ { "INCRBY", "", TYPE_STRING, 20 }, "INCRBY $k $n", false },
	{ { "DECRBY", "", TYPE_STRING, 8 }, "DECRBY $k $n", false },
	{ { "INCRBYFLOAT", "", TYPE_STRING, 10 }, "INCRBYFLOAT $k $x", false },
	{ { "HSET", "", TYPE_HASH, 40 }, "HSET $k $f $v", false },
	{ { "HSET", "two", TYPE_HASH, 15 }, "HSET $k $f $v $f $n", false },
	{ { "HMSET", "", TYPE_HASH, 4 }, "HMSET $k $f $v", false },
	{ { "HSETNX", "", TYPE_HASH, 6 }, "HSETNX $k $f $v", false },
	{ { "HDEL", "", TYPE_HASH, 20 }, "HDEL $k $f $f", false },
	{ { "HINCRBY", "", TYPE_HASH, 30 }, "HINCRBY $k $f $n", false },
	{ { "HINCRBYFLOAT", "", TYPE_HASH, 8 }, "HINCRBYFLOAT $k $f $x", false },
	{ { "SADD", "", TYPE_SET, 40 }, "SADD $k $m $m", false },
	{ { "SREM", "", TYPE_SET, 25 }, "SREM $k $m", false },
	{ { "SPOP", "", TYPE_SET, 8 }, "SPOP $k", false },
	{ { "SPOP", "count", TYPE_SET, 5 }, "SPOP $k 2", false },
	{ { "SMOVE", "", TYPE_SET, 6 }, "SMOVE $k $q $m", false },
	{ { "SUNIONSTORE", "", TYPE_SET, 4 }, "SUNIONSTORE $k $q $k", false },
	{ { "ZADD", "", TYPE_ZSET, 35 }, "ZADD $k $s $m $s $m", false },
	{ { "ZADD", "NX", TYPE_ZSET, 5 }, "ZADD $k NX $s $m", false },
	{ { "ZADD", "XX", TYPE_ZSET, 4 }, "ZADD $k XX $s $m", false },
	{ { "ZADD", "GT", TYPE_ZSET, 5 }, "ZADD $k GT $s $m", false },
	{ { "ZADD", "LT CH", TYPE_ZSET, 4 }, "ZADD $k LT CH $s $m", false },
	{ { "ZADD", "INCR", TYPE_ZSET, 4 }, "ZADD $k INCR $n $m", false },
	{ { "ZREM", "", TYPE_ZSET, 15 }, "ZREM $k $m", false },
	{ { "ZINCRBY", "", TYPE_ZSET, 20 }, "ZINCRBY $k $n $m", false },
	{ { "ZINCRBY", "fraction", TYPE_ZSET, 6 }, "ZINCRBY $k $x $m", false },
	{ { "ZPOPMIN", "", TYPE_ZSET, 5 }, "ZPOPMIN $k", false },
	{ { "ZPOPMAX", "count", TYPE_ZSET, 4 }, "ZPOPMAX $k 2", false },
	{ { "ZREMRANGEBYRANK", "", TYPE_ZSET, 4 }, "ZREMRANGEBYRANK $k 0 1", false },
	{ { "DEL", "", TYPE_ANY, 35 }, "DEL $k", false },
	{ { "DEL", "two", TYPE_ANY, 8 }, "DEL $k $q", false },
	{ { "UNLINK", "", TYPE_ANY, 5 }, "UNLINK $k", false },
	{ { "RENAME", "", TYPE_ANY, 10 }, "RENAME $k $q", false },
	{ { "RENAMENX", "", TYPE_ANY, 4 }, "RENAMENX $k $q", false },
	{ { "COPY", "", TYPE_ANY, 5 }, "COPY $k $q", false },
	{ { "COPY", "REPLACE", TYPE_ANY, 6 }, "COPY $k $q REPLACE", false },
	{ { "EXPIRE", "", TYPE_ANY, 8 }, "EXPIRE $k $e", false },
	{ { "PEXPIRE", "short", TYPE_ANY, 12 }, "PEXPIRE $k $p", true },
	{ { "PEXPIRE", "NX", TYPE_ANY, 4 }, "PEXPIRE $k $P NX", false },
	{ { "PEXPIREAT", "short", TYPE_ANY, 8 }, "PEXPIREAT $k $d", true },
	{ { "PEXPIREAT", "past", TYPE_ANY, 3 }, "PEXPIREAT $k 1000", false },
	{ { "PERSIST", "", TYPE_ANY, 8 }, "PERSIST $k", false },
	{ { "FLUSHDB", "", TYPE_ANY, 2 }, "FLUSHDB", false },
	{ { "FLUSHALL", "", TYPE_ANY, 1 }, "FLUSHALL", false },
	{ { "GET", "", TYPE_STRING, 12 }, "GET $k", false },
	{ { "HGETALL", "", TYPE_HASH, 8 }, "HGETALL $k", false },
	{ { "SMEMBERS", "", TYPE_SET, 6 }, "SMEMBERS $k", false },
	{ { "ZRANGE", "", TYPE_ZSET, 6 }, "ZRANGE $k 0 -1", false },
	/* Drawn instead of one of strings above, in the worlds that have them. $b bit number   $u small number */
	{ { "APPEND", "often", TYPE_STRING, 0 }, "APPEND $k $v", false },
	{ { "SETRANGE", "somewhere", TYPE_STRING, 0 }, "SETRANGE $k $u $v", false },
	{ { "SETRANGE", "digit", TYPE_STRING, 0 }, "SETRANGE $k $u $u", false },
	{ { "SETBIT", "", TYPE_STRING, 0 }, "SETBIT $k $b 1", false },
	{ { "SETBIT", "zero", TYPE_STRING, 0 }, "SETBIT $k $b 0", false },
	{ { "BITFIELD", "SET", TYPE_STRING, 0 }, "BITFIELD $k SET u8 $b $n SET i5 $b $n", false },
	{ { "BITFIELD", "INCRBY", TYPE_STRING, 0 }, "BITFIELD $k GET u8 0 INCRBY u16 $b $n", false },
	/* Drawn instead of half of all, in the worlds that have unions. $h key of a HyperLogLog   $B of bits, which every rule merges. */
	{ { "PFADD", "", TYPE_STRING, 0 }, "PFADD $h $m", false },
	{ { "PFADD", "words", TYPE_STRING, 0 }, "PFADD $h $v $f", false },
	{ { "PFADD", "more", TYPE_STRING, 0 }, "PFADD $h $v", false },
	{ { "PFADD", "none", TYPE_STRING, 0 }, "PFADD $h", false },
	{ { "PFMERGE", "", TYPE_STRING, 0 }, "PFMERGE $h $h", false },
	{ { "PFMERGE", "two", TYPE_STRING, 0 }, "PFMERGE $h $h $h", false },
	{ { "SET", "of a union", TYPE_STRING, 0 }, "SET $h $v", false },
	{ { "SETRANGE", "of a union", TYPE_STRING, 0 }, "SETRANGE $h 5 z", false },
	{ { "INCR", "of a union", TYPE_STRING, 0 }, "INCR $h", false },
	{ { "DEL", "of a union", TYPE_STRING, 0 }, "DEL $h", false },
	{ { "EXPIRE", "of a union", TYPE_STRING, 0 }, "PEXPIRE $h $p", true },
	{ { "SETBIT", "merged", TYPE_STRING, 0 }, "SETBIT $B $b 1", false },
	{ { "SETBIT", "zero merged", TYPE_STRING, 0 }, "SETBIT $B $b 0", false },
	{ { "BITFIELD", "merged", TYPE_STRING, 0 }, "BITFIELD $B SET u8 $b $n", false },
	{ { "SET", "of bits", TYPE_STRING, 0 }, "SET $B $v", false },
	{ { "DEL", "of bits", TYPE_STRING, 0 }, "DEL $B", false },
	/* Drawn instead of half of all, in the worlds that have lists. */
	{ { "LPUSH", "", TYPE_LIST, 0 }, "LPUSH $k $v", false },
	{ { "LPUSH", "three", TYPE_LIST, 0 }, "LPUSH $k $v $v $v", false },
	{ { "RPUSH", "", TYPE_LIST, 0 }, "RPUSH $k $v", false },
	{ { "RPUSH", "three", TYPE_LIST, 0 }, "RPUSH $k $v $m $v", false },
	{ { "RPUSH", "member", TYPE_LIST, 0 }, "RPUSH $k $m $m", false },
	{ { "LPUSHX", "", TYPE_LIST, 0 }, "LPUSHX $k $v", false },
	{ { "RPUSHX", "", TYPE_LIST, 0 }, "RPUSHX $k $m", false },
	{ { "LINSERT", "BEFORE", TYPE_LIST, 0 }, "LINSERT $k BEFORE $m $v", false },
	{ { "LINSERT", "AFTER", TYPE_LIST, 0 }, "LINSERT $k AFTER $m $m", false },
	{ { "LSET", "", TYPE_LIST, 0 }, "LSET $k $u $v", false },
	{ { "LSET", "tail", TYPE_LIST, 0 }, "LSET $k -1 $m", false },
	{ { "LREM", "", TYPE_LIST, 0 }, "LREM $k 0 $m", false },
	{ { "LREM", "some", TYPE_LIST, 0 }, "LREM $k $n $m", false },
	{ { "LTRIM", "", TYPE_LIST, 0 }, "LTRIM $k 1 $u", false },
	{ { "LTRIM", "tail", TYPE_LIST, 0 }, "LTRIM $k -6 -1", false },
	{ { "LPOP", "", TYPE_LIST, 0 }, "LPOP $k", false },
	{ { "LPOP", "count", TYPE_LIST, 0 }, "LPOP $k 2", false },
	{ { "RPOP", "", TYPE_LIST, 0 }, "RPOP $k", false },
	{ { "RPOP", "count", TYPE_LIST, 0 }, "RPOP $k 2", false },
	{ { "LMOVE", "", TYPE_LIST, 0 }, "LMOVE $k $q LEFT RIGHT", false },
	{ { "RPOPLPUSH", "", TYPE_LIST, 0 }, "RPOPLPUSH $k $q", false },
	{ { "LMPOP", "", TYPE_LIST, 0 }, "LMPOP 2 $k $q RIGHT COUNT 2", false },
	{ { "LRANGE", "", TYPE_LIST, 0 }, "LRANGE $k 0 -1", false },
	/* Drawn instead of half of all, in the worlds that have streams. $i an id about now   $j that of an entry */
	{ { "XADD", "", TYPE_STREAM, 0 }, "XADD $k * $f $v", false },
	{ { "XADD", "again", TYPE_STREAM, 0 }, "XADD $k * $f $v", false },
	{ { "XADD", "two", TYPE_STREAM, 0 }, "XADD $k * $f $v $f $n", false },
	{ { "XADD", "explicit", TYPE_STREAM, 0 }, "XADD $k $i $f $v", false },
	{ { "XADD", "explicit two", TYPE_STREAM, 0 }, "XADD $k $i $f $v $f $v", false },
	{ { "XADD", "partial", TYPE_STREAM, 0 }, "XADD $k $I $f $v", false },
	{ { "XADD", "NOMKSTREAM", TYPE_STREAM, 0 }, "XADD $k NOMKSTREAM * $f $v", false },
	{ { "XADD", "MAXLEN", TYPE_STREAM, 0 }, "XADD $k MAXLEN 3 * $f $v", false },
	{ { "XADD", "MAXLEN 0", TYPE_STREAM, 0 }, "XADD $k MAXLEN 0 * $f $v", false },
	{ { "XADD", "MAXLEN ~", TYPE_STREAM, 0 }, "XADD $k MAXLEN ~ 2 * $f $v", false },
	{ { "XADD", "MINID", TYPE_STREAM, 0 }, "XADD $k MINID $j * $f $v", false },
	{ { "XDEL", "", TYPE_STREAM, 0 }, "XDEL $k $j", false },
	{ { "XDEL", "two", TYPE_STREAM, 0 }, "XDEL $k $j $i", false },
	{ { "XTRIM", "MAXLEN", TYPE_STREAM, 0 }, "XTRIM $k MAXLEN $u", false },
	{ { "XTRIM", "MINID", TYPE_STREAM, 0 }, "XTRIM $k MINID $j", false },
	{ { "XRANGE", "", TYPE_STREAM, 0 }, "XRANGE $k - +", false },
	/* Drawn instead of half of those, in the worlds that have consumer groups. $G a group   $C a consumer */
	{ { "XGROUP", "CREATE", TYPE_STREAM, 0 }, "XGROUP CREATE $k $G 0 MKSTREAM", false },
	{ { "XGROUP", "CREATE $", TYPE_STREAM, 0 }, "XGROUP CREATE $k $G $$", false },
	{ { "XGROUP", "DESTROY", TYPE_STREAM, 0 }, "XGROUP DESTROY $k $G", false },
	{ { "XGROUP", "SETID", TYPE_STREAM, 0 }, "XGROUP SETID $k $G $j", false },
	{ { "XGROUP", "DELCONSUMER", TYPE_STREAM, 0 }, "XGROUP DELCONSUMER $k $G $C", false },
	{ { "XREADGROUP", "", TYPE_STREAM, 0 }, "XREADGROUP GROUP $G $C COUNT 2 STREAMS $k >", false },
	{ { "XREADGROUP", "more", TYPE_STREAM, 0 }, "XREADGROUP GROUP $G $C COUNT 5 STREAMS $k >", false },
	{ { "XREADGROUP", "NOACK", TYPE_STREAM, 0 }, "XREADGROUP GROUP $G $C NOACK COUNT 2 STREAMS $k >", false },
	{ { "XACK", "", TYPE_STREAM, 0 }, "XACK $k $G $j", false },
	{ { "XACK", "two", TYPE_STREAM, 0 }, "XACK $k $G $j $j", false },
	{ { "XCLAIM", "", TYPE_STREAM, 0 }, "XCLAIM $k $G $C 0 $j", false },
	/* Not drawn from here, but by client_ask.c: counted, in the order of enum ask_verb. */
	{ { "HOMEPORT", "GET", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "SET", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "DEL", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "EXPLAIN", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "RESOLVE", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "RETRY", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "TOKEN", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "WAITFOR", TYPE_ANY, 0 }, "", false },
	{ { "HOMEPORT", "REHOME", TYPE_ANY, 0 }, "", false },
};

#define TEMPLATE_COUNT (sizeof(templates) / sizeof(templates[0]))
_Static_assert(TEMPLATE_COUNT <= OPERATIONS_MAX, "coverage has a row for each operation");

#define ASK_COUNT 9
#define PART_COUNT 7
#define UNION_COUNT 16
#define LIST_COUNT 23
#define STREAM_COUNT 16
#define GROUP_COUNT 11
#define GROUPS_AT (TEMPLATE_COUNT - ASK_COUNT - GROUP_COUNT)
#define STREAMS_AT (GROUPS_AT - STREAM_COUNT)
#define LISTS_AT (STREAMS_AT - LIST_COUNT)
#define UNIONS_AT (LISTS_AT - UNION_COUNT)
#define PARTS_AT (UNIONS_AT - PART_COUNT)

unsigned operation_count(void)
{
	return TEMPLATE_COUNT;
}

unsigned generator_ask_operation(enum ask_verb verb)
{
	return TEMPLATE_COUNT - ASK_COUNT + (unsigned)verb;
}

const struct operation *operation_at(unsigned index)
{
	return &templates[index].operation;
}

/* ---- words ---- */

/* What keys a command gets. */
struct key_choice {
	enum operation_type type;
	char rule;                   /* its letter */
	bool is_text;                /* of those strings and hashes that nobody adds to: a context tells all about their values */
};

/* A key says its rule and the type it mostly holds. */
static void draw_key(struct world *world, const struct key_choice *choice, char *room, size_t size)
{
	static const char letters[] = "shezlx", text_letters[] = "tgezlx";
	enum operation_type type = choice->type;

	if (type == TYPE_ANY || dice_chance(&world->dice, 4))
		type = (enum operation_type)dice_below(&world->dice, choice->is_text ? TYPE_SET : world->plan.has_streams ? TYPE_ANY : world->plan.has_lists ? TYPE_STREAM : TYPE_LIST);
	snprintf(room, size, "%c:%c%u", choice->rule, choice->is_text ? text_letters[type] : letters[type],
	         (unsigned)dice_below(&world->dice, world->plan.keys));
}

void generator_text_key(struct world *world, enum audit_rule rule, bool is_hash, char *room, size_t size)
{
	const struct key_choice choice = { is_hash ? TYPE_HASH : TYPE_STRING, world_rule_letter(rule), true };

	draw_key(world, &choice, room, size);
}

static uint64_t draw_short_ms(struct world *world, const struct dc *dc)
{
	uint64_t short_ms = 1 + dice_below(&world->dice, 1500);
	uint64_t deadline_ms = world_clock_ms(world, dc) + short_ms + 1000;

	if (deadline_ms > world->deadline_ms_max)
		world->deadline_ms_max = deadline_ms;
	return short_ms;
}

static long long draw_number(struct world *world, const struct dc *dc, char letter)
{
	switch (letter) {
	case 'n':
		return dice_between(&world->dice, -5, 20);
	case 's':
		return dice_between(&world->dice, 0, 9);
	case 'p':
		return (long long)draw_short_ms(world, dc);
	case 'P':
		return DAY_MS + dice_between(&world->dice, 0, 100000);
	case 'e':
		return DAY_MS / 1000 + dice_between(&world->dice, 0, 100);
	case 'd':
		return (long long)(world_clock_ms(world, dc) + draw_short_ms(world, dc));
	default:
		return (long long)world_clock_ms(world, dc) + DAY_MS + dice_between(&world->dice, 0, 100000);
	}
}

static void draw_value(struct world *world, char *room, size_t size)
{
	unsigned bytes_max = world->plan.limits.value_bytes_max, bytes;
	size_t len = (size_t)snprintf(room, size, "v%u", (unsigned)dice_below(&world->dice, 100000));

	if (bytes_max == 0 || dice_chance(&world->dice, 70))
		return;
	bytes = (unsigned)dice_below(&world->dice, dice_chance(&world->dice, 50) ? bytes_max : bytes_max / 8 + 1);
	for (; len < bytes && len + 1 < size; len++)
		room[len] = 'x';
	room[len] = '\0';
}

/* Few, so that datacenters choose the same one. */
static void draw_id(struct world *world, const struct dc *dc, char *room, size_t size)
{
	uint64_t ms = world_clock_ms(world, dc) / 100 * 100 + dice_below(&world->dice, 6) * 100;

	snprintf(room, size, "%llu-%u", (unsigned long long)ms, (unsigned)dice_below(&world->dice, 3));
}

/* That of an entry in a stream here; or any. */
static void draw_entry(struct world *world, const struct dc *dc, char *room, size_t size)
{
	unsigned count = sim_store_key_count(dc->store), at = count == 0 ? 0 : (unsigned)dice_below(&world->dice, count);

	for (unsigned i = 0; i < count; i++) {
		const struct sim_key *key = sim_store_key_at(dc->store, (at + i) % count);

		if (key->type != SIM_STREAM || key->db == SIM_RESERVED_DB || key->count == 0)
			continue;
		snprintf(room, size, "%s", pool_text(world->pool, key->elements[dice_below(&world->dice, key->count)].name).ptr);
		return;
	}
	draw_id(world, dc, room, size);
}

/* Fills ROOM with what stands for $LETTER. */
static void draw_word(struct world *world, const struct dc *dc, const struct key_choice *choice, char letter, char *room, size_t size)
{
	switch (letter) {
	case 'k':
	case 'q':
		draw_key(world, choice, room, size);
		break;
	case 'h': case 'B':
		snprintf(room, size, "%c:%c%u", choice->rule, letter == 'h' ? 'u' : 'b', (unsigned)dice_below(&world->dice, 1 + world->plan.keys / 2));
		break;
	case 'f':
	case 'm':
		snprintf(room, size, "%c%u", letter, (unsigned)dice_below(&world->dice, 5));
		break;
	case 'v':
		draw_value(world, room, size);
		break;
	case 'b':
		snprintf(room, size, "%u", (unsigned)dice_below(&world->dice, 60));
		break;
	case 'i': case 'I':
		draw_id(world, dc, room, size);
		if (letter == 'I')
			snprintf(strchr(room, '-'), 3, "-*");
		break;
	case 'j':
		draw_entry(world, dc, room, size);
		break;
	case 'G': case 'C':
		snprintf(room, size, "%c%u", letter, (unsigned)dice_below(&world->dice, 2));
		break;
	case '$':
		snprintf(room, size, "$");
		break;
	case 'u':
		snprintf(room, size, "%u", (unsigned)dice_below(&world->dice, 8));
		break;
	case 'x':
		snprintf(room, size, "%lld.%u", (long long)dice_between(&world->dice, -1, 3), 1 + (unsigned)dice_below(&world->dice, 9));
		break;
	default:
		snprintf(room, size, "%lld", draw_number(world, dc, letter));
		break;
	}
}

static void command_add_word(struct world *world, struct client_command *command, struct slice word)
{
	assert(command->argc < REQUEST_ARGUMENTS_MAX);
	command->argv[command->argc++] = pool_text(world->pool, pool_intern(world->pool, word));
}

static char draw_rule(struct world *world)
{
	/* Those that keep versions more often: an open conflict has most ways to go wrong. */
	static const enum audit_rule rules[] = {
		AUDIT_LWW, AUDIT_MERGE, AUDIT_LONGEST, AUDIT_SHORTEST, AUDIT_PRIORITY, AUDIT_PRIORITY, AUDIT_RECORD, AUDIT_RECORD, AUDIT_RECORD, AUDIT_CUSTOM, AUDIT_CUSTOM,
	};

	if (!world->plan.has_all_rules)
		return dice_chance(&world->dice, 50) ? 'm' : 'l';
	if (world->plan.is_narrow && dice_chance(&world->dice, 85))
		return world_rule_letter(world->plan.favourite);
	return world_rule_letter(rules[dice_below(&world->dice, sizeof(rules) / sizeof(rules[0]))]);
}

/* Where rules keep every value, a part of one is written as the whole. */
static bool is_adding(const struct operation *operation, char rule)
{
	bool is_part = strcmp(operation->name, "APPEND") == 0 || strcmp(operation->name, "SETRANGE") == 0 || strstr(operation->name, "BIT") != NULL ||
	               strncmp(operation->name, "PF", 2) == 0;
	const char key[] = { rule, ':', '\0' };
	enum audit_rule of = world_rule_of(slice_of(key));

	if (is_part)
		return of != AUDIT_RECORD && of != AUDIT_CUSTOM;
	return strstr(operation->name, "INCR") != NULL || strstr(operation->name, "DECR") != NULL || strstr(operation->variant, "INCR") != NULL;
}

static void draw_command(struct world *world, const struct dc *dc, const struct template *template, struct client_command *command)
{
	struct key_choice choice = { .type = template->operation.type, .rule = draw_rule(world) };
	const char *at = template->text;

	if (world->plan.has_contexts && !is_adding(&template->operation, choice.rule))
		choice.is_text = dice_chance(&world->dice, 60);
	while (*at != '\0') {
		size_t len = strcspn(at, " ");
		char room[WORD_BYTES_MAX + 1];

		if (*at == '$') {
			draw_word(world, dc, &choice, at[1], room, sizeof(room));
			command_add_word(world, command, slice_of(room));
		} else {
			command_add_word(world, command, (struct slice){ at, len });
		}
		at += len + (at[len] == ' ');
	}
	command->operation = (unsigned)(template - templates);
	command->rule = command->argc > 1 ? world_rule_of(command->argv[1]) : AUDIT_LWW;
}

static unsigned weights_total(void)
{
	unsigned total = 0;

	for (unsigned i = 0; i < TEMPLATE_COUNT; i++)
		total += templates[i].operation.weight;
	return total;
}

static const struct template *draw_rename(struct world *world)
{
	for (;;) {
		const struct template *template = &templates[dice_below(&world->dice, TEMPLATE_COUNT)];

		if (strncmp(template->operation.name, "RENAME", 6) == 0 || strcmp(template->operation.name, "COPY") == 0)
			return template;
	}
}

static const struct template *draw_template(struct world *world)
{
	if (world->plan.has_renames && dice_chance(&world->dice, 20))
		return draw_rename(world);
	if (world->plan.has_lists && dice_chance(&world->dice, 50))
		return &templates[LISTS_AT + dice_below(&world->dice, LIST_COUNT)];
	if (world->plan.has_groups && dice_chance(&world->dice, 40))
		return &templates[GROUPS_AT + dice_below(&world->dice, GROUP_COUNT)];
	if (world->plan.has_streams && dice_chance(&world->dice, 50))
		return &templates[STREAMS_AT + dice_below(&world->dice, STREAM_COUNT)];
	if (world->plan.has_unions && dice_chance(&world->dice, 50)) {
		const struct template *template = &templates[UNIONS_AT + dice_below(&world->dice, UNION_COUNT)];

		/* A deadline by a clock that is hours ahead would take as long. */
		if (!template->is_short_lived || !world->plan.has_faults[FAULT_CLOCK])
			return template;
	}
	for (;;) {
		uint64_t roll = dice_below(&world->dice, weights_total());
		unsigned i = 0;

		while (roll >= templates[i].operation.weight)
			roll -= templates[i++].operation.weight;
		if (world->plan.has_parts && templates[i].operation.type == TYPE_STRING && dice_chance(&world->dice, 50))
			return &templates[PARTS_AT + dice_below(&world->dice, PART_COUNT)];
		if (world->plan.has_homes && (strstr(templates[i].text, "$e") != NULL || strstr(templates[i].text, "$P") != NULL))
			continue;
		if (world->plan.has_ttls || !templates[i].is_short_lived)
			return &templates[i];
	}
}

/* ---- requests ---- */

static void cover_command(struct world *world, const struct dc *dc, const struct client_command *command)
{
	bool is_calm = true;

	for (unsigned fault = FAULT_LINK_CUT; fault < FAULT_COUNT; fault++) {
		bool is_met = dc->fault_until_us[fault] > world->now_us || (fault == FAULT_SKEW && world->plan.has_faults[fault]);

		if (is_met)
			coverage_add(world->coverage, command->operation, command->rule, (enum fault)fault);
		is_calm = is_calm && !is_met;
	}
	if (is_calm)
		coverage_add(world->coverage, command->operation, command->rule, FAULT_NONE);
}

/* A client whose sidecar is down, or not connected, gets nothing through. */
bool generator_enter(struct world *world, struct dc *dc, struct client_request *request)
{
	for (unsigned i = 0; i < request->count; i++)
		cover_command(world, dc, &request->commands[i]);
	if (dc->core == NULL || !dc->is_open) {
		request->state = REQUEST_REFUSED;
		return false;
	}
	if (!request->is_ask)
		sidecar_request(world, dc, request);
	return true;
}

struct client_request *generator_request(struct world *world, const struct dc *dc)
{
	struct client_request *request = requests_add(&world->requests);

	request->dc = dc->index;
	request->asked_ms = world_clock_ms(world, dc);
	request->protocol = 2 + (dice_chance(&world->dice, 20) ? 1 : 0);
	request->count = 1;
	return request;
}

void generator_send(struct world *world, struct dc *dc)
{
	struct client_request *request = generator_request(world, dc);

	request->db = dice_chance(&world->dice, 8) ? 1 : 0;
	if (dice_chance(&world->dice, 12)) {
		request->is_transaction = true;
		request->count = 1 + (unsigned)dice_below(&world->dice, REQUEST_COMMANDS_MAX - 1);
	}
	for (unsigned i = 0; i < request->count; i++)
		draw_command(world, dc, draw_template(world), &request->commands[i]);
	generator_enter(world, dc, request);
}

uint64_t generator_say(struct world *world, struct dc *dc, const char *text, bool is_guarded)
{
	struct client_request *request = generator_request(world, dc);
	struct client_command *command = &request->commands[0];

	request->protocol = 2;
	request->is_transaction = request->is_guarded = is_guarded;
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		command_add_word(world, command, (struct slice){ text, len });
		text += len + (text[len] == ' ');
	}
	for (unsigned i = 0; i < TEMPLATE_COUNT; i++)
		if (strncmp(templates[i].operation.name, command->argv[0].ptr, command->argv[0].len) == 0)
			command->operation = i;
	generator_enter(world, dc, request);
	return request->token;
}
