/* Inbox: messages of the logs, in log order for each DC, until their causes are applied (data path of a remote write, step 7).
 * Invariant: held bytes of a DC stay near its limit; past it the log is paused. */
#include "proxy/core/state.h"

#include <assert.h>
#include <string.h>

static void delivery_free(struct delivery *delivery)
{
	if (delivery->context != NULL)
		context_drop(delivery->context);
	memory_free((void *)(uintptr_t)delivery->bytes.ptr);
	memory_free(delivery);
}

void peer_stop(struct core *core, unsigned dc, enum peer_state state, const char *text)
{
	struct peer *peer = &core->peers[dc];
	peer->state = state;
	peer->is_following = false;
	effects_add(core->effects, EFFECT_UNFOLLOW)->log.dc = dc;
	core_alarm(core, dc, text);
}

/* The batch's context by our origin indexes. NULL: it names more origins than we can tell apart. */
static struct context *translate_context(struct core *core, const struct batch *batch)
{
	uint64_t seqs[ORIGINS_MAX] = { 0 };
	for (unsigned i = 0; i < batch->context_count; i++) {
		const struct position *position = &batch->context[i];
		/* A DC that is not configured here (any more, or not yet): its writes cannot be waited for. */
		if (origins_dc(&core->origins, position->dc) < 0)
			continue;
		int origin = origins_get(&core->origins, position->dc, position->incarnation);
		if (origin < 0)
			return NULL;
		seqs[origin] = position->seq;
	}
	return context_new(seqs, core->origins.count);
}

static void drop_delivery(struct peer *peer)
{
	struct delivery *delivery = peer->first;
	peer->first = delivery->next;
	if (peer->first == NULL)
		peer->end = &peer->first;
	peer->held_events -= delivery->write_count;
	peer->held_bytes -= delivery->bytes.len;
	delivery_free(delivery);
}

void inbox_pop(struct core *core, struct peer *peer)
{
	drop_delivery(peer);
	if (!peer->is_paused || peer->held_bytes > core->options.inbox_bytes_max / 2)
		return;
	peer->is_paused = false;
	effects_add(core->effects, EFFECT_RESUME)->log.dc = (unsigned)(peer - core->peers);
}

void inbox_drop(struct core *core, unsigned dc)
{
	struct peer *peer = &core->peers[dc];
	while (peer->first != NULL)
		drop_delivery(peer);
	peer->is_paused = false;
	peer->mile_head = peer->mile_count = 0;
	peer->parts.len = 0;
}

static void hold(struct core *core, unsigned dc, struct delivery *delivery)
{
	struct peer *peer = &core->peers[dc];
	delivery->next = NULL;
	*peer->end = delivery;
	peer->end = &delivery->next;
	peer->held_events += delivery->write_count;
	peer->held_bytes += delivery->bytes.len;
	if (peer->is_paused || peer->held_bytes <= core->options.inbox_bytes_max)
		return;
	peer->is_paused = true;
	effects_add(core->effects, EFFECT_PAUSE)->log.dc = dc;
}

/* The store has this batch: it only restores metadata, or it is a duplicate. */
static void recall(struct core *core, unsigned dc, struct delivery *delivery)
{
	struct origin *origin = &core->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	if (last_seq <= origin->recalled) {
		core->peers[dc].status.duplicate_events += delivery->write_count;
		return;
	}
	if (delivery->first_seq > origin->recalled + 1) {
		peer_stop(core, dc, PEER_NEEDS_RESYNC, "the log lacks writes that are not yet applied everywhere: adopt a peer's snapshot");
		return;
	}
	struct stamp stamp = { .seq = delivery->first_seq, .hlc = delivery->hlc, .context = delivery->context, .origin = delivery->origin };
	if (last_seq > origin->kept)
		apply_recalled(core, &stamp, delivery->writes);
	if (dc == 0 && delivery->is_lifted)
		reread_writes(core, delivery->writes);
	origin->recalled = last_seq;
}

static void note_clock(struct core *core, unsigned dc, uint64_t hlc)
{
	struct peer *peer = &core->peers[dc];
	int64_t offset = (int64_t)hlc_ms(hlc) - (int64_t)core->now_ms;
	peer->status.clock_offset_ms = offset;
	bool is_drifting = offset > (int64_t)core->options.drift_ms_max;
	if (is_drifting && !peer->is_drift_alarmed)
		core_alarm(core, dc, "its clock is ahead of ours beyond the limit (clock.drift)");
	peer->is_drift_alarmed = is_drifting;
}

