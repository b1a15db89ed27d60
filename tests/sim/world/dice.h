/* Dice: the only source of randomness of a run. The same seed gives the same rolls. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

void dice_seed(struct dice *dice, uint64_t seed);
uint64_t dice_next(struct dice *dice);
uint64_t dice_below(struct dice *dice, uint64_t limit);                  /* 0 .. limit - 1; 0 for limit 0 */
int64_t dice_between(struct dice *dice, int64_t least, int64_t most);    /* both included */
bool dice_chance(struct dice *dice, unsigned percent);

#endif
