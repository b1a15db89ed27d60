/* Metrics samples about homes. */
#include "config/home_words.h"
#include "metrics_samples.h"

void samples_homes(struct samples *samples)
{
	for (unsigned dc = 0; samples->core != NULL && dc < samples->status->dc_count; dc++)
		sample_add_count(samples, (struct label){ "dc", samples->status->dcs[dc] }, samples->core->homes[dc]);
}

void samples_rehomings(struct samples *samples)
{
	for (unsigned result = 0; samples->core != NULL && result < MOVE_RESULT_COUNT; result++)
		sample_add_count(samples, (struct label){ "result", move_result_text((enum move_result)result) }, samples->core->moves_ended[result]);
}

void samples_off_home_writes(struct samples *samples)
{
	for (unsigned away = 0; samples->core != NULL && away < HOME_AWAY_COUNT; away++)
		sample_add_count(samples, (struct label){ "policy", home_away_text((enum settings_away)away) }, samples->core->off_home_writes[away]);
}

void samples_forwards(struct samples *samples)
{
	for (enum forward_result result = 0; result < FORWARD_RESULT_COUNT; result++)
		sample_add_count(samples, (struct label){ "result", forward_result_text(result) }, samples->status->counters.forwards[result]);
}
