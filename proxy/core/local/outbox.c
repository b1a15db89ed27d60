/* Outbox: final batches on their way to the own log. A batch first waits for the gate to open (recover.c), is then handed to the connector,
 * and leaves the outbox once the log has it durably. A connector may lose what it was given; then the outbox hands it over again.
 * Invariant: ids increase along `sent`, and every waiting batch comes after all that were sent. */
#include "kept.h"
#include "promise.h"

#include "proxy/core/causes/clocks.h"

#include <assert.h>

void outbox_disown_entries(struct outbox *outbox)
{
	for (struct append *append = outbox->sent.first; append != NULL; append = append->next)
		append->entry_ms = 0;
	for (struct append *append = outbox->waiting.first; append != NULL; append = append->next)
		append->entry_ms = 0;
}

void outbox_add_void(struct outbox *outbox, struct append_list *list, uint64_t first_seq, const struct stamp *next)
{
	unsigned origin = next->origin;
	uint64_t last_seq = next->seq - 1, count = next->seq - first_seq;
	uint64_t incarnation = outbox->causes->origins.items[origin].incarnation;
	/* Void writes claim to have seen nothing. Writes that are under way now may never take place, and a later incarnation would wait for them. */
	struct position before = { slice_of(outbox->causes->origins.dcs[0]), incarnation, first_seq - 1, false };
	struct batch header = {
		.dc = slice_of(outbox->causes->origins.dcs[0]),
		.incarnation = incarnation,
		.first_seq = first_seq,
		.hlc = next->hlc > count ? next->hlc - count : 0,
		.rules_digest = outbox->policies->current->digest,
		.context = &before,
		.context_count = first_seq > 1,
	};
	struct buffer batch = { 0 };
	struct changes none = { 0 };
	envelope_begin(&batch, &header);
	for (uint64_t seq = first_seq; seq <= last_seq; seq++)
		envelope_add_write(&batch, PLAN_NONE, &none);
	outbox_add_batch(outbox, list, buffer_slice(&batch), &(struct append){ .origin = origin, .last_seq = last_seq, .events = (unsigned)count });
	buffer_free(&batch);
}

/* ---- handing over ---- */

static void emit(struct outbox *outbox, struct append *append)
{
	struct effect *effect = effects_add(outbox->step->effects, EFFECT_APPEND);
	effect->append.id = append->id;
	effect->append.bytes = append->bytes;
	effect->append.passes_limit = append->passes_limit;
}

static void send_append(struct outbox *outbox, struct append *append)
{
	append->id = ++outbox->next_id;
	if (append->last_seq > outbox->causes->origins.items[append->origin].announced)
		outbox->causes->origins.items[append->origin].announced = append->last_seq;
	append_list_add(&outbox->sent, append);
	emit(outbox, append);
}

/* A batch that is larger than a message may be is sent in parts. Only the last part stands for the batch. */
static void send_parts(struct outbox *outbox, struct append *whole)
{
	struct batch header;
	envelope_read_header(whole->bytes, outbox->step->envelope, &header);
	uint64_t max = outbox->options->message_bytes_max;
	uint32_t count = (uint32_t)((whole->bytes.len + max - 1) / max);
	for (uint32_t part = 0; part < count; part++) {
		size_t at = part * max, len = whole->bytes.len - at < max ? whole->bytes.len - at : max;
		struct batch envelope = {
			.dc = header.dc, .incarnation = header.incarnation, .first_seq = header.first_seq, .hlc = header.hlc,
			.part = part, .part_count = count, .part_bytes = { whole->bytes.ptr + at, len },
		};
		struct buffer bytes = { 0 };
		envelope_begin(&bytes, &envelope);
		struct append facts = part + 1 == count ? *whole : (struct append){ .origin = whole->origin, .is_part = true };
		send_append(outbox, append_over(outbox, &bytes, &facts));
	}
	append_free(outbox, whole);
}

void outbox_hand_over(struct outbox *outbox)
{
	while (outbox->waiting.first != NULL) {
		struct append *append = append_list_take(&outbox->waiting);
		/* A later incarnation counts as having seen the batch, although the store may have lost it by then. */
		if (append->last_seq > outbox->causes->origins.items[append->origin].announced)
			outbox->causes->origins.items[append->origin].announced = append->last_seq;
		if (append->bytes.len > outbox->options->message_bytes_max)
			send_parts(outbox, append);
		else
			send_append(outbox, append);
	}
}

void outbox_hold(struct outbox *outbox)
{
	outbox->is_held = outbox->options->is_log_in_store;
}

void outbox_go_on(struct outbox *outbox)
{
	uint64_t id = outbox->retry_id;
	outbox->is_held = false;
	outbox->retry_id = 0;
	if (id > 0)
		outbox_retry(outbox, id);
}

void outbox_pump(struct outbox *outbox)
{
	if (outbox->causes->is_gate_open)
		outbox_hand_over(outbox);
}

void outbox_retry(struct outbox *outbox, uint64_t id)
{
	if (outbox->is_held) {
		outbox->retry_id = outbox->retry_id == 0 || id < outbox->retry_id ? id : outbox->retry_id;
		return;
	}
	for (struct append *append = outbox->sent.first; append != NULL; append = append->next)
		if (append->id >= id)
			emit(outbox, append);
}

