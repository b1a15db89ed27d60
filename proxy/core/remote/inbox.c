/* Inbox (a causal buffer): keeps the messages of each log, in log order, until the writes they depend on are applied.
 * Invariant: the bytes held of a peer stay near its limit. Above the limit its log is paused. Of the own log all is held that the store lacks. */
#include "remote_state.h"

#include "proxy/core/causes/clocks.h"
#include "proxy/core/topology/doubt.h"
#include "proxy/core/topology/missed.h"
#include "proxy/core/causes/rooms.h"

#include <assert.h>
#include <string.h>

static void delivery_free(struct delivery *delivery)
{
	if (delivery->context != NULL)
		context_drop(delivery->context);
	bytes_free(delivery->bytes);
	memory_free(delivery);
}

static void drop_first(struct inbox *inbox)
{
	struct delivery *delivery = inbox->first;
	inbox->first = delivery->next;
	if (inbox->first == NULL)
		inbox->end = &inbox->first;
	inbox->held_events -= delivery->write_count;
	inbox->held_bytes -= delivery->bytes.len;
	delivery_free(delivery);
}

void inbox_pop(struct remote *remote, unsigned dc)
{
	struct inbox *inbox = &remote->inboxes[dc];
	drop_first(inbox);
	if (!inbox->is_paused || inbox->held_bytes > remote->options->inbox_bytes_max / 2)
		return;
	inbox->is_paused = false;
	remote->causes->peers[dc].listening_since_ms = remote->step->steady_ms;
	effects_add(remote->step->effects, EFFECT_RESUME)->log.dc = dc;
}

void inbox_drop(struct remote *remote, unsigned dc)
{
	struct inbox *inbox = &remote->inboxes[dc];
	while (inbox->first != NULL)
		drop_first(inbox);
	inbox->is_paused = false;
	inbox->parts.len = 0;
}

/* Nothing held is applied before metadata is whole. So a log is not paused in front of what that still needs: our hello in the own log, applied writes in others'. */
static bool is_needed(const struct remote *remote, unsigned dc)
{
	const struct origins *origins = &remote->causes->origins;
	if (dc == 0 || remote->causes->is_recalled)
		return dc == 0;
	for (unsigned i = 0; i < origins->count; i++)
		if (origins->items[i].dc == dc && origin_lacks_metadata(&origins->items[i]))
			return true;
	return false;
}

static void add_held(struct remote *remote, unsigned dc, struct delivery *delivery)
{
	struct inbox *inbox = &remote->inboxes[dc];
	delivery->next = NULL;
	*inbox->end = delivery;
	inbox->end = &delivery->next;
	inbox->held_events += delivery->write_count;
	inbox->held_bytes += delivery->bytes.len;
	if (inbox->is_paused || inbox->held_bytes <= remote->options->inbox_bytes_max || is_needed(remote, dc))
		return;
	inbox->is_paused = true;
	effects_add(remote->step->effects, EFFECT_PAUSE)->log.dc = dc;
}

/* The log lacks writes whose metadata is needed. The own log is read on all the same: our hello stands behind, and without it nothing would be applied of
 * the other logs either. */
static bool passes_hole(struct remote *remote, unsigned dc)
{
	static const char text[] = "its log lacks writes that are not yet applied everywhere: docs/operating.md, needs-resync, says what to do";
	struct peer *own = &remote->causes->peers[0];
	if (dc != 0) {
		peer_stop(remote->causes, dc, PEER_NEEDS_RESYNC, text);
		return false;
	}
	if (own->state != PEER_NEEDS_RESYNC)
		step_alarm(remote->step, 0, text);
	own->state = PEER_NEEDS_RESYNC;
	own->status.why = text;
	remote->step->status.has_lost_metadata = true;
	return true;
}

/* The store already has this batch. It restores metadata, or is a duplicate. */
static void recall(struct remote *remote, unsigned dc, struct delivery *delivery)
{
	struct origin *origin = &remote->causes->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	if (last_seq <= origin->recalled) {
		remote->causes->peers[dc].status.duplicate_events += delivery->write_count;
		return;
	}
	if (delivery->first_seq > origin->recalled + 1 && !passes_hole(remote, dc))
		return;
	struct stamp stamp = { .seq = delivery->first_seq, .hlc = delivery->hlc, .context = delivery->context, .origin = delivery->origin };
	if (last_seq > origin->kept)
		apply_recalled(remote->apply, &stamp, delivery->writes, delivery->is_lifted);
	if (dc == 0 && delivery->is_lifted)
		rereads_add_writes(remote->rereads, delivery->writes);
	origin->recalled = last_seq;
}

