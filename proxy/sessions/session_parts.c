/* Session parts (see session_parts.h). */
#include "session_parts.h"

static void part_end(struct parts *parts)
{
	parts->items[parts->at].is_done = true;
	if (!parts->is_running)
		parts->go_on(parts);
}

static void parts_take_stored(struct parts *parts, struct slice reply)
{
	struct part *part = &parts->items[parts->at];
	buffer_add(&part->reply, reply);
	part->is_done = true;
	while (parts->at < parts->count && (parts->items[parts->at].kind != PART_STORE || parts->items[parts->at].is_done))
		parts->at++;
	if (parts->at == parts->count)
		parts->go_on(parts);
}

/* CLIENT REPLY may have silenced what follows it. */
void parts_take(struct parts *parts, struct slice reply)
{
	if (!parts->is_own) {
		parts_take_stored(parts, reply);
		return;
	}
	if (parts->session->reply_mode == REPLY_MODE_ON)
		buffer_add(&parts->items[parts->at].reply, reply);
	part_end(parts);
}

void parts_settle(struct parts *parts, struct slice reply)
{
	if (parts->is_own)
		parts_take(parts, reply);
	else
		parts->refused(parts, reply);
}

void parts_check(struct parts *parts, struct slice reply)
{
	if (slice_equal(reply, SLICE("*0\r\n")))
		parts->go_on(parts);
	else
		parts->refused(parts, reply);
}

void parts_take_confirmation(struct parts *parts, struct slice reply, bool is_mark, bool is_last)
{
	if (!is_mark)
		buffer_add(&parts->items[parts->at].reply, reply);
	if (!is_last && (parts->confirmations_due == UINT32_MAX || --parts->confirmations_due > 0))
		return;
	parts->confirmations_due = 0;
	part_end(parts);
}

void parts_drop(struct parts *parts)
{
	for (uint32_t i = 0; i < parts->count; i++)
		buffer_free(&parts->items[i].reply);
	memory_free(parts->items);
}
