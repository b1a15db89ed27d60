/* One entry of a stream of the simulated store: as replies have it, and which of two comes first. */
#include "sim_command.h"

#include <stdlib.h>
#include <string.h>

static void id_take(struct slice text, uint64_t *ms, uint64_t *seq)
{
	const char *dash = memchr(text.ptr, '-', text.len);

	*ms = strtoull(text.ptr, NULL, 10);
	*seq = dash == NULL ? 0 : strtoull(dash + 1, NULL, 10);
}

int entry_order(struct slice id, struct slice other)
{
	uint64_t ms, seq, other_ms, other_seq;

	id_take(id, &ms, &seq);
	id_take(other, &other_ms, &other_seq);
	if (ms != other_ms)
		return ms < other_ms ? -1 : 1;
	return seq < other_seq ? -1 : seq > other_seq;
}

void entry_reply(struct sim_call *call, const struct sim_element *entry)
{
	struct slice fields = store_text(call, entry->value);
	uint64_t count = 0;

	for (size_t at = 0; at < fields.len; count++)
		at += 1 + strcspn(fields.ptr + at, "\n") + strtoull(fields.ptr + at + 1, NULL, 10) + 2;
	reply_array(call, 2);
	reply_bulk(call, store_text(call, entry->name));
	reply_array(call, count);
	buffer_add(call->out, fields);
}
