/* Retention: how long records of ended conflicts stay in the conflicts stream. Their age, number and bytes are limited; the oldest go first. Each
 * transaction that adds records trims the stream. Only the store knows how much memory the stream takes. Once a minute, and when much was added, it is
 * asked for that, and told to drop what is too old.
 *
 * XTRIM counts entries, and an entry holds one record or many. So we take samples: how many entries, records and bytes had been added at some
 * moments. They tell how many of the oldest entries hold what is too much. Between two samples all entries count alike. */
#include "books.h"

#include <string.h>

#define TRIM_MS 60000
#define MEASURE_PART 8               /* of a limit: added since it was measured */
#define SAMPLE_PART 64                 /* of a limit: between two moments */

static const struct tally *last_sample(const struct retention *retention)
{
	return &retention->samples[retention->sample_count - 1];
}

static uint64_t share(uint64_t whole, uint64_t part, uint64_t of)
{
	return of == 0 ? 0 : (uint64_t)((long double)whole * (long double)part / (long double)of);
}

/* Limits, in the bytes of records; the store takes more memory than that. */
static uint64_t bytes_max(const struct books *books)
{
	const struct retention *retention = &books->retention;
	uint64_t limit = books->options->records_bytes_max;
	return retention->memory == 0 ? limit : share(limit, retention->memory_bytes, retention->memory);
}

void retention_begin(struct books *books)
{
	/* Nothing is known of what was added earlier: sample 0 is where we begin. */
	books->retention = (struct retention){ .sample_count = 1 };
}

bool retention_is_due(const struct books *books)
{
	const struct retention *retention = &books->retention;
	return books->step->steady_ms - retention->trimmed_ms >= TRIM_MS ||
	       retention->added.bytes - retention->measured.bytes > bytes_max(books) / MEASURE_PART ||
	       retention->added.records - retention->measured.records > books->options->records_max / MEASURE_PART;
}

static void add_sample(struct retention *retention, const struct tally *sample)
{
	if (retention->sample_count == RETENTION_SAMPLES) {
		retention->sample_count--;
		memmove(&retention->samples[0], &retention->samples[1], retention->sample_count * sizeof *sample);
	}
	retention->samples[retention->sample_count++] = *sample;
}

void retention_add(struct books *books, unsigned records, size_t bytes)
{
	struct retention *retention = &books->retention;
	const struct tally *last = last_sample(retention);
	if (retention->added.records - last->records > books->options->records_max / SAMPLE_PART ||
	    retention->added.bytes - last->bytes > books->options->records_bytes_max / SAMPLE_PART)
		add_sample(retention, &retention->added);
	retention->added.entries++;
	retention->added.records += records;
	retention->added.bytes += bytes;
	retention->is_grown = true;
}

/* ---- how much the first entries hold ---- */

static const struct tally *next_sample(const struct retention *retention, unsigned index)
{
	return index + 1 < retention->sample_count ? &retention->samples[index + 1] : &retention->added;
}

static struct tally tally_of(const struct retention *retention, uint64_t entries)
{
	unsigned i = 0;
	while (i + 1 < retention->sample_count && retention->samples[i + 1].entries <= entries)
		i++;
	const struct tally *from = &retention->samples[i], *to = next_sample(retention, i);
	if (entries <= from->entries)
		return *from;
	uint64_t part = entries - from->entries, of = to->entries - from->entries;
	if (part > of)
		part = of;
	return (struct tally){ entries, from->records + share(to->records - from->records, part, of),
		               from->bytes + share(to->bytes - from->bytes, part, of) };
}

/* The least number of entries that hold so many records and so many bytes. */
static uint64_t entries_with(const struct retention *retention, uint64_t records, uint64_t bytes)
{
	unsigned i = 0;
	while (i + 1 < retention->sample_count && (retention->samples[i + 1].records < records || retention->samples[i + 1].bytes < bytes))
		i++;
	const struct tally *from = &retention->samples[i], *to = next_sample(retention, i);
	uint64_t span = to->entries - from->entries;
	uint64_t for_records = records <= from->records ? 0 : share(span, records - from->records, to->records - from->records) + 1;
	uint64_t for_bytes = bytes <= from->bytes ? 0 : share(span, bytes - from->bytes, to->bytes - from->bytes) + 1;
	uint64_t more = for_records > for_bytes ? for_records : for_bytes;
	return from->entries + (more < span ? more : span);
}

/* ---- trimming ---- */

static void add_trim(struct script *script, struct slice strategy, uint64_t threshold)
{
	struct buffer text = { 0 };
	buffer_add_uint64(&text, threshold);
	script_add(script, 5, (struct slice[]){ SLICE("XTRIM"), SLICE(CORE_CONFLICTS_KEY), strategy, SLICE("~"), buffer_slice(&text) });
	buffer_free(&text);
}

