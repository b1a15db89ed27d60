/* Kept: what was appended lately to a log that is in the store (see kept.h).
 * Invariant: batches are kept whole and in the order in which they were executed. */
#include "kept.h"

#include <assert.h>

static bool is_batch(const struct append *append)
{
	return append->is_part || append->last_seq > 0;
}

static void uncount(struct outbox *outbox, const struct append *append)
{
	outbox->bytes -= append->bytes.len;
	outbox->events -= append->events;
}

static void keep(struct outbox *outbox, struct append *append)
{
	uncount(outbox, append);
	append->appended_ms = outbox->step->steady_ms;
	append->was_sent = true;
	append->entry_ms = 0;
	outbox->kept_bytes += append->bytes.len;
	append_list_add(&outbox->kept, append);
}

static struct append *take_kept(struct outbox *outbox)
{
	struct append *append = append_list_take(&outbox->kept);
	outbox->kept_bytes -= append->bytes.len;
	return append;
}

void kept_add(struct outbox *outbox, struct append *append)
{
	if (!outbox->options->is_log_in_store || !is_batch(append)) {
		append_free(outbox, append);
		return;
	}
	keep(outbox, append);
	kept_forget(outbox);
}

/* The last part of the first batch; NULL: it is not in the log yet. */
static const struct append *first_end(const struct outbox *outbox)
{
	const struct append *append = outbox->kept.first;
	while (append != NULL && append->is_part)
		append = append->next;
	return append;
}

void kept_forget(struct outbox *outbox)
{
	const struct append *end;
	while ((end = first_end(outbox)) != NULL) {
		bool is_old = outbox->step->steady_ms - end->appended_ms >= KEPT_MS;
		if (!is_old && outbox->kept_bytes <= outbox->options->outbox_bytes_max / KEPT_PART)
			return;
		while (outbox->kept.first != end)
			append_release(take_kept(outbox));
		append_release(take_kept(outbox));
	}
}

void kept_clear(struct outbox *outbox)
{
	while (outbox->kept.first != NULL)
		append_release(take_kept(outbox));
}

void kept_take_back(struct outbox *outbox, struct append_list *waiting)
{
	while (outbox->sent.first != NULL) {
		struct append *append = append_list_take(&outbox->sent);
		if (is_batch(append))
			keep(outbox, append);
		else
			append_free(outbox, append);
	}
	outbox->retry_id = 0;
	append_list_move(&outbox->waiting, waiting);
}

/* Adds to PARTS what APPEND holds of a batch that was sent in parts. True: it is whole now. */
static bool join(struct outbox *outbox, const struct append *append, struct buffer *parts)
{
	struct batch batch;
	enum envelope_error error = envelope_decode(append->bytes, outbox->step->envelope, &batch);
	assert(error == ENVELOPE_OK);
	if (batch.part_count < 2)
		buffer_add(parts, append->bytes);
	else
		buffer_add(parts, batch.part_bytes);
	return !append->is_part;
}

void kept_take_lost(struct outbox *outbox, struct append_list *lost)
{
	struct append_list kept = outbox->kept;
	struct buffer parts = { 0 };
	const struct append *end;
	append_list_init(&outbox->kept);
	while (kept.first != NULL) {
		for (end = kept.first; end != NULL && end->is_part;)
			end = end->next;
		const struct origin *origin = &outbox->causes->origins.items[kept.first->origin];
		bool is_lost = end != NULL && !origin->is_past && end->last_seq > origin->logged, is_whole = false;
		buffer_reset(&parts);
		while (!is_whole && kept.first != NULL) {
			struct append *append = append_list_take(&kept);
			is_whole = is_lost ? join(outbox, append, &parts) : !append->is_part;
			if (!is_lost) {
				append_list_add(&outbox->kept, append);
				continue;
			}
			outbox->kept_bytes -= append->bytes.len;
			if (is_whole)
				outbox_add_batch(outbox, lost, buffer_slice(&parts), append);
			append_release(append);
		}
	}
	buffer_free(&parts);
}
