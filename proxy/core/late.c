/* Late: an answer that tells a whole key of very many elements is taken in some at a time, over several turns. Those that come behind it wait, since
 * answers are taken in their order: so for the core it is as if the store had answered later. Clients have their replies already (local/release.h).
 * Invariant: while answers wait, nothing else enters or leaves the metadata, and what it holds is not told to anybody. */
#include "core_parts.h"

#include <limits.h>

struct late_answer {
	struct late_answer *next;
	uint64_t id;
	struct slice *replies;               /* owned, into BYTES; NULL: it was aborted */
	unsigned reply_count;
	struct buffer bytes;
	size_t error_len;                    /* aborted: what BYTES hold */
};

static void late_free(struct late_answer *answer)
{
	memory_free(answer->replies);
	buffer_free(&answer->bytes);
	memory_free(answer);
}

bool late_is_any(const struct core *core)
{
	return core->late.first != NULL;
}

bool late_is_due(const struct core *core, const struct event *event)
{
	return late_is_any(core) || (event->answered.replies != NULL && core->groups.unanswered->kind == GROUP_LOCAL &&
	                             local_is_long(core->local, core->groups.unanswered, event));
}

void late_add(struct core *core, const struct event *event)
{
	struct late_answer *answer = memory_new(sizeof *answer);
	const struct slice *replies = event->answered.replies;
	size_t len = replies == NULL ? event->answered.error.len : 0;
	*answer = (struct late_answer){ .id = event->answered.id, .reply_count = event->answered.reply_count, .error_len = len };
	for (unsigned i = 0; replies != NULL && i < answer->reply_count; i++)
		len += replies[i].len;
	buffer_reserve(&answer->bytes, len);
	if (replies == NULL) {
		buffer_add(&answer->bytes, event->answered.error);
	} else {
		answer->replies = memory_new((answer->reply_count + 1) * sizeof *answer->replies);
		for (unsigned i = 0; i < answer->reply_count; i++) {
			answer->replies[i] = (struct slice){ answer->bytes.ptr + answer->bytes.len, replies[i].len };
			buffer_add(&answer->bytes, replies[i]);
		}
	}
	if (core->late.first == NULL)
		core->late.end = &core->late.first;
	*core->late.end = answer;
	core->late.end = &answer->next;
	core->groups.late_count++;
}

/* True: all of it is taken in. */
static bool take_some(struct core *core, const struct late_answer *answer, unsigned *most)
{
	const struct event event = {
		.type = EVENT_ANSWERED, .now_ms = core->step.now_ms, .steady_ms = core->step.steady_ms,
		.answered = { answer->id, answer->replies, answer->reply_count, { answer->bytes.ptr, answer->error_len } },
	};
	if (!answers_are_ready(core, &event, most))
		return false;
	*most -= *most > answer->reply_count ? answer->reply_count : *most;
	answers_take(core, &event);
	return true;
}

static void end_first(struct core *core)
{
	struct late_answer *answer = core->late.first;
	core->late.first = answer->next;
	core->groups.late_count--;
	answer->next = core->late.done;
	core->late.done = answer;
}

void late_free_done(struct core *core)
{
	while (core->late.done != NULL) {
		struct late_answer *answer = core->late.done;
		core->late.done = answer->next;
		late_free(answer);
	}
}

static void take(struct core *core, unsigned most)
{
	while (core->late.first != NULL && most > 0 && take_some(core, core->late.first, &most))
		end_first(core);
}

void late_pump(struct core *core)
{
	if (!late_is_any(core))
		return;
	core->step.status.sliced_turns++;
	take(core, core->options.elements_per_turn);
}

void late_finish(struct core *core)
{
	take(core, UINT_MAX);
}

void late_drop(struct core *core)
{
	while (core->late.first != NULL)
		end_first(core);
	late_free_done(core);
}