void outbox_appended(struct outbox *outbox, uint64_t id, int64_t position)
{
	while (outbox->sent.first != NULL && outbox->sent.first->id <= id) {
		struct append *append = append_list_take(&outbox->sent);
		if (append->entry_ms != 0) {
			outbox->books->trim_ms = append->entry_ms;
			outbox->books->trim_seq = append->entry_seq;
			outbox->books->is_trim_due = true;
		}
		/* While we read our own log, its messages tell their positions. Of parts, only the last one's position counts. */
		if (!outbox->causes->peers[0].is_following && outbox->causes->is_open && !append->is_part)
			miles_add(outbox->books, 0, append->id == id ? position : outbox->causes->peers[0].position, append->origin,
			          append->last_seq);
		kept_add(outbox, append);
	}
	if (!outbox->causes->peers[0].is_following && outbox->causes->is_open)
		outbox->causes->peers[0].position = position;
}

/* A hello may stand in the log before writes that were executed before it. So it must not claim to have seen those, nor what else is applied here:
 * readers would conclude that all later messages have seen it, too. Returns the seq of our incarnation that it may claim. */
static uint64_t claim_logged(const struct outbox *outbox, struct context *context)
{
	for (uint32_t i = 0; i < context->count; i++) {
		if (origin_is_below(&outbox->causes->origins, context->floors, i))
			continue;
		uint64_t claim = outbox->causes->origins.items[i].dc == 0 ? outbox->causes->origins.items[i].logged : 0;
		if (context->seqs[i] > claim)
			context->seqs[i] = claim;
	}
	uint64_t logged = outbox->causes->origins.items[outbox->causes->self].logged;
	return logged < outbox->causes->answered_seq ? logged : outbox->causes->answered_seq;
}

/* Until our hello is read in the own log, nothing is applied here; and the log has room again only once somebody applies. So a full log has to take the
 * hello, and what it dropped before. The connector asks for that again. */
static void pass_limit(struct outbox *outbox)
{
	for (struct append *append = outbox->sent.first; append != NULL; append = append->next)
		append->passes_limit = true;
}

static unsigned list_known(const struct outbox *outbox, struct known *known)
{
	const struct causes *causes = outbox->causes;
	unsigned count = 0;
	for (unsigned dc = 1; dc < causes->origins.dc_count; dc++) {
		const struct known peer = { slice_of(causes->origins.dcs[dc]), slice_of(causes->peers[dc].status.id), peer_reached(causes, dc) };
		if (peer.id.len > 0 || peer.incarnation > 0)
			known[count++] = peer;
	}
	return count;
}

/* Sends a batch without writes. It tells what is applied here, up to which time all our writes are in the log, and which rules we have,
 * who we are, and whom we follow. */
static void send_heartbeat(struct outbox *outbox, uint64_t hello, bool is_stopped)
{
	struct context *context = causes_confirmed(outbox->causes);
	uint64_t last_seq = outbox->causes->answered_seq;
	if (hello != 0)
		last_seq = claim_logged(outbox, context);
	unsigned count;
	const struct position *positions = causes_positions(outbox->causes, context, &count);
	struct known known[CORE_DCS_MAX];
	const char *own = outbox->causes->peers[0].status.id;
	struct batch header = {
		.id = slice_of(own),
		.candidate = slice_of(hello != 0 && own[0] == '\0' ? outbox->causes->identity.candidate : ""),
		.known = known, .known_count = list_known(outbox, known),
		.dc = slice_of(outbox->causes->origins.dcs[0]), .incarnation = outbox->causes->origins.items[outbox->causes->self].incarnation,
		.first_seq = last_seq + 1, .hlc = causes_tick_hlc(outbox->causes, 1), .rules_digest = outbox->policies->current->digest,
		.hello = hello, .is_stopped = is_stopped,
		.wall_ms = outbox->step->now_ms, .clock = outbox->causes->clock, .steady_ms = outbox->step->steady_ms,
		.context = positions, .context_count = count,
		.homes_digest = outbox->topology->patterns.digest, .asks = outbox->topology->is_asking,
	};
	outbox->topology->is_asking = outbox->topology->is_answer_due = false;
	/* Our store and our log have lost writes together. Readers who miss their metadata would wait for them. */
	header.is_stopped |= hello == 0 && outbox->causes->is_gate_open && outbox->waiting.first == NULL && outbox->causes->peers[0].state == PEER_NEEDS_RESYNC;
	header.entries_from_ms = hello == 0 ? promise_entries(outbox->local, NULL) : 0;
	clocks_tell(outbox->causes, &header, true);
	causes_announce(outbox->causes, context);
	context_drop(context);
	struct buffer bytes = { 0 };
	envelope_begin(&bytes, &header);
	bool is_barrier = hello != 0 && !is_stopped && !outbox->causes->is_gate_open;
	if (is_barrier)
		pass_limit(outbox);
	send_append(outbox, append_new(outbox, buffer_slice(&bytes), &(struct append){ .origin = outbox->causes->self, .passes_limit = is_barrier }));
	buffer_free(&bytes);
	outbox->heartbeat_ms = outbox->step->steady_ms;
}

void outbox_heartbeat(struct outbox *outbox, uint64_t hello)
{
	send_heartbeat(outbox, hello, false);
}

void outbox_tell_stopped(struct outbox *outbox, uint64_t hello)
{
	send_heartbeat(outbox, hello, true);
}

void outbox_init(struct outbox *outbox)
{
	append_list_init(&outbox->sent);
	append_list_init(&outbox->waiting);
	append_list_init(&outbox->kept);
}

void outbox_free(struct outbox *outbox)
{
	append_list_clear(outbox, &outbox->sent);
	append_list_clear(outbox, &outbox->waiting);
	kept_clear(outbox);
}
