#include "scope_execute.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One command while it is executed. */
struct scope_command {
	const struct scope_words *words;
	uint64_t now_ms;
	struct scope_state *state;
	struct scope_write *write;
	bool is_keeping;
};

/* ---- words ---- */

static const char *word(const struct scope_command *command, unsigned index)
{
	assert(index < command->words->count);
	return command->words->words[index];
}

static bool has_word(const struct scope_command *command, const char *wanted)
{
	for (unsigned i = 1; i < command->words->count; i++)
		if (strcmp(command->words->words[i], wanted) == 0)
			return true;
	return false;
}

static int64_t number_word(const struct scope_command *command, unsigned index)
{
	return strtoll(word(command, index), NULL, 10);
}

static enum scope_key key_word(const struct scope_command *command, unsigned index)
{
	const char *at = memchr(scope_key_letters, *word(command, index), SCOPE_KEYS);

	assert(at != NULL && word(command, index)[1] == '\0');
	return (enum scope_key)(at - scope_key_letters);
}

/* Fields f and g, members m and n. */
static enum scope_element element_word(const struct scope_command *command, unsigned index, enum scope_element first)
{
	char name = *word(command, index);

	return name == 'f' || name == 'm' ? first : first + 1;
}

/* ---- facts ---- */

static struct scope_fact *add_fact(const struct scope_command *command, enum scope_fact_kind kind, enum scope_key key)
{
	assert(command->write->count < SCOPE_FACTS_MAX);
	struct scope_fact *fact = &command->write->facts[command->write->count++];
	*fact = (struct scope_fact){ .kind = kind, .key = key };
	return fact;
}

static void add_element_fact(const struct scope_command *command, enum scope_fact_kind kind, enum scope_key key, enum scope_element element)
{
	add_fact(command, kind, key)->element = element;
}

static struct scope_fact *add_set(const struct scope_command *command, enum scope_key key, enum scope_element element, const char *text)
{
	struct scope_fact *fact = add_fact(command, SCOPE_SET, key);

	fact->element = element;
	snprintf(fact->text, sizeof(fact->text), "%s", text);
	return fact;
}

static void add_deadline(const struct scope_command *command, enum scope_key key, int64_t deadline)
{
	char text[SCOPE_VALUE_MAX];

	snprintf(text, sizeof(text), "%lld", (long long)deadline);
	add_set(command, key, SCOPE_DEADLINE, text);
}

static bool is_there(const struct scope_command *command, enum scope_key key)
{
	return scope_has_key(command->state, key);
}

/* Redis answers WRONGTYPE, and nothing happens. */
static bool has_other_type(const struct scope_command *command, enum scope_key key, enum sim_type type)
{
	for (unsigned element = 0; element < SCOPE_DEADLINE; element++)
		if (command->state->at[key][element].is_present && scope_type(element) != type)
			return true;
	return false;
}

/* ---- commands ---- */

/* SET key value [NX] [EX seconds | PX milliseconds] */
static void execute_set(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	int64_t unit = has_word(command, "EX") ? 1000 : has_word(command, "PX") ? 1 : 0;

	if (has_word(command, "NX") && is_there(command, key))
		return;
	struct scope_fact *fact = add_set(command, key, SCOPE_STRING, word(command, 2));
	fact->has_deadline = true;
	if (unit != 0)
		fact->deadline = (int64_t)command->now_ms + unit * number_word(command, 4);
}

static void execute_append(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	char text[SCOPE_VALUE_MAX * 2];

	if (has_other_type(command, key, SIM_STRING))
		return;
	if (!command->is_keeping) {
		struct scope_fact *fact = add_fact(command, SCOPE_PART, key);

		snprintf(fact->text, sizeof(fact->text), "%s", word(command, 2));
		return;
	}
	snprintf(text, sizeof(text), "%s%s", command->state->at[key][SCOPE_STRING].text, word(command, 2));
	assert(strlen(text) < SCOPE_VALUE_MAX);
	add_set(command, key, SCOPE_STRING, text);
}

