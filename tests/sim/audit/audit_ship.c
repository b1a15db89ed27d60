/* Reads what was shipped: batches, as they become durable in logs. */
#include "audit_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- changes as facts ---- */

static long double number_of(struct slice text)
{
	char room[128];

	snprintf(room, sizeof(room), "%.*s", (int)text.len, text.ptr);
	return strtold(room, NULL);
}

/* Which fact a change is, by its kind. */
static const struct { enum fact_kind kind; enum sim_type type; } meanings[PROTO_KINDS] = {
	[PROTO_SET] = { FACT_SET, SIM_STRING },
	[PROTO_CLEAR] = { FACT_CLEAR, SIM_STRING },
	[PROTO_FLUSH] = { FACT_FLUSH, SIM_STRING },
	[PROTO_INCREMENT] = { FACT_DELTA, SIM_STRING },
	[PROTO_INCREMENT_FLOAT] = { FACT_DELTA, SIM_STRING },
	[PROTO_FIELD_SET] = { FACT_SET, SIM_HASH },
	[PROTO_FIELD_REMOVE] = { FACT_REMOVE, SIM_HASH },
	[PROTO_FIELD_INCREMENT] = { FACT_DELTA, SIM_HASH },
	[PROTO_FIELD_INCREMENT_FLOAT] = { FACT_DELTA, SIM_HASH },
	[PROTO_MEMBER_ADD] = { FACT_SET, SIM_SET },
	[PROTO_MEMBER_REMOVE] = { FACT_REMOVE, SIM_SET },
	[PROTO_SCORE_SET] = { FACT_SET, SIM_ZSET },
	[PROTO_SCORE_REMOVE] = { FACT_REMOVE, SIM_ZSET },
	[PROTO_SCORE_INCREMENT] = { FACT_DELTA, SIM_ZSET },
	[PROTO_EXPIRE] = { FACT_DEADLINE, SIM_STRING },
	[PROTO_SIBLING] = { FACT_SET, SIM_STRING },  /* no fact: extras_read */
	[PROTO_APPEND] = { FACT_DELTA, SIM_STRING },
	[PROTO_RANGE] = { FACT_DELTA, SIM_STRING },
	[PROTO_BITS] = { FACT_DELTA, SIM_STRING },
	[PROTO_LIST_INSERT] = { FACT_DELTA, SIM_LIST },
	[PROTO_LIST_REMOVE] = { FACT_PLACE, SIM_LIST },
	[PROTO_LIST_SET] = { FACT_PLACE, SIM_LIST },
	[PROTO_STREAM_ADD] = { FACT_SET, SIM_STREAM },
	[PROTO_STREAM_REMOVE] = { FACT_REMOVE, SIM_STREAM },
	[PROTO_STREAM_TRIM] = { FACT_TRIM, SIM_STREAM },
	[PROTO_STREAM_REACH] = { FACT_REACH, SIM_STREAM },
	[PROTO_UNION] = { FACT_DELTA, SIM_STRING },
};

static void fact_read_delta(const struct proto_change *change, struct fact *fact)
{
	bool is_float = change->kind == PROTO_INCREMENT_FLOAT || change->kind == PROTO_FIELD_INCREMENT_FLOAT;

	fact->amount = change->kind == PROTO_SCORE_INCREMENT ? (long double)change->score :
	               is_float ? number_of(change->value) : (long double)change->number;
	fact->is_fraction = fact->amount != (long double)(long long)fact->amount;
}

/* False: the change adds a number. */
static bool fact_read_part(struct pool *pool, const struct proto_change *change, struct fact *fact)
{
	fact->part = change->kind == PROTO_APPEND ? PART_END : change->kind == PROTO_RANGE ? PART_BYTES : change->kind == PROTO_BITS ? PART_BITS :
	             change->kind == PROTO_UNION ? PART_UNION : PART_NONE;
	if (fact->part == PART_NONE)
		return false;
	fact->value = pool_intern(pool, change->value);
	fact->place = change->number;
	return true;
}

