/* Metrics samples about homes and drills. */
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

/* ---- drills ---- */

void samples_isolated(struct samples *samples)
{
	sample_add_count(samples, NO_LABEL, samples->status->isolation.id != 0);
}

void samples_isolations(struct samples *samples)
{
	for (enum isolation_end end = 0; end < ISOLATION_END_COUNT; end++)
		sample_add_count(samples, (struct label){ "ended", isolation_end_text(end) }, samples->status->isolation.ended[end]);
}

void samples_drills(struct samples *samples)
{
	static const char *const results[] = { "incomplete", "whole" };

	for (unsigned i = 0; i < 2; i++)
		sample_add_count(samples, (struct label){ "result", results[i] }, samples->status->drill.drills[i]);
}

/* NULL: there was none. */
static const struct drill_status *last_drill(const struct samples *samples)
{
	return samples->status->drill.ended_ms != 0 ? &samples->status->drill : NULL;
}

void samples_drill_timestamp(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill != NULL)
		sample_add_seconds(samples, NO_LABEL, (int64_t)drill->ended_ms);
}

void samples_drill_whole(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill != NULL)
		sample_add_count(samples, NO_LABEL, drill->is_whole);
}

void samples_drill_users(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill == NULL)
		return;
	sample_add_count(samples, (struct label){ "result", "moved" }, drill->moved);
	sample_add_count(samples, (struct label){ "result", "moved_back" }, drill->moved_back);
	sample_add_count(samples, (struct label){ "result", "refused" }, drill->refused);
	sample_add_count(samples, (struct label){ "result", "not_tried" }, drill->not_tried);
}

void samples_drill_held(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill == NULL)
		return;
	sample_add_seconds(samples, (struct label){ "quantile", "0.5" }, (int64_t)drill->p50_ms);
	sample_add_seconds(samples, (struct label){ "quantile", "0.99" }, (int64_t)drill->p99_ms);
	sample_add_seconds(samples, (struct label){ "quantile", "1" }, (int64_t)drill->max_ms);
}

void samples_drill_duration(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill != NULL)
		sample_add_seconds(samples, NO_LABEL, (int64_t)drill->lasted_ms);
}

void samples_drill_conflicts(struct samples *samples)
{
	const struct drill_status *drill = last_drill(samples);

	if (drill != NULL)
		sample_add_count(samples, NO_LABEL, drill->conflicts);
}

/* What was not measured is not there. */
static void add_measured(struct samples *samples, int64_t value, bool is_time)
{
	if (value >= 0 && is_time)
		sample_add_seconds(samples, NO_LABEL, value);
	else if (value >= 0)
		sample_add_count(samples, NO_LABEL, (uint64_t)value);
}

void samples_drill_isolated(struct samples *samples)
{
	if (last_drill(samples) != NULL)
		sample_add_count(samples, NO_LABEL, last_drill(samples)->is_isolated);
}

void samples_drill_writes_lost(struct samples *samples)
{
	add_measured(samples, last_drill(samples) != NULL ? last_drill(samples)->writes_lost : -1, false);
}

void samples_drill_stale_reads(struct samples *samples)
{
	add_measured(samples, last_drill(samples) != NULL ? last_drill(samples)->stale_reads : -1, false);
}

void samples_drill_rpo(struct samples *samples)
{
	add_measured(samples, last_drill(samples) != NULL ? last_drill(samples)->rpo_ms : -1, true);
}

void samples_drill_rto(struct samples *samples)
{
	add_measured(samples, last_drill(samples) != NULL ? last_drill(samples)->rto_ms : -1, true);
}

void samples_drill_stranded(struct samples *samples)
{
	add_measured(samples, last_drill(samples) != NULL ? last_drill(samples)->stranded : -1, false);
}