/* What is there after the command is shipped, as a union with what is there elsewhere, or, under rules that keep every value, as it is. */
static void add_union(const struct scope_command *command, const struct scope_fact *fact, enum scope_part shipped)
{
	struct scope_value value = command->state->at[fact->key][SCOPE_STRING], before = value;

	scope_apply_delta(&value, fact);
	if (strncmp(value.text, "HYLL", 4) != 0 || (shipped == SCOPE_SEEN && before.is_present && strcmp(before.text, value.text) == 0))
		return;
	if (command->is_keeping) {
		add_set(command, fact->key, SCOPE_STRING, value.text);
		return;
	}
	struct scope_fact *added = add_fact(command, SCOPE_PART, fact->key);
	added->part = shipped;
	snprintf(added->text, sizeof(added->text), "%s", shipped == SCOPE_SEEN ? fact->text : value.text);
}

/* PFADD key word */
static void execute_pfadd(const struct scope_command *command)
{
	struct scope_fact seen = { .kind = SCOPE_PART, .key = key_word(command, 1), .part = SCOPE_SEEN };

	snprintf(seen.text, sizeof(seen.text), "%s", word(command, 2));
	if (!has_other_type(command, seen.key, SIM_STRING))
		add_union(command, &seen, SCOPE_SEEN);
}

/* PFMERGE key other, which is there */
static void execute_pfmerge(const struct scope_command *command)
{
	const struct scope_value *other = &command->state->at[key_word(command, 2)][SCOPE_STRING];
	struct scope_fact united = { .kind = SCOPE_PART, .key = key_word(command, 1), .part = SCOPE_UNITED };

	snprintf(united.text, sizeof(united.text), "%s", other->text);
	if (strncmp(other->text, "HYLL", 4) == 0 && !has_other_type(command, united.key, SIM_STRING))
		add_union(command, &united, SCOPE_UNITED);
}

/* INCRBY and HINCRBY refuse a value with a fraction. */
static void add_increment(const struct scope_command *command, enum scope_element element, unsigned number_at)
{
	enum scope_key key = key_word(command, 1);
	const struct scope_value *value = &command->state->at[key][element];
	bool is_whole_wanted = scope_type(element) != SIM_ZSET && strstr(word(command, 0), "FLOAT") == NULL;
	int64_t number;

	if (has_other_type(command, key, scope_type(element)))
		return;
	if (value->is_present && !(is_whole_wanted ? scope_number(value, &number) : scope_amount(value, &number)))
		return;
	struct scope_fact *fact = add_fact(command, SCOPE_ADD, key);
	fact->element = element;
	if (!scope_parse_amount(word(command, number_at), &fact->number))
		assert(false);
}

static void execute_incrby(const struct scope_command *command) { add_increment(command, SCOPE_STRING, 2); }
static void execute_hincrby(const struct scope_command *command) { add_increment(command, element_word(command, 2, SCOPE_FIELD_F), 3); }
static void execute_zincrby(const struct scope_command *command) { add_increment(command, element_word(command, 3, SCOPE_SCORE_M), 2); }

static void execute_del(const struct scope_command *command) { add_fact(command, SCOPE_CLEAR, key_word(command, 1)); }

static void execute_getdel(const struct scope_command *command)
{
	if (!has_other_type(command, key_word(command, 1), SIM_STRING))
		execute_del(command);
}

/* The store's clock leaps by SCOPE_EXPIRY_MS. A key whose deadline is further away stays. */
static void execute_expiry(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	int64_t deadline;

	if (scope_number(&command->state->at[key][SCOPE_DEADLINE], &deadline) && deadline <= (int64_t)command->now_ms + SCOPE_EXPIRY_MS)
		add_fact(command, SCOPE_CLEAR, key)->is_expiry = true;
}

static void execute_flush(const struct scope_command *command) { add_fact(command, SCOPE_FLUSH, SCOPE_K); }

/* EXPIRE and PEXPIRE */
static void execute_expire(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	int64_t unit = *word(command, 0) == 'P' ? 1 : 1000;

	if (is_there(command, key))
		add_deadline(command, key, (int64_t)command->now_ms + unit * number_word(command, 2));
}

static void execute_persist(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	if (command->state->at[key][SCOPE_DEADLINE].is_present)
		add_deadline(command, key, 0);
}

