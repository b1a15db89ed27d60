#include "drill.h"

#include "base/text.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *name; bool is_time; } measures[DRILL_MEASURE_COUNT] = {
	[DRILL_HELD_P50] = { "held_p50", true }, [DRILL_HELD_P99] = { "held_p99", true }, [DRILL_HELD_MAX] = { "held_max", true },
	[DRILL_FAILED] = { "failed", false },    [DRILL_CONFLICTS] = { "conflicts", false },
};

void drill_free(struct drill *drill)
{
	for (unsigned i = 0; i < drill->count; i++) {
		memory_free(drill->users[i].name);
		memory_free(drill->users[i].error);
	}
	for (unsigned i = 0; i < drill->canary_count; i++)
		canary_free(&drill->canaries[i]);
	memory_free(drill->canaries);
	memory_free(drill->users);
	memory_free(drill->samples);
	*drill = (struct drill){ 0 };
}

/* ---- users ---- */

void drill_add_user(struct drill *drill, const char *name)
{
	drill->users = array_reserve(drill->users, drill->count, &drill->cap, sizeof(*drill->users));
	drill->users[drill->count++] = (struct drill_user){ .name = text_copy(name) };
	drill->results[DRILL_WAITS]++;
}

static int compare_users(const void *a, const void *b)
{
	return strcmp(((const struct drill_user *)a)->name, ((const struct drill_user *)b)->name);
}

void drill_sort_users(struct drill *drill)
{
	unsigned kept = 0;

	if (drill->count > 0)
		qsort(drill->users, drill->count, sizeof(*drill->users), compare_users);
	for (unsigned i = 0; i < drill->count; i++) {
		if (kept > 0 && strcmp(drill->users[kept - 1].name, drill->users[i].name) == 0)
			memory_free(drill->users[i].name);
		else
			drill->users[kept++] = drill->users[i];
	}
	drill->results[DRILL_WAITS] -= drill->count - kept;
	drill->count = kept;
}

void drill_note(struct drill *drill, struct drill_user *user, enum drill_result result, uint32_t took_ms, const char *error)
{
	drill->results[user->result]--;
	drill->results[result]++;
	user->result = result;
	if (result != DRILL_BACK)
		user->took_ms = took_ms;
	memory_free(user->error);
	user->error = error != NULL ? text_copy(error) : NULL;
}

/* ---- times ---- */

static int compare_times(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

uint32_t drill_took(const struct drill *drill, unsigned per_mille)
{
	uint32_t *times = memory_new((drill->count + 1) * sizeof(*times)), took = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < drill->count; i++)
		if (drill->users[i].result == DRILL_MOVED || drill->users[i].result == DRILL_BACK)
			times[count++] = drill->users[i].took_ms;
	if (count > 0) {
		uint64_t rank = ((uint64_t)count * per_mille + 999) / 1000;

		qsort(times, count, sizeof(*times), compare_times);
		took = times[rank == 0 ? 0 : rank - 1];
	}
	memory_free(times);
	return took;
}

void drill_sample(struct drill *drill, uint64_t at_ms)
{
	drill->samples = array_reserve(drill->samples, drill->sample_count, &drill->sample_cap, sizeof(*drill->samples));
	drill->samples[drill->sample_count++] = (struct drill_sample){ at_ms, drill->results[DRILL_MOVED], drill->results[DRILL_REFUSED], drill_took(drill, 990) };
}

/* ---- canaries ---- */

static void raise(long long *most, uint64_t value)
{
	if ((long long)value > *most)
		*most = (long long)value;
}

struct drill_measured drill_measure_canaries(const struct drill *drill)
{
	struct drill_measured all = { -1, -1, -1, -1, -1 };
	unsigned compared = 0;
	uint64_t lost = 0, stale = 0, unseen = 0;

	for (unsigned i = 0; i < drill->canary_count; i++) {
		const struct canary *canary = &drill->canaries[i];

		compared += canary->is_compared;
		lost += canary->lost;
		stale += canary->stale;
		unseen += canary->unseen;
		raise(&all.rto_ms, canary->rto_ms);
		if (canary->has_switched)
			raise(&all.rpo_ms, canary->rpo_ms);
	}
	if (drill->canary_count == 0)
		return all;
	all.stale = (long long)stale;
	if (all.rpo_ms >= 0)
		all.unseen = (long long)unseen;
	if (compared == drill->canary_count)
		all.lost = (long long)lost;
	return all;
}

/* ---- limits ---- */

const char *drill_measure_text(enum drill_measure measure)
{
	return measures[measure].name;
}

bool drill_measure_is_time(enum drill_measure measure)
{
	return measures[measure].is_time;
}

uint64_t drill_measured(const struct drill *drill, enum drill_measure measure)
{
	switch (measure) {
	case DRILL_HELD_P50: return drill_took(drill, 500);
	case DRILL_HELD_P99: return drill_took(drill, 990);
	case DRILL_HELD_MAX: return drill_took(drill, 1000);
	case DRILL_FAILED: return drill->results[DRILL_REFUSED];
	case DRILL_CONFLICTS: return drill->conflicts;
	case DRILL_MEASURE_COUNT: break;
	}
	return 0;
}

static bool read_max(const char *text, bool is_time, uint64_t *max)
{
	int64_t number;

	if (is_time)
		return value_read_duration(text, max);
	if (!slice_to_int64(slice_of(text), &number) || number < 0)
		return false;
	*max = (uint64_t)number;
	return true;
}

bool drill_limit_read(struct drill *drill, const char *text, struct buffer *error)
{
	size_t name_len = strcspn(text, ">");

	for (unsigned i = 0; i < DRILL_MEASURE_COUNT && text[name_len] == '>'; i++) {
		struct drill_limit limit = { .measure = (enum drill_measure)i };

		if (strlen(measures[i].name) != name_len || strncmp(measures[i].name, text, name_len) != 0)
			continue;
		if (drill->limit_count == DRILL_LIMITS_MAX || !read_max(text + name_len + 1, measures[i].is_time, &limit.max))
			break;
		drill->limits[drill->limit_count++] = limit;
		return true;
	}
	buffer_add_format(error, "'%s' is no limit: write a measure and its greatest value, as in held_p99>100ms, held_p50>20ms, held_max>1s, failed>0 or conflicts>0", text);
	return false;
}

const struct drill_limit *drill_crossed(const struct drill *drill)
{
	for (unsigned i = 0; i < drill->limit_count; i++)
		if (drill_measured(drill, drill->limits[i].measure) > drill->limits[i].max)
			return &drill->limits[i];
	return NULL;
}
