/* Client answers: a ring (see client_answers.h). */
#include "client_answers.h"

#include "proxy/core/resp/resp.h"

#include <assert.h>

#define RING_CAP_MIN 8
#define RING_CAP_KEPT 256            /* an empty ring that a long pipeline made larger than this is freed */

static struct client_answer *answer_at(struct answers *answers, uint32_t number)
{
	return &answers->ring[number & (answers->cap - 1)];
}

void answers_free(struct answers *answers)
{
	for (uint32_t i = 0; i < answers->cap; i++)
		buffer_free(&answers->ring[i].held);
	memory_free(answers->ring);
	*answers = (struct answers){ 0 };
}

uint32_t answers_due(const struct answers *answers)
{
	return answers->next - answers->first;
}

static void ring_grow(struct answers *answers)
{
	struct answers grown = *answers;
	grown.cap = answers->cap == 0 ? RING_CAP_MIN : answers->cap * 2;
	grown.ring = memory_new(grown.cap * sizeof(*grown.ring));
	for (uint32_t number = answers->first; number != answers->next; number++)
		*answer_at(&grown, number) = *answer_at(answers, number);
	memory_free(answers->ring);
	*answers = grown;
}

uint32_t answers_expect(struct answers *answers, const struct client_answer *terms)
{
	assert(terms->parts > 0);
	if (answers_due(answers) == answers->cap)
		ring_grow(answers);
	struct client_answer *answer = answer_at(answers, answers->next);
	*answer = *terms;
	answer->held = (struct buffer){ 0 };
	answer->parts_due = terms->parts;
	return answers->next++;
}

struct client_answer *answers_find(struct answers *answers, uint32_t number)
{
	if (number - answers->first >= answers_due(answers))
		return NULL;
	struct client_answer *answer = answer_at(answers, number);
	return answer->parts_due > 0 ? answer : NULL;
}

/* The oldest answer is complete: it is given out, and so are complete ones that follow it, and what has come of the next. */
static void answers_release(struct answers *answers, struct buffer *out)
{
	while (answers->first != answers->next) {
		struct client_answer *answer = answer_at(answers, answers->first);
		if (answer->is_tagged && answer->parts_due > 0)
			return;
		buffer_add(out, buffer_slice(&answer->held));
		buffer_free(&answer->held);
		if (answer->parts_due > 0)
			return;
		answers->first++;
	}
	if (answers->cap > RING_CAP_KEPT) {
		memory_free(answers->ring);
		answers->ring = NULL;
		answers->cap = 0;
	}
}

/* A reply to the oldest answer goes to the output at once and is never held, so nothing is moved when that answer becomes complete. A tagged one may
 * not be cut by others, and so is held until then. */
static void answer_add(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out)
{
	struct client_answer *answer = answer_at(answers, number);
	if (answer->is_muted)
		return;
	struct buffer *place = number == answers->first && !answer->is_tagged ? out : &answer->held;
	if (answer->is_tagged && answer->held.len == 0) {
		resp_add_array(place, 2);
		resp_add_integer(place, (int64_t)answer->tag);
	}
	if (answer->is_array && answer->parts_due == answer->parts && answer->parts_due > 0)
		resp_add_array(place, answer->parts);
	buffer_add(place, reply);
}

/* The answer is complete. */
static void answer_end(struct answers *answers, uint32_t number, struct buffer *out)
{
	struct client_answer *answer = answer_at(answers, number), *oldest = answer_at(answers, answers->first);
	bool is_between = oldest->is_tagged || oldest->parts_due == oldest->parts;
	if (answer->is_tagged && is_between) {
		buffer_add(out, buffer_slice(&answer->held));
		buffer_free(&answer->held);
	}
	if (number == answers->first)
		answers_release(answers, out);
}

void answers_fill(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out)
{
	struct client_answer *answer = answers_find(answers, number);
	assert(answer != NULL);
	answer_add(answers, number, reply, out);
	answer->parts_due--;
	if (answer->parts_due == 0)
		answer_end(answers, number, out);
}

void answers_settle(struct answers *answers, uint32_t number, struct slice reply, struct buffer *out)
{
	struct client_answer *answer = answers_find(answers, number);
	assert(answer != NULL);
	assert(answer->parts_due == answer->parts);
	answer->parts_due = 0;
	answer_add(answers, number, reply, out);
	answer_end(answers, number, out);
}

void answers_add(struct answers *answers, struct slice reply, bool is_muted, struct buffer *out)
{
	if (answers_due(answers) == 0) {
		if (!is_muted)
			buffer_add(out, reply);
		return;
	}
	uint32_t number = answers_expect(answers, &(struct client_answer){ .parts = 1, .is_muted = is_muted });
	answers_settle(answers, number, reply, out);
}
