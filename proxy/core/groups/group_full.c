/* Group full: what is sent although the store is full. A store at its limit of memory queues nothing in a transaction, not even a DEL. What it would
 * take outside of one, and what this sidecar must write down, it runs from a script; what would fill it further waits, or is refused. */
#include "groups.h"

#include "proxy/core/commands/command.h"

#include <string.h>

#define CALM_MS 2000

bool groups_note_refusal(struct groups *groups, const struct group *group, struct slice error)
{
	const struct slice start = SLICE("OOM ");
	bool is_full = error.len > start.len && memcmp(error.ptr, start.ptr, start.len) == 0;
	groups->is_store_full |= is_full;
	if (!is_full && group->kind != GROUP_REMOTE)
		return false;
	struct core_status *status = &groups->step->status;
	slice_to_text(status->refusal, sizeof status->refusal, error);
	return is_full;
}

void groups_note_waiting(struct groups *groups)
{
	struct core_status *status = &groups->step->status;
	groups->waited_ms = groups->step->steady_ms;
	if (status->refused_since_ms != 0)
		return;
	status->refused_since_ms = groups->step->steady_ms;
	step_alarm(groups->step, 0, "Redis refuses the writes of other datacenters: they wait until it takes them");
}

/* At the limit a store takes and refuses by turns. That is one trouble, not many. */
void groups_note_calm(struct groups *groups)
{
	uint64_t waited_ms = groups->step->steady_ms - groups->waited_ms;
	if (!groups->is_store_full && !groups->is_store_refusing && waited_ms >= CALM_MS)
		groups->step->status.refused_since_ms = 0;
}

/* Takes the next command off COMMANDS, which holds RESP. Returns whether a full store runs it. */
static bool take_command(struct slice *commands)
{
	struct reply part;
	struct slice words[2] = { { NULL, 0 } }, own[2] = { { NULL, 0 } };
	int64_t own_at = INT64_MAX;
	bool is_read = reply_read(commands, &part) && part.type == REPLY_ARRAY;
	int64_t count = is_read ? part.integer : 0;
	for (int64_t i = 0; is_read && i < count; i++) {
		is_read = reply_read(commands, &part);
		if (i < 2)
			words[i] = part.text;
		if (i == 2 && slice_equal(words[0], SLICE("EVAL")) && plan_is_grouping(words[1]) && slice_to_int64(part.text, &own_at))
			own_at += 3;
		if (i >= own_at && i < own_at + 2)
			own[i - own_at] = part.text;
	}
	if (is_read && slice_equal(words[0], SLICE("EVAL")) && plan_is_telling(words[1]))
		return true;
	if (own[1].len > 0) {
		words[0] = own[0];
		words[1] = own[1];
	}
	const struct command *command = is_read ? command_find(count < 2 ? 1 : 2, words) : NULL;
	if (!is_read)
		commands->len = 0;
	return slice_equal(words[0], SLICE("SELECT")) || (command != NULL && command_runs_when_full(command));
}

bool unit_runs_when_full(const struct group *group, const struct unit *unit)
{
	if (unit->is_plain_set)
		return false;
	struct slice commands = { group->bytes.ptr + unit->command_at, unit->command_len };
	while (commands.len > 0)
		if (!take_command(&commands))
			return false;
	return true;
}

bool group_runs_when_full(const struct group *group)
{
	switch (group->kind) {
	case GROUP_LOCAL:
		for (unsigned i = 0; i < group->unit_count; i++)
			if (!unit_runs_when_full(group, &group->units[i]))
				return false;
		return true;
	case GROUP_POSITIONS: case GROUP_PROBE: case GROUP_ASK: case GROUP_SWEEP: case GROUP_LOOK:
		return true;
	case GROUP_REMOTE:           /* remote.c knows */
	case GROUP_TRIAL:            /* it asks whether the store is still full */
		return false;
	}
	return false;
}
