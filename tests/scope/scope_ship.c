#include "scope_ship.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "scope_names.h"
#include "tests/sim/proto/proto_batch.h"

static unsigned dc_named(struct slice name)
{
	unsigned dc = 0;

	while (!slice_equal(name, slice_of(scope_dc_names[dc])))
		dc++;
	return dc;
}

/* An own word is a deadline that is gone or the sum of fractions. False: CHANGE is neither. */
static bool read_own_word(const struct proto_change *change, struct scope_fact *fact)
{
	struct scope_value value = { .is_present = false };
	enum sim_type type = change->kind == PROTO_FIELD_SET ? SIM_HASH : change->kind == PROTO_SCORE_SET ? SIM_ZSET : SIM_STRING;

	fact->kind = SCOPE_SET;
	fact->element = change->kind == PROTO_EXPIRE ? SCOPE_DEADLINE : scope_element_named(type, change->element);
	if (change->kind == PROTO_SCORE_SET)
		scope_put_amount(&value, (int64_t)(change->score * 100));
	snprintf(fact->text, sizeof(fact->text), "%.*s", (int)change->value.len, change->value.ptr);
	if (change->kind == PROTO_EXPIRE || change->kind == PROTO_SCORE_SET)
		snprintf(fact->text, sizeof(fact->text), "%s", change->kind == PROTO_EXPIRE ? "0" : value.text);
	if (change->kind == PROTO_EXPIRE)
		return change->expire_at_ms == 0;
	return fact->element < SCOPE_ELEMENTS &&
	       (change->kind == PROTO_FIELD_SET || change->kind == PROTO_SCORE_SET || (change->kind == PROTO_SET && change->expire_at_ms == PROTO_DEADLINE_STAYS));
}

static void add_own_word(struct scope_dc *dc, const struct scope_message *message, const struct proto_change *change, uint64_t seq, uint64_t hlc)
{
	struct scope_world *world = dc->world;
	struct scope_own_word word = { .dc = dc->index, .seq = seq, .hlc = hlc };
	unsigned key;

	if (!read_own_word(change, &word.fact) || !scope_case_of(change->key, &word.number, &key)) {
		scope_go_wrong(world, dc->index, "writes by itself", change->key);
		return;
	}
	word.fact.key = (enum scope_key)key;
	memcpy(word.contexts, message->contexts, sizeof(word.contexts));
	world->own_words = array_grow(world->own_words, world->own_count, &world->own_cap, sizeof(*world->own_words));
	world->own_words[world->own_count++] = word;
}

/* Notes the stamp of a case's first write. A flush is a write of every case. */
static void note_stamp(struct scope_dc *dc, const struct proto_change *change, uint64_t hlc)
{
	unsigned number, key;

	if (change->kind == PROTO_FLUSH) {
		for (number = 0; number < SCOPE_CASES_MAX; number++)
			dc->hlcs[number] = hlc;
	} else if (scope_case_of(change->key, &number, &key) && dc->hlcs[number] == 0) {
		dc->hlcs[number] = hlc;
	}
}

static void note_writes(struct scope_dc *dc, const struct scope_message *message, const struct proto_batch *batch, bool is_client)
{
	for (unsigned i = 0; i < batch->write_count; i++)
		for (unsigned j = 0; j < batch->writes[i].change_count; j++) {
			if (is_client)
				note_stamp(dc, &batch->writes[i].changes[j], batch->hlc + i);
			else
				add_own_word(dc, message, &batch->writes[i].changes[j], batch->first_seq + i, batch->hlc + i);
		}
}

void scope_note_message(struct scope_dc *dc, struct slice bytes, bool is_client)
{
	static struct proto_batch batch;     /* static, so that the memory of its lists is used again */
	struct scope_message *message;

	if (!proto_batch_read(bytes, &batch) || batch.part_count > 1) {
		scope_go_wrong(dc->world, dc->index, "ships what cannot be read", (struct slice){ "", 0 });
		return;
	}
	dc->shipped = array_grow(dc->shipped, dc->message_count, &dc->shipped_cap, sizeof(*dc->shipped));
	message = &dc->shipped[dc->message_count];
	*message = (struct scope_message){ .last_seq = batch.first_seq + batch.write_count - 1, .write_count = batch.write_count };
	for (unsigned i = 0; i < batch.context_count; i++)
		message->contexts[dc_named(batch.context[i].dc)] = batch.context[i].seq;
	if (is_client && batch.write_count > 0) {
		memcpy(dc->contexts, message->contexts, sizeof(dc->contexts));
		dc->last_seq = message->last_seq;
	}
	note_writes(dc, message, &batch, is_client);
}

static bool is_covered(const struct scope_message *message, unsigned origin, const uint64_t seqs[SCOPE_DCS])
{
	for (unsigned dc = 0; dc < SCOPE_DCS; dc++)
		if (dc != origin && message->contexts[dc] > seqs[dc])
			return false;
	return true;
}

void scope_applied(const struct scope_world *world, unsigned dc, uint64_t seqs[SCOPE_DCS])
{
	unsigned next[SCOPE_DCS] = { 0 };
	bool is_any = true;

	memset(seqs, 0, SCOPE_DCS * sizeof(*seqs));
	while (is_any) {
		is_any = false;
		for (unsigned origin = 0; origin < SCOPE_DCS; origin++) {
			const struct scope_dc *source = &world->dcs[origin];
			int64_t end = origin == dc ? (int64_t)source->message_count : world->dcs[dc].cursors[origin];

			for (; next[origin] < end; next[origin]++) {
				const struct scope_message *message = &source->shipped[next[origin]];

				if (message->write_count == 0)
					continue;
				if (origin != dc && !is_covered(message, origin, seqs))
					break;
				seqs[origin] = message->last_seq;
				is_any = true;
			}
		}
	}
}
