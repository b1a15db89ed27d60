/* Own log: we read it up to our hello (a barrier). So we learn what others may have heard of us, and which outbox entries got into the log. */
#include "stored.h"

static void stop_reading(struct recovery *recovery)
{
	recovery->causes->peers[0].is_following = false;
	effects_add(recovery->step->effects, EFFECT_UNFOLLOW)->log.dc = 0;
}

/* The log holds nothing of this origin: either it never did, or it has lost it. */
static bool own_log_doubts(const struct recovery *recovery, unsigned origin)
{
	return !recovery->causes->origins.items[origin].is_logged_whole && recovery->causes->origins.items[origin].logged == 0;
}

/* It may have been in the part of the log that is gone. */
static bool may_be_lost(const struct recovery *recovery, unsigned origin, uint64_t last_seq)
{
	const struct origin *own = &recovery->causes->origins.items[origin];
	return recovery->has_lost_position && !own->is_logged_whole && last_seq > own->logged;
}

/* The log has lost its beginning, and either the store is so old that it knows no position in it, or that position is gone and what some writes came to
 * would have to be asked. Writes that may have been in the lost part must not be shipped a second time, as their outcome might differ. */
static bool has_doubts(struct recovery *recovery)
{
	if (!recovery->is_log_cut)
		return false;
	for (unsigned i = 0; i < recovery->stored_count; i++) {
		const struct stored *stored = &recovery->stored[i];
		uint64_t last_seq = stored->first_seq + stored->write_count - 1;
		if (own_log_doubts(recovery, stored->origin) || (may_be_lost(recovery, stored->origin, last_seq) && !settle_is_certain(recovery, stored)))
			return true;
	}
	for (const struct append *append = recovery->carried.first; append != NULL; append = append->next)
		if (own_log_doubts(recovery, append->origin) || (may_be_lost(recovery, append->origin, append->last_seq) && append->is_guess))
			return true;
	return false;
}

static void begin_after(struct recovery *recovery, struct origin *own)
{
	if (own->before != NULL)
		return;
	struct origins *origins = &recovery->causes->origins;
	own->before = context_new(origins, origins->count);
	own->before->floors = floors_hold(origins->heard);
	for (unsigned i = 0; i < origins->count; i++)
		if (!origin_is_below(origins, origins->heard, i))
			own->before->seqs[i] = origins->items[i].heard;
	if (recovery->heard_hlc > own->before_hlc)
		own->before_hlc = recovery->heard_hlc;
}

/* The first hello of an incarnation may not have reached the log. Then the log holds nothing of it, and it began after all that the log holds. */
static void hear_lost_hellos(struct recovery *recovery)
{
	for (unsigned i = 0; i < recovery->causes->origins.count; i++) {
		struct origin *origin = &recovery->causes->origins.items[i];
		if (origin->dc == 0 && own_log_doubts(recovery, i) && !origin->is_begun)
			begin_after(recovery, origin);
	}
}

/* Our store lacks what stood in a lost part of the log. Those writes may be gone everywhere, even acknowledged ones. We say so, and keep shipping what
 * is left. */
static void tell_log_lost(struct recovery *recovery)
{
	static const char text[] = "our own log lost writes that our Redis does not have; they may be gone: docs/operating.md, needs-resync, says what to do";
	recovery->causes->peers[0].state = PEER_NEEDS_RESYNC;
	recovery->causes->peers[0].status.why = text;
	step_alarm(recovery->step, 0, text);
}

/* Somebody wrote in our name after this incarnation had begun: another sidecar, or we ourselves in a store that took over for a time. Peers would take
 * what this incarnation says for older than that. */
static void renew_outlived(struct recovery *recovery)
{
	struct causes *causes = recovery->causes;
	bool is_outlived = false;
	for (unsigned i = 0; i < causes->origins.count; i++)
		is_outlived |= causes->origins.items[i].dc == 0 && !causes->origins.items[i].is_stranger &&
		               causes->origins.items[i].incarnation > causes->origins.items[causes->self].incarnation;
	if (!is_outlived)
		return;
	causes->identity.is_renewal_due = true;
	effects_add(recovery->step->effects, EFFECT_REOPEN);
}

/* Peers may have heard of a floor that was told in the lost end of the log. All that is below it has been read by now. */
static void hear_lost_floor(struct recovery *recovery)
{
	struct origins *origins = &recovery->causes->origins;
	uint64_t floor = floor_at(origins->announced, 0);
	if (recovery->options->is_log_in_store && floor > floor_at(origins->heard, 0))
		floors_raise(&origins->heard, origins, 0, floor);
}

/* Our hello was read, so all that the log held when we opened has been read, too. */
static void hear_hello(struct recovery *recovery)
{
	recovery->causes->has_announced = recovery->causes->origins.items[recovery->causes->self].is_begun = true;
	renew_outlived(recovery);
	identity_hear_end(recovery->causes);
	torn_hear_end(recovery);
	if (has_doubts(recovery)) {
		recovery_state_move(&recovery->state, RECOVERY_FOUND_LOG_CUT, recovery->causes);
		peer_stop(recovery->causes, 0, PEER_NEEDS_RESYNC,
		          "our own log lost its beginning, and our Redis its end: docs/operating.md, needs-resync, says what to do");
		return;
	}
	recovery_state_move(&recovery->state, RECOVERY_HEARD_HELLO, recovery->causes);
	stored_drop_logged(recovery);
	lost_end_find(recovery);
	recovery->books->is_log_lost |= recovery->is_log_cut;
	if (recovery->books->is_log_lost)
		tell_log_lost(recovery);
	settle_adopt_carried(recovery);
	if (recovery->carried.first == NULL) {
		hear_lost_floor(recovery);
		stop_reading(recovery);
	}
	settle_stored(recovery);
}