static void note_known(struct peer *peer, uint64_t incarnation, uint64_t seq)
{
	if (incarnation < peer->known_incarnation || (incarnation == peer->known_incarnation && seq <= peer->status.known_seq))
		return;
	peer->known_incarnation = incarnation;
	peer->status.known_seq = seq;
}

static void take_delivery(struct core *core, unsigned dc, struct delivery *delivery)
{
	struct origin *origin = &core->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	if (dc == 0)
		recover_own_batch(core, delivery);
	peer_add_mile(core, dc, delivery->position, delivery->origin, last_seq);
	note_known(&core->peers[dc], origin->incarnation, last_seq);
	if (delivery->write_count > 0 && last_seq <= origin->applied) {
		recall(core, dc, delivery);
		delivery_free(delivery);
	} else if (dc == 0 && (delivery->write_count == 0 || delivery->origin == core->self)) {
		delivery_free(delivery);
	} else {
		hold(core, dc, delivery);
	}
}

/* Bytes of one message, decoded; true when it is a whole batch (then *batch is filled, with slices into *whole). */
static bool decode(struct core *core, unsigned dc, struct slice bytes, struct batch *batch, struct slice *whole)
{
	struct peer *peer = &core->peers[dc];
	*whole = bytes;
	enum envelope_error error = envelope_decode(bytes, core->scratch, batch);
	if (error == ENVELOPE_OK && batch->part_count > 1) {
		if (batch->part == 0) {
			peer->parts.len = 0;
			peer->part_next = 0;
		}
		/* A repeated start of a batch leaves old parts behind: they are repeated, too. */
		if (batch->part != peer->part_next)
			return false;
		peer->part_next++;
		buffer_add(&peer->parts, batch->part_bytes);
		if (peer->part_next < batch->part_count)
			return false;
		*whole = buffer_slice(&peer->parts);
		error = envelope_decode(*whole, core->scratch, batch);
	}
	int origin_dc = error == ENVELOPE_OK ? origins_dc(&core->origins, batch->dc) : -1;
	if (error == ENVELOPE_OK && origin_dc == (int)dc)
		return true;
	buffer_reset(&core->text);
	buffer_add_text(&core->text, "a message of its log cannot be read: ");
	buffer_add_text(&core->text, error == ENVELOPE_OK ? "it is another datacenter's" : envelope_error_text(error));
	buffer_add_byte(&core->text, '\0');
	peer_stop(core, dc, PEER_UNDECODABLE, core->text.ptr);
	return false;
}

void inbox_take(struct core *core, unsigned dc, int64_t position, struct slice bytes)
{
	struct peer *peer = &core->peers[dc];
	if (!core->is_open || !peer->is_following)
		return;
	struct batch batch;
	struct slice whole;
	/* A connector that reconnects may repeat messages. */
	if (position <= peer->position)
		return;
	bool is_whole = decode(core, dc, bytes, &batch, &whole);
	if (!peer->is_following)
		return;
	peer->position = position;
	if (!is_whole)
		return;
	int origin = origins_get(&core->origins, batch.dc, batch.incarnation);
	struct context *context = origin < 0 ? NULL : translate_context(core, &batch);
	if (context == NULL) {
		peer_stop(core, dc, PEER_UNDECODABLE, "too many incarnations of datacenters in one context");
		return;
	}
	struct delivery *delivery = memory_new(sizeof *delivery);
	*delivery = (struct delivery){
		.position = position, .bytes = buffer_copy(whole), .context = context, .origin = (unsigned)origin,
		.write_count = batch.write_count, .first_seq = batch.first_seq, .hlc = batch.hlc, .hello = batch.hello,
		.rules_digest = batch.rules_digest, .is_lifted = batch.is_lifted,
	};
	delivery->writes = (struct slice){ delivery->bytes.ptr + (batch.writes.ptr - whole.ptr), batch.writes.len };
	if (whole.ptr == peer->parts.ptr)
		peer->parts.len = 0;
	if (dc != 0)
		note_clock(core, dc, batch.hlc);
	peer->status.rules_digest = batch.rules_digest;
	take_delivery(core, dc, delivery);
}