static void fact_read_place(struct pool *pool, const struct proto_change *change, struct fact *fact)
{
	fact->part = change->kind == PROTO_LIST_INSERT ? PART_INSERT : change->kind == PROTO_LIST_REMOVE ? PART_TAKE : PART_PUT;
	if (fact->part != PART_TAKE)
		fact->value = pool_intern(pool, change->value);
	fact->place = change->number;
	fact->length = change->length;
	fact->amount = (long double)change->amount;
}

static void fact_read(struct auditor *auditor, const struct proto_change *change, struct facts *facts)
{
	struct pool *pool = auditor->options.pool;
	enum fact_kind kind = meanings[change->kind].kind;
	uint32_t key = kind == FACT_FLUSH ? 0 : pool_intern(pool, change->key);
	uint32_t db = change->db == PROTO_EVERY_DATABASE ? ANY_DB : change->db;
	struct fact *fact = facts_add(facts, kind, db, key);

	fact->type = meanings[change->kind].type;
	fact->is_expiry = kind == FACT_CLEAR && change->number == 1;
	if (fact->type != SIM_STRING && fact->type != SIM_LIST)
		fact->element = pool_intern(pool, change->element);
	if (kind == FACT_SET && fact->type != SIM_SET && fact->type != SIM_ZSET)
		fact->value = pool_intern(pool, change->value);
	/* When it was given is nobody's to judge: how often, and to whom. */
	if (kind == FACT_SET && fact->type == SIM_STREAM && audit_is_pending(change->element))
		fact->value = pool_intern(pool, audit_behind(change->value, ' '));
	if (kind == FACT_REMOVE && fact->type == SIM_STREAM)
		fact->place = change->number;
	if (kind == FACT_SET && fact->type == SIM_ZSET)
		fact->score = change->score;
	if (kind == FACT_TRIM || kind == FACT_REACH) {
		fact->value = pool_intern(pool, change->value);
		fact->place = change->number;
	}
	if (fact->type == SIM_LIST)
		fact_read_place(pool, change, fact);
	else if (kind == FACT_DELTA && !fact_read_part(pool, change, fact))
		fact_read_delta(change, fact);
	if (kind == FACT_DEADLINE)
		fact->deadline_ms = change->expire_at_ms;
	if (change->kind != PROTO_SET || change->expire_at_ms == PROTO_DEADLINE_STAYS)
		return;
	fact = facts_add(facts, FACT_DEADLINE, db, key);
	fact->deadline_ms = change->expire_at_ms;
	fact->is_of_set = true;
}

static void facts_read(struct auditor *auditor, const struct proto_write *shipped, struct facts *facts)
{
	facts->count = 0;
	for (unsigned i = 0; i < shipped->change_count; i++)
		if (shipped->changes[i].kind != PROTO_SIBLING && shipped->changes[i].db != PROTO_RESERVED_DATABASE)
			fact_read(auditor, &shipped->changes[i], facts);
}

/* ---- batches ---- */

static void context_read(struct auditor *auditor, const struct proto_position *context, unsigned count, struct vector *seen)
{
	for (unsigned i = 0; i < count; i++) {
		int dc = audit_dc(auditor, context[i].dc);

		if (dc >= 0 && context[i].is_floor)
			audit_take_floor(auditor, seen, (unsigned)dc, context[i].incarnation);
	}
	for (unsigned i = 0; i < count; i++) {
		int dc = audit_dc(auditor, context[i].dc);

		if (dc >= 0 && !context[i].is_floor)
			vector_set(seen, audit_origin(auditor, (unsigned)dc, context[i].incarnation), context[i].seq);
	}
}