/* HSET, SADD: ELEMENTS in words from 2 on. ZADD: score, member. */
static void execute_hset(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	for (unsigned i = 2; i < command->words->count && !has_other_type(command, key, SIM_HASH); i += 2)
		add_set(command, key, element_word(command, i, SCOPE_FIELD_F), word(command, i + 1));
}

static void execute_sadd(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	for (unsigned i = 2; i < command->words->count && !has_other_type(command, key, SIM_SET); i++)
		add_set(command, key, element_word(command, i, SCOPE_MEMBER_M), "");
}

static void execute_zadd(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	for (unsigned i = 2; i < command->words->count && !has_other_type(command, key, SIM_ZSET); i += 2)
		add_set(command, key, element_word(command, i + 1, SCOPE_SCORE_M), word(command, i));
}

static void add_removal(const struct scope_command *command, enum scope_key key, enum scope_element element)
{
	if (!has_other_type(command, key, scope_type(element)))
		add_element_fact(command, SCOPE_REMOVE, key, element);
}

static void execute_hdel(const struct scope_command *command) { add_removal(command, key_word(command, 1), element_word(command, 2, SCOPE_FIELD_F)); }
static void execute_srem(const struct scope_command *command) { add_removal(command, key_word(command, 1), element_word(command, 2, SCOPE_MEMBER_M)); }
static void execute_zrem(const struct scope_command *command) { add_removal(command, key_word(command, 1), element_word(command, 2, SCOPE_SCORE_M)); }

/* The table pops both members that there can be, because Redis would choose at random between them. */
static void execute_spop(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	for (unsigned element = SCOPE_MEMBER_M; element <= SCOPE_MEMBER_N; element++)
		if (command->state->at[key][element].is_present)
			add_element_fact(command, SCOPE_REMOVE, key, element);
}

static void execute_zpopmin(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	const struct scope_value *m = &command->state->at[key][SCOPE_SCORE_M], *n = &command->state->at[key][SCOPE_SCORE_N];
	int64_t m_score = 0, n_score = 0;
	bool has_m = scope_amount(m, &m_score), has_n = scope_amount(n, &n_score);

	if (has_m && (!has_n || m_score <= n_score))
		add_element_fact(command, SCOPE_REMOVE, key, SCOPE_SCORE_M);
	else if (has_n)
		add_element_fact(command, SCOPE_REMOVE, key, SCOPE_SCORE_N);
}

/* ---- lists ---- */

static struct scope_fact *add_insert(const struct scope_command *command, enum scope_key key, int64_t at, char letter)
{
	struct scope_fact *fact = add_fact(command, SCOPE_INSERT, key);

	fact->element = SCOPE_LIST;
	fact->number = at;
	fact->text[0] = letter;
	return fact;
}

static void add_letters(const struct scope_command *command, enum scope_key key, const struct scope_value *list)
{
	for (const char *at = list->text; list->is_present && *at != '\0'; at++)
		add_insert(command, key, -1, *at);
}

static const char *list_of(const struct scope_command *command, enum scope_key key)
{
	const struct scope_value *value = &command->state->at[key][SCOPE_LIST];

	return value->is_present ? value->text : "";
}

static void add_take(const struct scope_command *command, enum scope_key key, size_t at, size_t amount, size_t length)
{
	if (amount == 0)
		return;
	struct scope_fact *fact = add_fact(command, SCOPE_TAKE, key);
	fact->element = SCOPE_LIST;
	fact->number = (int64_t)at;
	fact->amount = (int64_t)amount;
	fact->length = (int64_t)length;
}

static void execute_push(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);

	for (unsigned i = 2; i < command->words->count && !has_other_type(command, key, SIM_LIST); i++)
		add_insert(command, key, *word(command, 0) == 'L' ? 0 : -1, *word(command, i));
}

/* LINSERT key BEFORE pivot value */
static void execute_linsert(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	const char *list = list_of(command, key), *pivot = strchr(list, *word(command, 3));

	if (*list != '\0' && pivot != NULL)
		add_insert(command, key, pivot - list, *word(command, 4))->length = (int64_t)strlen(list);
}