static void note_known(struct peer *peer, uint64_t incarnation, uint64_t seq)
{
	if (incarnation < peer->known_incarnation || (incarnation == peer->known_incarnation && seq <= peer->status.known_seq))
		return;
	peer->known_incarnation = incarnation;
	peer->status.known_seq = seq;
}

/* A heartbeat stands behind all writes of its datacenter that it counts: what has not come by then will not come. A hello counts none. But where its
 * sender is stopped, or has lost writes with its log, nothing comes that is not there. */
static bool lacks_counted(const struct remote *remote, unsigned dc, const struct delivery *heartbeat)
{
	const struct origins *origins = &remote->causes->origins;
	if (heartbeat->hello != 0 && !heartbeat->is_stopped)
		return false;
	for (unsigned i = 0; i < origins->count; i++) {
		const struct origin *origin = &origins->items[i];
		uint64_t counted = heartbeat->is_stopped ? SEQ_WHOLE : i == heartbeat->origin ? heartbeat->first_seq - 1 : context_at(heartbeat->context, i);
		if (origin->dc == dc && counted > origin->recalled && origin_lacks_metadata(origin))
			return true;
	}
	return false;
}

void inbox_hold(struct remote *remote, unsigned dc, struct delivery *delivery)
{
	struct origin *origin = &remote->causes->origins.items[delivery->origin];
	uint64_t last_seq = delivery->first_seq + delivery->write_count - 1;
	if (!identity_is_awaited(remote->causes, delivery->origin))
		miles_add(remote->books, dc, delivery->position, delivery->origin, last_seq);
	note_known(&remote->causes->peers[dc], origin->incarnation, last_seq);
	if (dc != 0 && delivery->write_count == 0 && !remote->causes->is_recalled && lacks_counted(remote, dc, delivery))
		(void)passes_hole(remote, dc);
	if (delivery->write_count > 0 && last_seq <= origin->applied) {
		recall(remote, dc, delivery);
		delivery_free(delivery);
	} else if (dc == 0 && (delivery->write_count == 0 || delivery->origin == remote->causes->self)) {
		delivery_free(delivery);
	} else {
		add_held(remote, dc, delivery);
	}
}

/* What others have seen of ours is not over while we lack it: our store and our log may have lost it together. */
static void note_seen(struct remote *remote, const struct context *context)
{
	for (unsigned i = 0; i < context->count; i++) {
		struct origin *origin = &remote->causes->origins.items[i];
		if (origin->dc == 0 && context->seqs[i] > origin->seen && context->seqs[i] < SEQ_NONE)
			origin->seen = context->seqs[i];
	}
}

static void note_foreign(struct remote *remote, unsigned dc, struct slice whose)
{
	struct buffer *text = &remote->step->text;
	struct core_peer_status *status = &remote->causes->peers[dc].status;
	slice_to_text(status->foreign_dc, sizeof status->foreign_dc, whose);
	buffer_add_text(text, dc == 0 ? "our own log holds the messages of another datacenter, " : "its log holds the messages of another datacenter, ");
	buffer_add(text, whose);
	buffer_add_text(text, dc == 0 ? ": correct `log`, and restart" : ": correct where its log is read (peers), and restart");
}

/* Decodes one message. True if a batch is complete now: then *BATCH is filled, with slices into *WHOLE. */
static bool decode(struct remote *remote, unsigned dc, struct slice bytes, struct batch *batch, struct slice *whole)
{
	struct inbox *inbox = &remote->inboxes[dc];
	*whole = bytes;
	enum envelope_error error = envelope_decode(bytes, remote->step->envelope, batch);
	if (error == ENVELOPE_OK && batch->part_count > 1) {
		if (batch->part == 0) {
			inbox->parts.len = 0;
			inbox->part_next = 0;
			inbox->checked = (struct envelope_progress){ 0 };
		}
		/* The batch began again, so the parts that we have will be repeated, too. */
		if (batch->part != inbox->part_next)
			return false;
		inbox->part_next++;
		buffer_add(&inbox->parts, batch->part_bytes);
		envelope_check_some(buffer_slice(&inbox->parts), &inbox->checked);
		if (inbox->part_next < batch->part_count)
			return false;
		*whole = buffer_slice(&inbox->parts);
		error = envelope_decode_checked(*whole, remote->step->envelope, &inbox->checked, batch);
	}
	int origin_dc = error == ENVELOPE_OK ? origins_dc(&remote->causes->origins, batch->dc) : -1;
	if (error == ENVELOPE_OK && origin_dc == (int)dc)
		return true;
	buffer_reset(&remote->step->text);
	remote->causes->peers[dc].status.is_beyond_incarnations = false;
	if (error == ENVELOPE_OK) {
		note_foreign(remote, dc, batch->dc);
	} else {
		buffer_add_text(&remote->step->text, "a message of its log cannot be read: ");
		buffer_add_text(&remote->step->text, envelope_error_text(error));
	}
	buffer_add_byte(&remote->step->text, '\0');
	peer_stop(remote->causes, dc, error == ENVELOPE_OK ? PEER_FOREIGN : PEER_UNDECODABLE, remote->step->text.ptr);
	return false;
}

