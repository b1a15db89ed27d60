/* Turn cut (see turn_cut.h). */
#include "turn_cut.h"

bool turn_cut_takes(struct turn_cut *cut, const struct effect *effect)
{
	if (effect->type == EFFECT_APPEND) {
		if (cut->is_on && (cut->first_id == 0 || effect->append.id < cut->first_id))
			cut->first_id = effect->append.id;
		return cut->is_on;
	}
	struct cut_log *log = &cut->logs[effect->log.dc];
	if (effect->type == EFFECT_FOLLOW)
		*log = (struct cut_log){ .position = effect->log.position, .is_followed = true };
	else if (effect->type == EFFECT_UNFOLLOW)
		log->is_followed = false;
	else if (effect->type == EFFECT_PAUSE || effect->type == EFFECT_RESUME)
		log->is_paused = effect->type == EFFECT_PAUSE;
	else
		return false;
	return cut->is_on && effect->log.dc != 0;
}
