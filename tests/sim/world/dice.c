/* Dice: splitmix64. One word of state, so a run is replayed from its seed alone. */
#include "dice.h"

#include <assert.h>

void dice_seed(struct dice *dice, uint64_t seed)
{
	dice->state = seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x632be59bd9b4e019);
}

uint64_t dice_next(struct dice *dice)
{
	uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

uint64_t dice_below(struct dice *dice, uint64_t limit)
{
	return limit == 0 ? 0 : dice_next(dice) % limit;
}

int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
	assert(least <= most);
	return least + (int64_t)dice_below(dice, (uint64_t)(most - least) + 1);
}

bool dice_chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}
