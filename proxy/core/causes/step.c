/* Step: one call of core_step: its time, its effects, and memory that is used again in the next one. */
#include "step.h"

void step_init(struct step *step)
{
	step->envelope = envelope_scratch_new();
}

void step_free(struct step *step)
{
	envelope_scratch_free(step->envelope);
	changes_free(&step->changes);
	changes_free(&step->results);
	arena_free(&step->seqs);
	buffer_free(&step->text);
	buffer_free(&step->replies);
}

void step_begin(struct step *step, const struct event *event, struct effects *effects)
{
	effects->count = 0;
	step->effects = effects;
	step->now_ms = event->now_ms;
	step->steady_ms = event->steady_ms;
	arena_reset(&step->seqs);
	buffer_reset(&step->replies);
	step->reply_at = 0;
}

void step_end(struct step *step)
{
	const char *reply = step->replies.ptr;
	for (unsigned i = 0; i < step->effects->count; i++) {
		struct effect *effect = &step->effects->items[i];
		if (effect->type == EFFECT_REPLY && effect->reply.bytes.ptr == NULL) {
			effect->reply.bytes.ptr = reply;
			reply += effect->reply.bytes.len;
		}
	}
}

void step_alarm(struct step *step, unsigned dc, const char *text)
{
	struct effect *effect = effects_add(step->effects, EFFECT_ALARM);
	effect->alarm.text = slice_of(text);
	effect->alarm.dc = dc;
}

struct effect *step_refuse(struct step *step, uint64_t token, struct slice error)
{
	struct effect *effect = effects_add(step->effects, EFFECT_REFUSE);
	effect->refuse.token = token;
	effect->refuse.error = error;
	return effect;
}