/* The second hello was appended behind writes that the store had lost and the log did not hold yet. They were read and applied like the writes of
 * any other origin, so our log need not be read any further. */
static void hear_again(struct recovery *recovery)
{
	hear_lost_floor(recovery);
	recovery_state_move(&recovery->state, RECOVERY_HEARD_AGAIN, recovery->causes);
	recovery->books->is_log_lost |= recovery->is_log_cut;
	stop_reading(recovery);
}

/* `heard` excludes what this process announced lately and the log may not hold: earlier incarnations had not seen that. */
static void hear(struct recovery *recovery, unsigned index, uint64_t seq)
{
	struct origin *origin = &recovery->causes->origins.items[index];
	if (seq > origin->heard)
		origin->heard = seq;
	if (seq > origin->announced)
		origin->announced = seq;
}

void own_log_take(struct recovery *recovery, const struct delivery *delivery)
{
	struct origin *own = &recovery->causes->origins.items[delivery->origin];
	/* The first hello of an incarnation carries its number. What the log said before it had been announced when the incarnation began. */
	own->is_begun |= delivery->hello == own->incarnation;
	own->is_logged_whole |= delivery->hello == own->incarnation;
	if (delivery->write_count > 0 && !own->is_past && delivery->first_seq > own->logged + 1)
		own->is_logged_whole = false;
	if (delivery->hello != 0 && delivery->hello == own->incarnation)
		begin_after(recovery, own);
	bool is_reading = recovery->state == RECOVERY_READING;
	if (delivery->hello == recovery->nonce && is_reading)
		hear_lost_hellos(recovery);
	if (delivery->write_count > 0 && is_reading)
		settle_logged(recovery, delivery);
	if (delivery->write_count > 0)
		causes_note_logged(recovery->causes, delivery->origin, delivery->first_seq, delivery->hlc, delivery->write_count);
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	floors_join(&recovery->causes->origins.heard, delivery->context->floors);
	floors_join(&recovery->causes->origins.announced, delivery->context->floors);
	for (unsigned i = 0; i < recovery->causes->origins.count; i++)
		hear(recovery, i, context_at(delivery->context, i));
	hear(recovery, delivery->origin, last_seq);
	/* A hello without writes names the next seq. It does not say that the log holds all seqs before that one. */
	if (delivery->write_count > 0 && last_seq > own->logged)
		own->logged = last_seq;
	uint64_t last_hlc = delivery->hlc + delivery->write_count;
	if (last_hlc > recovery->heard_hlc)
		recovery->heard_hlc = last_hlc;
	if (last_hlc > recovery->causes->hlc)
		recovery->causes->hlc = last_hlc;
	if (delivery->hello != recovery->nonce)
		return;
	if (is_reading)
		hear_hello(recovery);
	else
		hear_again(recovery);
}

/* Where the store tells what precedes the position that we read from, and that is the beginning, the log was cut behind an earlier position before. Then
 * what was written since may have been in the part that is gone now. */
void own_log_note_cut(struct recovery *recovery)
{
	recovery->is_log_cut = true;
	for (unsigned i = 0; i < recovery->causes->origins.count; i++) {
		struct origin *origin = &recovery->causes->origins.items[i];
		if (origin->dc != 0 || origin->is_past)
			continue;
		recovery->has_lost_position |= origin->floor > 0;
		origin->is_logged_whole = false;
	}
}

/* The log was cut behind the position from which we wanted to read, or was made anew. What there is now is read from its beginning, up to a hello that
 * is appended now, as the first one may be gone, too: whatever our log lost, the logs of others must go on being applied. */
bool own_log_begin_again(struct recovery *recovery)
{
	if (recovery->state != RECOVERY_READING)
		return false;
	recovery->is_log_cut = recovery->has_lost_position = true;
	for (unsigned i = 0; i < recovery->causes->origins.count; i++)
		if (recovery->causes->origins.items[i].dc == 0)
			recovery->causes->origins.items[i].is_logged_whole = false;
	struct road *road = &recovery->books->roads[0];
	miles_drop(recovery->books, 0);
	road->follow_position = road->told_position = recovery->causes->peers[0].position = POSITION_BEGIN;
	struct effect *effect = effects_add(recovery->step->effects, EFFECT_FOLLOW);
	effect->log.dc = 0;
	effect->log.position = POSITION_BEGIN;
	outbox_heartbeat(recovery->outbox, recovery->nonce);
	return true;
}

void own_log_tell_stopped(struct recovery *recovery)
{
	bool is_due = recovery->step->steady_ms - recovery->outbox->heartbeat_ms >= recovery->options->heartbeat_ms;
	if (recovery->state == RECOVERY_STOPPED && is_due && recovery->outbox->sent.first == NULL)
		outbox_tell_stopped(recovery->outbox, recovery->nonce);
}