/* Takes over what a write says besides its changes: its client, the context of its client, and the versions alive beside it. */
static void extras_read(struct auditor *auditor, struct audited_write *write, const struct proto_write *shipped)
{
	write->is_explicit = shipped->is_explicit;
	write->choice = shipped->choice;
	context_read(auditor, shipped->context, shipped->context_count, &write->claimed);
	for (unsigned i = 0; i < shipped->change_count; i++) {
		const struct proto_change *change = &shipped->changes[i];
		int dc = change->kind == PROTO_SIBLING ? audit_dc(auditor, change->version.dc) : -1;
		bool is_field = change->number & PROTO_SIBLING_FIELD;

		if (change->db == PROTO_RESERVED_DATABASE)
			audit_home_shipped(auditor, write, change);

		if (dc < 0)
			continue;
		write->siblings = array_grow(write->siblings, write->sibling_count, &write->sibling_cap, sizeof(*write->siblings));
		write->siblings[write->sibling_count++] = (struct audited_sibling){
			.is_known = true, .is_removal = change->number & PROTO_SIBLING_REMOVAL,
			.origin = audit_origin(auditor, (unsigned)dc, change->version.incarnation), .seq = change->version.seq,
			.value = pool_intern(auditor->options.pool, change->value), .db = change->db,
			.key = pool_intern(auditor->options.pool, change->key), .is_field = is_field, .is_alone = change->number & PROTO_SIBLING_ALONE,
			.element = is_field ? pool_intern(auditor->options.pool, change->element) : 0,
		};
	}
}

/* Is the reply needed to know what the write did? Not if its command always does the same. */
static bool is_certain(const struct client_command *command)
{
	static const char *const names[] = { "set", "setex", "psetex", "mset", "del", "unlink", "flushdb", "flushall" };
	bool is_certain = false;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_certain = is_certain || audit_is_word(command->argv[0], names[i]);
	for (unsigned i = 3; i < command->argc && audit_is_word(command->argv[0], "set"); i++)
		is_certain = is_certain && !audit_is_word(command->argv[i], "nx") && !audit_is_word(command->argv[i], "xx") && !audit_is_word(command->argv[i], "get");
	return is_certain;
}

/* Leaves out the deadline that went with the last element, which only the reply can tell. */
static bool is_all_but_emptied(const struct facts *shipped, const struct facts *derived)
{
	struct facts rest = *derived;

	if (rest.count == 0 || (rest.items[0].kind != FACT_REMOVE && rest.items[0].kind != FACT_PLACE) || rest.items[rest.count - 1].kind != FACT_DEADLINE)
		return false;
	rest.count--;
	return facts_equal(shipped, &rest);
}

/* A crash took the reply, perhaps before the core saw it. Then the write may be shipped as done. Unless it certainly was done, it may also be shipped
 * as nothing, and the core ships what it reads back instead. A command that failed may be shipped as done if a later write makes the outcome the
 * same ("Outcomes"). */
static bool is_settled_well(const struct auditor *auditor, const struct audited_write *write)
{
	const struct client_request *request = write->token == 0 ? NULL : requests_find(auditor->options.requests, write->token);

	if (facts_equal(&write->shipped, &write->derived) || write->derived.count == 0)
		return true;
	if (write->shipped.count == 0)
		return request == NULL || request->is_ask || !is_certain(&request->commands[write->request_command]);
	return is_all_but_emptied(&write->shipped, &write->derived);
}

/* A write is shipped. The first time it is compared with what was executed, later with what was shipped before. */
static void write_shipped(struct auditor *auditor, struct audited_write *write, const struct proto_batch *batch, struct facts *facts)
{
	uint64_t hlc = batch->hlc + (write->seq - batch->first_seq);
	struct vector seen = { .count = 0 };

	if (audit_is_forgotten(auditor, write)) {
		write->is_shipped = write->has_derived = false;
	}
	write->is_log_lost = false;
	if (write->is_shipped) {
		if (!facts_equal(&write->shipped, facts) || write->hlc != hlc)
			auditor_find(auditor, "dot %s names two writes: first [%s], then [%s]", audit_dot(auditor, write->origin, write->seq),
			             audit_facts_text(auditor, &write->shipped), audit_facts_text(auditor, facts));
		return;
	}
	context_read(auditor, batch->context, batch->context_count, &seen);
	vector_free(&write->seen);
	write->seen = seen;
	write->hlc = hlc;
	write->is_shipped = true;
	write->batch_seq = batch->first_seq;
	facts_free(&write->shipped);
	write->shipped = *facts;
	*facts = (struct facts){ .count = 0 };
	if (!write->is_executed && write->shipped.count > 0)
		auditor_find(auditor, "%s was shipped but never executed: [%s]", audit_dot(auditor, write->origin, write->seq),
		             audit_facts_text(auditor, &write->shipped));
	if (write->token != 0)
		requests_find(auditor->options.requests, write->token)->is_durable = true;
	if (write->has_derived && (write->is_doubted ? !is_settled_well(auditor, write) : write->is_answered && !facts_equal(&write->shipped, &write->derived)))
		auditor_find(auditor, "%s shipped [%s], but the store was seen to do [%s]", audit_dot(auditor, write->origin, write->seq),
		             audit_facts_text(auditor, &write->shipped), audit_facts_text(auditor, &write->derived));
}

