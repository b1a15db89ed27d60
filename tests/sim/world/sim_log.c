/* Log: appends become durable in order, one by one; acknowledging is a second step, so that it can be lost. */
#include "sim_log.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/store/pool.h"

static void slice_free(struct slice bytes)
{
	bytes_free(bytes);
}

void sim_log_append(struct sim_log *log, uint64_t id, struct slice bytes)
{
	log->appends = array_grow(log->appends, log->append_count, &log->append_cap, sizeof(*log->appends));
	log->appends[log->append_count++] = (struct sim_append){ id, buffer_copy(bytes), -1 };
}

bool sim_log_land(struct sim_log *log, struct sim_mark mark)
{
	unsigned next = log->append_count - sim_log_landing(log);

	if (next == log->append_count)
		return false;
	log->messages = array_grow(log->messages, log->count, &log->cap, sizeof(*log->messages));
	log->marks = array_grow(log->marks, log->count, &log->mark_cap, sizeof(*log->marks));
	log->marks[log->count] = mark;
	log->messages[log->count] = buffer_copy(log->appends[next].bytes);
	log->appends[next].position = log->count++;
	return true;
}

static void appends_remove(struct sim_log *log, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		slice_free(log->appends[i].bytes);
	log->append_count -= count;
	memmove(log->appends, log->appends + count, log->append_count * sizeof(*log->appends));
}

bool sim_log_acknowledge(struct sim_log *log, uint64_t *id, int64_t *position)
{
	unsigned durable = log->append_count - sim_log_landing(log);

	if (durable == 0)
		return false;
	*id = log->appends[durable - 1].id;
	*position = log->appends[durable - 1].position;
	appends_remove(log, durable);
	return true;
}

uint64_t sim_log_drop_appends(struct sim_log *log)
{
	uint64_t first = log->append_count == 0 ? 0 : log->appends[0].id;

	if (log->append_count > 0)
		appends_remove(log, log->append_count);
	return first;
}

unsigned sim_log_landing(const struct sim_log *log)
{
	unsigned landing = 0;

	while (landing < log->append_count && log->appends[log->append_count - 1 - landing].position < 0)
		landing++;
	return landing;
}

void sim_log_truncate(struct sim_log *log, unsigned start)
{
	for (; log->start < start; log->start++) {
		slice_free(log->messages[log->start]);
		log->messages[log->start] = (struct slice){ NULL, 0 };
	}
}

void sim_log_remake(struct sim_log *log)
{
	sim_log_truncate(log, log->count);
	log->first = log->count;
}

unsigned sim_log_at(const struct sim_log *log, unsigned journal)
{
	unsigned count = 0;

	for (unsigned i = log->start; i < log->count; i++)
		count += log->marks[i].journal == journal && log->messages[i].ptr != NULL;
	return count;
}

void sim_log_lose_end(struct sim_log *log, unsigned journal, unsigned count, void (*lost)(void *context, unsigned position), void *context)
{
	bool is_empty = true;

	for (unsigned i = log->count; i-- > log->start;) {
		bool is_lost = log->marks[i].journal > journal || (log->marks[i].journal == journal && count > 0);

		is_empty = is_empty && (is_lost || log->messages[i].ptr == NULL);
		if (!is_lost || log->messages[i].ptr == NULL)
			continue;
		count -= log->marks[i].journal == journal;
		lost(context, i);
		slice_free(log->messages[i]);
		log->messages[i] = (struct slice){ NULL, 0 };
	}
	if (is_empty && log->start <= log->first)
		log->first = log->count;
}

void sim_log_free(struct sim_log *log)
{
	if (log->append_count > 0)
		appends_remove(log, log->append_count);
	free(log->appends);
	for (unsigned i = log->start; i < log->count; i++)
		slice_free(log->messages[i]);
	free(log->messages);
	free(log->marks);
	*log = (struct sim_log){ .count = 0 };
}