/* A batch that came in parts is taken over, any other is copied. */
static struct slice keep(struct inbox *inbox, struct slice whole)
{
	if (whole.ptr != inbox->parts.ptr)
		return buffer_copy(whole);
	inbox->parts = (struct buffer){ 0 };
	return whole;
}

struct delivery *inbox_take(struct remote *remote, unsigned dc, int64_t position, struct slice bytes)
{
	struct peer *peer = &remote->causes->peers[dc];
	if (!remote->causes->is_open || !peer->is_following)
		return NULL;
	struct batch batch;
	struct slice whole;
	/* After a reconnect, a connector may repeat messages. */
	if (position <= peer->position)
		return NULL;
	bool is_whole = decode(remote, dc, bytes, &batch, &whole);
	if (!peer->is_following)
		return NULL;
	peer->position = position;
	if (!is_whole)
		return NULL;
	int origin = origins_get(&remote->causes->origins, batch.dc, batch.incarnation);
	if (origin >= 0 && !identity_hear(remote->causes, dc, &batch, (unsigned)origin))
		return NULL;
	struct context *context = origin < 0 ? NULL : causes_read(remote->causes, &batch);
	if (context == NULL) {
		peer->status.is_beyond_incarnations = true;
		peer_stop(remote->causes, dc, PEER_UNDECODABLE, "it names more incarnations of datacenters than can be told apart: Redis servers were restarted "
		          "thousands of times while a peer heard nothing of it");
		return NULL;
	}
	struct delivery *delivery = memory_new(sizeof *delivery);
	*delivery = (struct delivery){
		.position = position, .bytes = keep(&remote->inboxes[dc], whole), .context = context, .origin = (unsigned)origin,
		.write_count = batch.write_count, .changes_max = batch.changes_max, .first_seq = batch.first_seq, .hlc = batch.hlc, .hello = batch.hello,
		.rules_digest = batch.rules_digest, .is_lifted = batch.is_lifted, .is_stopped = batch.is_stopped, .asks = batch.asks,
		.clock = batch.clock, .steady_ms = batch.steady_ms, .entries_from_ms = batch.entries_from_ms,
	};
	delivery->writes = (struct slice){ delivery->bytes.ptr + (batch.writes.ptr - whole.ptr), batch.writes.len };
	if (dc != 0)
		missed_hear(remote->topology, dc);
	peer->status.heard_ms = remote->step->steady_ms;
	if (dc != 0) {
		clocks_hear(remote->causes, dc, &batch, remote->options->heartbeat_ms);
		note_seen(remote, context);
		doubt_hear(remote->topology, dc, &batch);
	}
	peer->status.rules_digest = batch.rules_digest;
	return delivery;
}

void inbox_status(const struct remote *remote, unsigned dc, struct core_peer_status *status)
{
	status->held_events = remote->inboxes[dc].held_events;
	status->held_bytes = remote->inboxes[dc].held_bytes;
	status->is_paused = remote->inboxes[dc].is_paused;
}

void remote_mark_used(const struct remote *remote, bool *is_used)
{
	for (unsigned dc = 0; dc < remote->options->dc_count; dc++)
		for (const struct delivery *delivery = remote->inboxes[dc].first; delivery != NULL; delivery = delivery->next)
			is_used[delivery->origin] = true;
}

struct remote *remote_new(const struct rooms *rooms)
{
	struct remote *remote = memory_new(sizeof *remote);
	*remote = (struct remote){
		.options = rooms->options, .step = rooms->step, .causes = rooms->causes, .topology = rooms->topology, .rereads = rooms->rereads, .suspects = rooms->suspects,
		.groups = rooms->groups, .books = rooms->books, .apply = rooms->apply, .local = rooms->local, .keyspace = rooms->keyspace,
		.conflicts = rooms->conflicts, .policies = rooms->policies,
	};
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		remote->inboxes[dc].end = &remote->inboxes[dc].first;
	return remote;
}

void remote_free(struct remote *remote)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		buffer_free(&remote->inboxes[dc].parts);
	memory_free(remote);
}
