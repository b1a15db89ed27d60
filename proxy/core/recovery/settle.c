/* Settle (in-doubt resolution): the outbox may hold entries that the log lacks. Their replies were lost with the process that waited for them, so
 * we ask the store what became of them (docs/replication-model.md, "Outcomes"). Then the gate opens: first these entries are appended to the
 * log, then whatever was written meanwhile. */
#include "stored.h"

#include <assert.h>

/* ---- what they came to ---- */

/* The next reply to a probe. The replies to SELECT in between are skipped: they are OK, which no probe answers. */
static struct slice next_reply(const struct event *event, unsigned *reply)
{
	while (slice_equal(event->answered.replies[*reply], SLICE("+OK\r\n")))
		(*reply)++;
	return event->answered.replies[(*reply)++];
}

/* Returns true if the store has lost some of the writes that the context now claims to have seen. */
static bool add_header(struct recovery *recovery, struct buffer *out, const struct batch *header)
{
	/* Peers may have heard that we had seen these writes. So we keep claiming them, although the store may have forgotten them. */
	bool is_lifted;
	struct batch lifted = *header;
	struct context *context = causes_lifted(recovery->causes, &lifted, &is_lifted);
	lifted.is_lifted |= is_lifted;
	/* The gate is about to open: others hear of this before the next heartbeat. */
	causes_announce(recovery->causes, context);
	lifted.context = causes_positions(recovery->causes, context, &lifted.context_count);
	/* What was carried is appended behind entries that may be younger. So none of them says that all older writes stand before it. */
	if (recovery->carried.first != NULL)
		lifted.clock = 0;
	envelope_begin(out, &lifted);
	context_drop(context);
	return lifted.is_lifted;
}

/* Where the positions are gone, only our log tells what had been applied, and only of what we had announced. */
static uint64_t applied_before(const struct recovery *recovery, const struct origin *origin)
{
	bool is_known = (recovery->causes->lost_parts >> PART_POSITIONS & 1) == 0;
	return is_known || origin->applied > origin->heard ? origin->applied : origin->heard;
}

/* The context of an entry may name remote writes that the store refused in the end. Such claims are lowered to what the store has. No remote write is
 * applied before all entries are settled, so the store now has exactly what it had when the process ended. Returns the batch's new context, which
 * the caller frees. */
static struct position *lower_claims(struct recovery *recovery, unsigned own, struct batch *batch)
{
	struct position *positions = memory_new((batch->context_count + 1) * sizeof *positions);
	for (unsigned i = 0; i < batch->context_count; i++) {
		positions[i] = batch->context[i];
		int origin = origins_dc(&recovery->causes->origins, positions[i].dc) < 0 ? -1 :
			origins_get(&recovery->causes->origins, positions[i].dc, positions[i].incarnation);
		if (origin < 0 || (unsigned)origin == own || positions[i].is_floor)
			continue;
		uint64_t seen = applied_before(recovery, &recovery->causes->origins.items[origin]);
		if (positions[i].seq > seen)
			positions[i].seq = seen;
	}
	batch->context = positions;
	return positions;
}