static void execute_lset(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	int64_t length = (int64_t)strlen(list_of(command, key)), at = number_word(command, 2);

	if (at >= length)
		return;
	struct scope_fact *fact = add_fact(command, SCOPE_PUT, key);
	fact->element = SCOPE_LIST;
	fact->number = at;
	fact->length = length;
	fact->text[0] = *word(command, 3);
}

static void execute_lpop(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	size_t length = strlen(list_of(command, key)), count = command->words->count > 2 ? (size_t)number_word(command, 2) : 1;

	count = count < length ? count : length;
	add_take(command, key, *word(command, 0) == 'R' ? length - count : 0, count, length);
}

/* LREM key 0 value: no list of the table has a letter twice. */
static void execute_lrem(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	const char *list = list_of(command, key), *at = strchr(list, *word(command, 3));

	if (*list != '\0' && at != NULL)
		add_take(command, key, (size_t)(at - list), 1, strlen(list));
}

/* LMOVE from to LEFT RIGHT */
static void execute_lmove(const struct scope_command *command)
{
	enum scope_key from = key_word(command, 1), to = key_word(command, 2);
	const char *list = list_of(command, from);

	if (*list == '\0' || has_other_type(command, to, SIM_LIST))
		return;
	add_take(command, from, 0, 1, strlen(list));
	add_insert(command, to, -1, *list);
}

/* ---- streams ---- */

static const char *last_id(const struct scope_command *command, enum scope_key key)
{
	const struct scope_value *value = &command->state->at[key][SCOPE_STREAM];

	return value->is_present ? value->text : "0-0";
}

static unsigned entry_count(const struct scope_command *command, enum scope_key key)
{
	return command->state->at[key][SCOPE_ENTRY_ONE].is_present + command->state->at[key][SCOPE_ENTRY_TWO].is_present;
}

/* XADD key id f value; the ids of the table are 1-1 and 2-1. */
static void execute_xadd(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	const char *id = word(command, 2);

	if (has_other_type(command, key, SIM_STREAM) || strcmp(id, last_id(command, key)) <= 0)
		return;
	add_set(command, key, *id == '1' ? SCOPE_ENTRY_ONE : SCOPE_ENTRY_TWO, word(command, 4));
	add_set(command, key, SCOPE_STREAM, id)->is_shadow = true;
}

static void execute_xdel(const struct scope_command *command)
{
	add_removal(command, key_word(command, 1), *word(command, 2) == '1' ? SCOPE_ENTRY_ONE : SCOPE_ENTRY_TWO);
}

/* XTRIM key MAXLEN length */
static void execute_xtrim(const struct scope_command *command)
{
	enum scope_key key = key_word(command, 1);
	int64_t kept = number_word(command, 3);

	if ((int64_t)entry_count(command, key) <= kept)
		return;
	add_fact(command, SCOPE_TRIM, key)->element = SCOPE_STREAM;
	command->write->facts[command->write->count - 1].number = kept == 0 ? 9 : 2;
}

/* Facts by which TO becomes a copy of FROM. */
static void add_whole_key(const struct scope_command *command, enum scope_key from, enum scope_key to)
{
	const struct scope_value *values = command->state->at[from];
	int64_t deadline = 0;
	bool has_deadline = scope_number(&values[SCOPE_DEADLINE], &deadline);

	add_fact(command, SCOPE_CLEAR, to);
	for (unsigned element = 0; element < SCOPE_DEADLINE; element++)
		if (element == SCOPE_LIST)
			add_letters(command, to, &values[element]);
		else if (values[element].is_present)
			add_set(command, to, element, values[element].text);
	struct scope_fact *last = &command->write->facts[command->write->count - 1];
	if (last->element == SCOPE_STRING) {
		last->has_deadline = true;
		last->deadline = deadline;
	} else if (has_deadline) {
		add_deadline(command, to, deadline);
	}
}

static void execute_rename(const struct scope_command *command)
{
	enum scope_key from = key_word(command, 1);

	if (!is_there(command, from))
		return;
	add_fact(command, SCOPE_CLEAR, from);
	add_whole_key(command, from, key_word(command, 2));
}

static void execute_copy(const struct scope_command *command)
{
	enum scope_key from = key_word(command, 1);

	assert(has_word(command, "REPLACE"));
	if (is_there(command, from))
		add_whole_key(command, from, key_word(command, 2));
}