static uint64_t excess(uint64_t added, uint64_t limit)
{
	return added > limit ? added - limit : 0;
}

/* Leaves room for the bytes that are added until the next measurement. The number of records that stay is written to the store. */
static void trim_to_limits(struct books *books, struct group *group)
{
	struct retention *retention = &books->retention;
	const struct tally *added = &retention->added;
	uint64_t bytes = bytes_max(books);
	uint64_t gone =
		entries_with(retention, excess(added->records, books->options->records_max), excess(added->bytes, bytes - bytes / MEASURE_PART));
	/* One entry stays, whatever its size. */
	if (gone > 0 && gone >= added->entries)
		gone = added->entries - 1;
	retention->gone = gone > retention->gone ? gone : retention->gone;
	add_trim(&group->script, SLICE("MAXLEN"), added->entries - gone);
	struct buffer text = { 0 };
	buffer_add_uint64(&text, added->records - tally_of(retention, retention->gone).records);
	script_add(&group->script, 3, (struct slice[]){ SLICE("SET"), SLICE(CORE_CONFLICTS_COUNT_KEY), buffer_slice(&text) });
	buffer_free(&text);
}

void retention_write(struct books *books, struct group *group)
{
	struct retention *retention = &books->retention;
	uint64_t age_ms = books->options->records_age_ms_max;
	bool is_due = retention_is_due(books);
	if (is_due && age_ms > 0 && books->step->now_ms >= age_ms)
		add_trim(&group->script, SLICE("MINID"), books->step->now_ms - age_ms);
	if (retention->is_counted && (is_due || retention->is_grown))
		trim_to_limits(books, group);
	retention->is_grown = false;
	if (!is_due)
		return;
	group->riders.measure_reply = group->script.count;
	script_add(&group->script, 2, (struct slice[]){ SLICE("XLEN"), SLICE(CORE_CONFLICTS_KEY) });
	script_add(&group->script, 3, (struct slice[]){ SLICE("MEMORY"), SLICE("USAGE"), SLICE(CORE_CONFLICTS_KEY) });
	script_add(&group->script, 2, (struct slice[]){ SLICE("GET"), SLICE(CORE_CONFLICTS_COUNT_KEY) });
	/* If the answer is lost, we ask again in a minute. */
	retention->trimmed_ms = books->step->steady_ms;
	retention->measured = retention->added;
}

/* ---- measuring ---- */

static uint64_t stored_count(struct slice reply)
{
	struct reply found;
	int64_t count;
	return reply_read(&reply, &found) && found.type == REPLY_STRING && slice_to_int64(found.text, &count) && count > 0 ? (uint64_t)count : 0;
}

static void shift(struct tally *tally, const struct tally *by)
{
	*tally = (struct tally){ tally->entries + by->entries, tally->records + by->records, tally->bytes + by->bytes };
}

/* Entries that the stream held at the opening precede all that we added: all samples move up by them. */
static void count_older(struct retention *retention, uint64_t entries, uint64_t records, uint64_t memory)
{
	struct tally older = { excess(entries, retention->measured.entries), 0, 0 };
	if (older.entries > 0)
		older = (struct tally){ older.entries, records > older.entries ? records : older.entries, excess(memory, retention->measured.bytes) };
	for (unsigned i = 0; i < retention->sample_count; i++)
		shift(&retention->samples[i], &older);
	shift(&retention->added, &older);
	shift(&retention->measured, &older);
	retention->sample_count -= retention->sample_count == RETENTION_SAMPLES;
	memmove(&retention->samples[1], &retention->samples[0], retention->sample_count * sizeof older);
	retention->samples[0] = (struct tally){ 0 };
	retention->sample_count++;
	retention->is_counted = true;
}

/* A sample is no longer needed once the entries up to the next one are gone. */
static void drop_samples(struct retention *retention)
{
	unsigned first = 0;
	while (first + 1 < retention->sample_count && retention->samples[first + 1].entries <= retention->gone)
		first++;
	retention->sample_count -= first;
	memmove(&retention->samples[0], &retention->samples[first], retention->sample_count * sizeof *retention->samples);
}

void retention_answered(struct books *books, const struct group *group, const struct event *event)
{
	struct retention *retention = &books->retention;
	if (group->riders.measure_reply == 0)
		return;
	const struct slice *replies = &event->answered.replies[group->riders.measure_reply];
	uint64_t entries = reply_count(replies[0]), memory = reply_count(replies[1]);
	if (!retention->is_counted)
		count_older(retention, entries, stored_count(replies[2]), memory);
	retention->gone = excess(retention->measured.entries, entries);
	struct tally gone = tally_of(retention, retention->gone);
	retention->memory = memory;
	retention->memory_bytes = retention->measured.bytes - gone.bytes;
	books->step->status.stored_records = retention->measured.records - gone.records;
	books->step->status.stored_record_bytes = memory;
	drop_samples(retention);
}