/* Writes the final form of an entry to OUT, and consumes its replies to the probe. */
static void finish_entry(struct recovery *recovery, const struct stored *stored, const struct event *event, unsigned *reply, struct buffer *out)
{
	if (stored->was_sent) {
		buffer_add(out, stored->final);
		return;
	}
	struct batch batch;
	enum envelope_error error = envelope_decode(stored->final.len > 0 ? stored->final : stored->intent, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	struct position *claims = lower_claims(recovery, stored->origin, &batch);
	bool is_lifted = add_header(recovery, out, &batch);
	struct changes none = { 0 };
	struct slice raw;
	enum plan pending;
	for (uint64_t seq = batch.first_seq; envelope_write_next(&batch.writes, &pending, &recovery->step->changes, &raw); seq++) {
		bool is_told = pending == PLAN_NONE || pending == PLAN_SCRIPT || plan_is_of_stream(pending), is_void = !is_told;
		for (unsigned i = 0; i < recovery->step->changes.count; i++) {
			struct change *change = &recovery->step->changes.items[i];
			if (!is_told)
				rereads_add(recovery->rereads, change->db, change->key, false);
			if (!probe_is_asked(recovery, stored, pending, change))
				continue;
			struct slice answer = next_reply(event, reply);
			is_void |= !probe_is_done(change, answer) && !probe_is_recorded(recovery, change, stored->origin, seq);
			probe_learn(change, answer);
			if (probe_is_doubtful(change, answer))
				rereads_add(recovery->rereads, change->db, change->key, false);
		}
		if (is_lifted)
			rereads_add_touched(recovery->rereads, &recovery->step->changes);
		if (is_void)
			envelope_add_write(out, PLAN_NONE, &none);
		else if (is_lifted || pending != PLAN_NONE)
			envelope_add_write(out, PLAN_NONE, &recovery->step->changes);
		else
			envelope_add_write_raw(out, raw);
	}
	memory_free(claims);
}

/* A write whose answer was lost was shipped as void, and its keys had to be read back. The process may have ended before that, so they are put on the
 * list again. */
void settle_logged(struct recovery *recovery, const struct delivery *delivery)
{
	const struct stored *stored = stored_find(recovery, delivery->origin, delivery->first_seq);
	struct batch batch;
	if (stored == NULL || stored->final.len > 0 || stored->write_count != delivery->write_count)
		return;
	enum envelope_error error = envelope_decode(stored->intent, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	struct slice logged = delivery->writes, raw;
	enum plan pending, final;
	while (envelope_write_next(&batch.writes, &pending, &recovery->step->changes, &raw) &&
	       envelope_write_next(&logged, &final, &recovery->step->results, &raw))
		for (unsigned i = 0; pending != PLAN_NONE && pending != PLAN_SCRIPT && recovery->step->results.count == 0 && i < recovery->step->changes.count; i++)
			rereads_add(recovery->rereads, recovery->step->changes.items[i].db, recovery->step->changes.items[i].key, false);
}

/* Puts the final form of an entry into our metadata and appends it to the log. */
static void publish(struct recovery *recovery, struct append_list *list, const struct stored *stored, struct slice final)
{
	struct batch batch;
	enum envelope_error error = envelope_decode(final, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	bool is_lifted;
	struct context *context =
		stored->was_sent ? causes_read(recovery->causes, &batch) : causes_lifted(recovery->causes, &batch, &is_lifted);
	struct origin *origin = &recovery->causes->origins.items[stored->origin];
	struct stamp stamp = { .seq = batch.first_seq, .hlc = batch.hlc, .context = context, .origin = stored->origin };
	apply_recalled(recovery->apply, &stamp, batch.writes, batch.is_lifted);
	context_drop(context);
	uint64_t last_seq = batch.first_seq + batch.write_count - 1;
	/* The store refused the group whose seqs are missing here. They never named writes, so they are shipped as void. */
	uint64_t expected =
		(origin->logged > origin->recalled ? origin->logged : origin->recalled) + 1;
	if (batch.first_seq > expected)
		outbox_add_void(recovery->outbox, list, expected, &stamp);
	causes_note_logged(recovery->causes, stored->origin, batch.first_seq, batch.hlc, batch.write_count);
	origin->recalled = origin->logged = last_seq;
	outbox_add_batch(recovery->outbox, list, final, &(struct append){
		.origin = stored->origin, .last_seq = last_seq, .events = batch.write_count, .was_sent = stored->was_sent,
		.entry_ms = stored->entry_ms, .entry_seq = stored->entry_seq,
	});
}

/* Appends a batch, with a context that claims all that peers may have heard we had seen. */
static void add_lifted(struct recovery *recovery, struct append_list *list, const struct append *append, const struct batch *batch)
{
	struct buffer bytes = { 0 };
	bool is_lifted = add_header(recovery, &bytes, batch);
	struct slice writes = batch->writes, raw;
	enum plan pending;
	while (is_lifted && envelope_write_next(&writes, &pending, &recovery->step->changes, &raw)) {
		rereads_add_touched(recovery->rereads, &recovery->step->changes);
		envelope_add_write(&bytes, PLAN_NONE, &recovery->step->changes);
	}
	if (!is_lifted)
		buffer_add(&bytes, batch->writes);
	outbox_add_batch(recovery->outbox, list, buffer_slice(&bytes), append);
	buffer_free(&bytes);
}

/* Appends what was written while the gate was closed, after everything older. Only now does it enter the metadata. */
static void add_waiting(struct recovery *recovery, struct append_list *list)
{
	for (struct append *append = recovery->outbox->waiting.first; append != NULL; append = append->next) {
		struct batch batch;
		enum envelope_error error = envelope_decode(append->bytes, recovery->step->envelope, &batch);
		assert(error == ENVELOPE_OK);
		/* No remote write was applied since the opening, so this question has the same answer as when the batch was written. */
		batch.is_lifted &= !causes_have_applied(recovery->causes, recovery->causes->origins.items[append->origin].before, false);
		add_lifted(recovery, list, append, &batch);
		bool is_lifted;
		struct context *context = causes_lifted(recovery->causes, &batch, &is_lifted);
		struct stamp stamp = { .seq = batch.first_seq, .hlc = batch.hlc, .context = context, .origin = append->origin };
		apply_recalled(recovery->apply, &stamp, batch.writes, batch.is_lifted);
		recovery->causes->origins.items[append->origin].recalled = append->last_seq;
		context_drop(context);
	}
	append_list_clear(recovery->outbox, &recovery->outbox->waiting);
	append_list_move(list, &recovery->outbox->waiting);
}

/* ---- the connection was lost before all entries were settled ---- */

/* The store may lose an entry before we ask about it, and then it has lost the entry's effects, too. So a write counts as void if only the store could
 * have told whether it took place. Any other write counts as done. */
static bool is_unknown(const struct recovery *recovery, const struct stored *stored, enum plan pending)
{
	bool is_unknown = pending != PLAN_NONE && pending != PLAN_SCRIPT;
	for (unsigned i = 0; i < recovery->step->changes.count; i++)
		is_unknown |= probe_is_asked(recovery, stored, pending, &recovery->step->changes.items[i]);
	return is_unknown;
}

/* Shipped a second time, it is what it was the first time. */
bool settle_is_certain(struct recovery *recovery, const struct stored *stored)
{
	struct batch batch;
	enum envelope_error error = envelope_decode(stored->final.len > 0 ? stored->final : stored->intent, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	struct slice raw;
	enum plan pending;
	while (envelope_write_next(&batch.writes, &pending, &recovery->step->changes, &raw))
		if (is_unknown(recovery, stored, pending))
			return false;
	return true;
}

static void carry_entry(struct recovery *recovery, const struct stored *stored, struct append_list *list)
{
	struct batch batch;
	enum envelope_error error = envelope_decode(stored->final.len > 0 ? stored->final : stored->intent, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	struct append facts = {
		.origin = stored->origin, .last_seq = stored->first_seq + stored->write_count - 1, .events = stored->write_count,
		.is_guess = stored->final.len == 0, .was_sent = stored->was_sent,
	};
	if (stored->was_sent) {
		outbox_add_batch(recovery->outbox, list, stored->final, &facts);
		return;
	}
	struct buffer bytes = { 0 };
	struct changes none = { 0 };
	struct slice raw;
	enum plan pending;
	struct position *claims = lower_claims(recovery, stored->origin, &batch);
	envelope_begin(&bytes, &batch);
	while (envelope_write_next(&batch.writes, &pending, &recovery->step->changes, &raw)) {
		if (is_unknown(recovery, stored, pending))
			envelope_add_write(&bytes, PLAN_NONE, &none);
		else if (pending != PLAN_NONE)
			envelope_add_write(&bytes, PLAN_NONE, &recovery->step->changes);
		else
			envelope_add_write_raw(&bytes, raw);
	}
	outbox_add_batch(recovery->outbox, list, buffer_slice(&bytes), &facts);
	buffer_free(&bytes);
	memory_free(claims);
}

/* Final forms were carried over from an earlier opening. Where the store still has the intent, the carried form tells its outcome. The others
 * stay carried, as the store has lost them. */
void settle_adopt_carried(struct recovery *recovery)
{
	struct append_list carried = recovery->carried, lost;
	append_list_init(&lost);
	if (carried.first == NULL)
		return;
	for (struct append *append = carried.first, *next; append != NULL; append = next) {
		next = append->next;
		uint64_t first_seq = append->last_seq - append->events + 1;
		struct stored *stored = stored_find(recovery, append->origin, first_seq);
		bool is_logged = append->last_seq <= recovery->causes->origins.items[append->origin].logged;
		if (stored != NULL && (stored->final.len == 0 || append->was_sent) && !append->is_guess) {
			bytes_free(stored->final);
			stored->final = buffer_copy(append->bytes);
			stored->was_sent = append->was_sent;
		}
		if (stored != NULL || is_logged)
			append_free(recovery->outbox, append);
		else
			append_list_add(&lost, append);
	}
	append_list_init(&recovery->carried);
	append_list_move(&lost, &recovery->carried);
}

/* An opening ends before its gate opened. Its batches are carried over to the next one: later writes claim to have seen them, and may be all that the
 * store still has then. Oldest first: the entries of the outbox; what was carried already, which the store had lost when it opened, so it is younger
 * than what it still had; what was written since. */
void settle_carry(struct recovery *recovery)
{
	struct append_list list;
	append_list_init(&list);
	settle_adopt_carried(recovery);
	for (unsigned i = 0; i < recovery->stored_count; i++)
		carry_entry(recovery, &recovery->stored[i], &list);
	lost_end_add_carried(recovery, &list);
	append_list_move(&recovery->outbox->waiting, &list);
	append_list_move(&list, &recovery->carried);
}

/* Appends one batch that the store has lost. */
static void add_lost_batch(struct recovery *recovery, struct append_list *list, const struct append *append)
{
	struct batch batch;
	if (append->last_seq <= recovery->causes->origins.items[append->origin].logged)
		return;
	enum envelope_error error = envelope_decode(append->bytes, recovery->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	uint64_t logged = recovery->causes->origins.items[append->origin].logged;
	if (batch.first_seq > logged + 1)
		outbox_add_void(recovery->outbox, list, logged + 1, &(struct stamp){ .seq = batch.first_seq, .hlc = batch.hlc, .origin = append->origin });
	if (append->was_sent) {
		causes_note_logged(recovery->causes, append->origin, batch.first_seq, batch.hlc, batch.write_count);
		outbox_add_batch(recovery->outbox, list, append->bytes, append);
	} else {
		add_lifted(recovery, list, append, &batch);
	}
	recovery->causes->origins.items[append->origin].logged = append->last_seq;
}

/* Appends the batches that the store has lost. It gets them back when we read them from the log. What an entry of the store has overtaken never was in
 * the store: it is void, and was published as such in front of that entry. Those of earlier incarnations come before its entries, which count as
 * having seen them. BEFORE: NULL, or the entry that comes next. */
static void add_lost(struct recovery *recovery, struct append_list *list, const struct stored *before)
{
	const struct origin *origins = recovery->causes->origins.items;
	while (recovery->carried.first != NULL) {
		if (before != NULL && origins[recovery->carried.first->origin].incarnation >= origins[before->origin].incarnation)
			return;
		struct append *append = append_list_take(&recovery->carried);
		add_lost_batch(recovery, list, append);
		append_free(recovery->outbox, append);
	}
}

static void open_gate(struct recovery *recovery, const struct event *event)
{
	struct append_list list;
	unsigned reply = 0;
	bool has_lost = recovery->carried.first != NULL;
	append_list_init(&list);
	for (unsigned i = 0; i < recovery->stored_count; i++) {
		struct stored *stored = &recovery->stored[i];
		struct buffer final = { 0 };
		add_lost(recovery, &list, stored);
		finish_entry(recovery, stored, event, &reply, &final);
		publish(recovery, &list, stored, buffer_slice(&final));
		stored_hear_floor(recovery, stored);
		buffer_free(&final);
		bytes_free(stored->intent);
		bytes_free(stored->final);
	}
	recovery->stored_count = 0;
	add_lost(recovery, &list, NULL);
	add_waiting(recovery, &list);
	uint64_t last_hlc = causes_lift_hlc(recovery->causes, recovery->causes->self, recovery->causes->next_seq, 0);
	if (last_hlc > recovery->causes->hlc)
		recovery->causes->hlc = last_hlc;
	recovery->is_end_doubted = false;
	recovery_state_move(&recovery->state, recovery->causes->lost_parts != 0 ? RECOVERY_GATE_OPENED_TORN : RECOVERY_GATE_OPENED, recovery->causes);
	outbox_hand_over(recovery->outbox);
	if (has_lost)
		outbox_heartbeat(recovery->outbox, recovery->nonce);
	for (unsigned i = 0; i < recovery->causes->origins.count; i++)
		if (recovery->causes->origins.items[i].dc == 0 && origin_lacks_metadata(&recovery->causes->origins.items[i]))
			peer_stop(recovery->causes, 0, PEER_NEEDS_RESYNC,
			          "our own log lacks writes that are not yet applied everywhere: docs/operating.md, needs-resync, says what to do");
}

void settle_stored(struct recovery *recovery)
{
	struct group *group = group_new(recovery->groups, GROUP_PROBE);
	for (unsigned i = 0; i < recovery->stored_count; i++)
		probe_entry(recovery, &recovery->stored[i], &group->script);
	if (group->script.count == 0) {
		group_free(recovery->groups, group);
		open_gate(recovery, NULL);
		return;
	}
	group_send(recovery->groups, group);
}

void settle_answered(struct recovery *recovery, const struct event *event)
{
	open_gate(recovery, event);
}

void settle_refused(struct recovery *recovery)
{
	recovery_state_move(&recovery->state, RECOVERY_PROBE_ABORTED, recovery->causes);
}

bool settle_is_refused(const struct recovery *recovery)
{
	return recovery->state == RECOVERY_REFUSED;
}

void settle_again(struct recovery *recovery)
{
	recovery_state_move(&recovery->state, RECOVERY_PROBED_AGAIN, recovery->causes);
	settle_stored(recovery);
}