static void execute_smove(const struct scope_command *command)
{
	enum scope_key from = key_word(command, 1), to = key_word(command, 2);
	enum scope_element member = element_word(command, 3, SCOPE_MEMBER_M);

	if (!command->state->at[from][member].is_present || has_other_type(command, to, SIM_SET))
		return;
	add_element_fact(command, SCOPE_REMOVE, from, member);
	add_set(command, to, member, "");
}

/* SUNIONSTORE to from */
static void execute_sunionstore(const struct scope_command *command)
{
	enum scope_key to = key_word(command, 1), from = key_word(command, 2);

	if (has_other_type(command, from, SIM_SET))
		return;
	add_fact(command, SCOPE_CLEAR, to);
	for (unsigned member = SCOPE_MEMBER_M; member <= SCOPE_MEMBER_N; member++)
		if (command->state->at[from][member].is_present)
			add_set(command, to, member, "");
}

static const struct { const char *name; void (*execute)(const struct scope_command *command); } commands[] = {
	{ "APPEND", execute_append },   { "COPY", execute_copy },       { "DEL", execute_del },         { "EXPIRE", execute_expire },
	{ "EXPIRY", execute_expiry },   { "FLUSHALL", execute_flush },  { "FLUSHDB", execute_flush },   { "GETDEL", execute_getdel },
	{ "HDEL", execute_hdel },       { "HINCRBY", execute_hincrby }, { "HSET", execute_hset },       { "INCRBY", execute_incrby },
	{ "HINCRBYFLOAT", execute_hincrby }, { "INCRBYFLOAT", execute_incrby },
	{ "PERSIST", execute_persist }, { "PEXPIRE", execute_expire },  { "RENAME", execute_rename },   { "SADD", execute_sadd },
	{ "SET", execute_set },         { "SMOVE", execute_smove },     { "SPOP", execute_spop },       { "SREM", execute_srem },
	{ "SUNIONSTORE", execute_sunionstore }, { "ZADD", execute_zadd }, { "ZINCRBY", execute_zincrby }, { "ZPOPMIN", execute_zpopmin },
	{ "ZREM", execute_zrem },         { "RPUSH", execute_push },     { "LPUSH", execute_push },      { "LINSERT", execute_linsert },
	{ "LSET", execute_lset },         { "LPOP", execute_lpop },      { "RPOP", execute_lpop },       { "LREM", execute_lrem },
	{ "LMOVE", execute_lmove },       { "XADD", execute_xadd },       { "XDEL", execute_xdel },       { "XTRIM", execute_xtrim },
	{ "LMOVE", execute_lmove },       { "PFADD", execute_pfadd },    { "PFMERGE", execute_pfmerge },
};

/* ---- a whole operation ---- */

/* A collection that runs empty loses its deadline, and the write says so. */
static void note_emptied(const struct scope_command *command, const struct scope_state *before)
{
	if (command->write->count == 0 || (command->write->facts[0].kind != SCOPE_REMOVE && command->write->facts[0].kind != SCOPE_TAKE))
		return;
	enum scope_key key = command->write->facts[0].key;
	if (scope_has_key(before, key) && !is_there(command, key))
		add_deadline(command, key, 0);
}

void scope_execute(const char *operation, uint64_t now_ms, bool is_keeping, struct scope_state *state, struct scope_batch *batch)
{
	struct scope_words words;

	while (scope_next_command(&operation, &words)) {
		struct scope_state before = *state;
		struct scope_command command = { &words, now_ms, state, &batch->writes[batch->count], is_keeping };
		unsigned row = 0;

		assert(batch->count < SCOPE_WRITES_MAX);
		while (row < sizeof(commands) / sizeof(*commands) && strcmp(commands[row].name, words.words[0]) != 0)
			row++;
		assert(row < sizeof(commands) / sizeof(*commands));
		*command.write = (struct scope_write){ .count = 0 };
		commands[row].execute(&command);
		for (unsigned i = 0; i < command.write->count; i++)
			scope_apply_fact(state, &command.write->facts[i]);
		scope_tidy(state);
		note_emptied(&command, &before);
		batch->count++;
	}
}