/* A context must name what the store had executed. After the store lost writes, it may also name writes that the store once had. */
static void context_check(struct auditor *auditor, const struct audited_write *write)
{
	const struct audited_origin *origin = &auditor->origins[write->origin];
	const struct vector *ever = &auditor->dcs[origin->dc].ever;

	if (!write->is_executed || write->shipped.count == 0)
		return;
	for (unsigned i = 0; i < auditor->origin_count; i++) {
		uint64_t said = vector_at(&write->seen, i), was = vector_at(&write->executed_at, i);

		if (i == write->origin || said == was || (said > was && said <= vector_at(ever, i)) || (said < was && write->is_unsure))
			continue;
		auditor_find(auditor, "%s says that it saw %s; its store had executed %llu of that origin", audit_dot(auditor, write->origin, write->seq),
		             audit_dot(auditor, i, said), (unsigned long long)was);
	}
}

static void batch_shipped(struct auditor *auditor, unsigned dc, const struct proto_batch *batch)
{
	int origin_dc = audit_dc(auditor, batch->dc);
	struct facts facts = { .count = 0 };
	unsigned origin;

	if (batch->write_count == 0)
		return;
	if (origin_dc < 0 || (unsigned)origin_dc != dc) {
		auditor_find(auditor, "the log of dc %u holds a batch of another", dc);
		return;
	}
	origin = audit_origin(auditor, dc, batch->incarnation);
	for (unsigned i = 0; i < batch->write_count; i++) {
		const struct proto_write *shipped = &batch->writes[i];
		struct audited_write *write = audit_write(auditor, origin, batch->first_seq + i);
		bool is_first = !write->is_shipped || audit_is_forgotten(auditor, write);

		facts_read(auditor, shipped, &facts);
		if (shipped->pending != 0)
			auditor_find(auditor, "%s was shipped unfinished", audit_dot(auditor, origin, write->seq));
		write_shipped(auditor, write, batch, &facts);
		if (is_first) {
			extras_read(auditor, write, shipped);
			context_check(auditor, write);
			audit_asked_write(auditor, dc, write, shipped);
		}
	}
	facts_free(&facts);
}

void auditor_log_lost(struct auditor *auditor, unsigned dc, struct slice bytes, bool is_forgotten)
{
	struct proto_batch *batch = &auditor->batch;
	bool is_read = proto_batch_read(bytes, batch);
	unsigned origin;

	if (!is_read || (batch->part_count < 2 && batch->write_count == 0))
		return;
	origin = audit_origin(auditor, dc, batch->incarnation);
	/* A part says where its batch begins, but not how long it is. */
	for (unsigned i = 0; i < (batch->part_count < 2 ? batch->write_count : auditor->origins[origin].count); i++) {
		struct audited_write *write = audit_find(auditor, origin, batch->first_seq + i);

		if (write == NULL || !write->is_shipped || (batch->part_count > 1 && write->batch_seq != batch->first_seq))
			continue;
		write->is_log_lost = true;
		write->is_at_risk = write->is_at_risk || is_forgotten;
	}
}

void auditor_log_landed(struct auditor *auditor, unsigned dc, struct slice bytes)
{
	struct buffer *parts = &auditor->dcs[dc].parts;
	struct proto_batch *batch = &auditor->batch;

	if (!proto_batch_read(bytes, batch)) {
		auditor_find(auditor, "dc %u appended what cannot be decoded", dc);
		return;
	}
	if (batch->part_count < 2) {
		batch_shipped(auditor, dc, batch);
		return;
	}
	if (batch->part == 0)
		buffer_reset(parts);
	buffer_add(parts, batch->part_bytes);
	if (batch->part + 1 == batch->part_count && proto_batch_read(buffer_slice(parts), batch))
		batch_shipped(auditor, dc, batch);
}
