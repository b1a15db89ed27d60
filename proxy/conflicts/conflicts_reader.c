/* Conflicts reader: HSCAN, HGET and XREVRANGE, reply by reply (see conflicts_reader.h). */
#include "conflicts_reader.h"

#include "conflicts.h"
#include "conflicts_share.h"
#include "proxy/core/resp/resp.h"
#include "proxy/ops/logging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MAX 1000u

enum source { SOURCE_HASH, SOURCE_RECORD, SOURCE_STREAM };

struct conflicts_reader {
	struct turn *turn;
	struct conflicts_reading reading;
	enum source source;
	struct buffer place;         /* where the next share is: in the hash a cursor, in the stream its upper end; for one record its id */
	struct buffer wanted;        /* the id of the only record that is wanted; empty: all are */
	struct buffer before;        /* an entry of the stream of which only the first BEFORE_COUNT records are told */
	unsigned before_count;
	unsigned share;              /* fields or entries asked for */
	unsigned taken;              /* fields or entries of the last share */
	struct slice *parts;         /* owned; the records of one field or entry */
	unsigned part_count, part_cap;
	struct buffer at;            /* the place of a record in the stream */
	struct record_scratch scratch;
};

static void reader_ask(struct conflicts_reader *reader);
static void reader_answered(void *context, enum errand_end end, struct slice reply);

static struct conflicts_reader *reader_new(struct turn *turn, enum source source, const struct conflicts_reading *reading)
{
	struct conflicts_reader *reader = memory_new(sizeof(*reader));
	reader->turn = turn;
	reader->reading = *reading;
	reader->source = source;
	reader->share = CONFLICTS_SHARE_FIRST;
	return reader;
}

struct conflicts_reader *conflicts_reader_open(struct turn *turn, const struct conflicts_reading *reading)
{
	struct conflicts_reader *reader = reader_new(turn, SOURCE_HASH, reading);
	buffer_add_byte(&reader->place, '0');
	reader_ask(reader);
	return reader;
}

struct conflicts_reader *conflicts_reader_find(struct turn *turn, struct slice id, const struct conflicts_reading *reading)
{
	struct conflicts_reader *reader = reader_new(turn, SOURCE_RECORD, reading);
	buffer_add(&reader->place, id);
	buffer_add(&reader->wanted, id);
	reader_ask(reader);
	return reader;
}

static void reader_set_end(struct conflicts_reader *reader, struct slice entry)
{
	buffer_reset(&reader->place);
	buffer_add_byte(&reader->place, '(');
	buffer_add(&reader->place, entry);
}

/* "entry/n": all of the stream before the entry, and of it the first n records. */
static void reader_set_before(struct conflicts_reader *reader, struct slice before)
{
	const char *slash = memchr(before.ptr, '/', before.len);
	struct slice entry = { before.ptr, slash == NULL ? before.len : (size_t)(slash - before.ptr) };
	buffer_add(&reader->place, entry);
	buffer_add(&reader->before, entry);
	reader->before_count = slash == NULL ? 0 : (unsigned)strtoul(slash + 1, NULL, 10);
}

struct conflicts_reader *conflicts_reader_ended(struct turn *turn, struct slice before, const struct conflicts_reading *reading)
{
	struct conflicts_reader *reader = reader_new(turn, SOURCE_STREAM, reading);
	if (before.len > 0)
		reader_set_before(reader, before);
	else
		buffer_add_byte(&reader->place, '+');
	reader_ask(reader);
	return reader;
}

void conflicts_reader_stop(struct conflicts_reader *reader)
{
	if (reader == NULL)
		return;
	turn_forget(reader->turn, reader);
	buffer_free(&reader->place);
	buffer_free(&reader->wanted);
	buffer_free(&reader->before);
	buffer_free(&reader->at);
	memory_free(reader->parts);
	memory_free(reader->scratch.sides);
	memory_free(reader);
}

static void reader_end(struct conflicts_reader *reader, const char *error)
{
	struct conflicts_reading reading = reader->reading;
	conflicts_reader_stop(reader);
	reading.ended(reading.context, error);
}

/* ---- asking ---- */

static void reader_ask(struct conflicts_reader *reader)
{
	char share[12];
	snprintf(share, sizeof(share), "%u", reader->share);
	struct slice place = buffer_slice(&reader->place), count = slice_of(share);
	const struct slice hash[] = { SLICE("HSCAN"), SLICE(CORE_EPISODES_KEY), place, SLICE("COUNT"), count };
	const struct slice record[] = { SLICE("HGET"), SLICE(CORE_EPISODES_KEY), place };
	const struct slice stream[] = { SLICE("XREVRANGE"), SLICE(CORE_CONFLICTS_KEY), place, SLICE("-"), SLICE("COUNT"), count };
	struct buffer command = { 0 };
	switch (reader->source) {
	case SOURCE_HASH:
		resp_add_command(&command, 5, hash);
		break;
	case SOURCE_RECORD:
		resp_add_command(&command, 3, record);
		break;
	case SOURCE_STREAM:
		resp_add_command(&command, 6, stream);
		break;
	}
	turn_fetch(reader->turn, buffer_slice(&command), &(struct errand){ reader, reader_answered });
	buffer_free(&command);
}

/* ---- answers ---- */

enum step { STEP_MORE, STEP_ENOUGH, STEP_OVER, STEP_WRONG };

static enum step reader_take(struct conflicts_reader *reader, struct slice bytes, struct slice place)
{
	struct record record;
	if (!record_decode(bytes, &reader->scratch, &record)) {
		log_warn("a conflict record cannot be read and is left out", "entry", place.len > 0 ? "of the stream" : "of the hash");
		return STEP_MORE;
	}
	if (place.len > 0 && record.status == RECORD_OPEN && record.merged_into.len == 0)
		return STEP_MORE;
	if (reader->wanted.len > 0 && !slice_equal(record.id, buffer_slice(&reader->wanted)))
		return STEP_MORE;
	return reader->reading.take(reader->reading.context, &record, bytes, place) ? STEP_MORE : STEP_ENOUGH;
}

/* Takes a field or an entry apart into its records. */
static void reader_part(struct conflicts_reader *reader, struct slice records)
{
	struct slice bytes;
	reader->taken++;
	reader->part_count = 0;
	while (records_next(&records, &bytes)) {
		reader->parts = array_reserve(reader->parts, reader->part_count, &reader->part_cap, sizeof(*reader->parts));
		reader->parts[reader->part_count++] = bytes;
	}
	if (records.len > 0)
		log_warn("conflict records cannot be read and are left out");
}

static enum step reader_take_field(struct conflicts_reader *reader, struct slice records)
{
	enum step step = STEP_MORE;
	reader_part(reader, records);
	for (unsigned i = 0; i < reader->part_count && step == STEP_MORE; i++)
		step = reader_take(reader, reader->parts[i], (struct slice){ "", 0 });
	return step;
}

/* Newest first. */
static enum step reader_take_entry(struct conflicts_reader *reader, struct slice entry, struct slice records)
{
	enum step step = STEP_MORE;
	reader_part(reader, records);
	unsigned count = reader->part_count;
	if (slice_equal(entry, buffer_slice(&reader->before)) && reader->before_count < count)
		count = reader->before_count;
	while (count-- > 0 && step == STEP_MORE) {
		buffer_reset(&reader->at);
		buffer_add(&reader->at, entry);
		buffer_add_byte(&reader->at, '/');
		buffer_add_uint64(&reader->at, count);
		step = reader_take(reader, reader->parts[count], buffer_slice(&reader->at));
	}
	return step;
}

static bool read_list(struct slice *cursor, int64_t *count)
{
	struct reply reply;
	if (!reply_read(cursor, &reply) || reply.type != REPLY_ARRAY)
		return false;
	*count = reply.integer;
	return true;
}

static bool read_text(struct slice *cursor, struct slice *text)
{
	struct reply reply;
	if (!reply_read(cursor, &reply) || reply.type != REPLY_STRING)
		return false;
	*text = reply.text;
	return true;
}

/* [cursor, [field, records, …]] */
static enum step reader_take_hash(struct conflicts_reader *reader, struct slice reply)
{
	struct slice place, id, bytes;
	int64_t count;
	if (!read_list(&reply, &count) || count != 2 || !read_text(&reply, &place) || !read_list(&reply, &count))
		return STEP_WRONG;
	for (; count > 1; count -= 2) {
		if (!read_text(&reply, &id) || !read_text(&reply, &bytes))
			return STEP_WRONG;
		if (reader_take_field(reader, bytes) == STEP_ENOUGH)
			return STEP_ENOUGH;
	}
	buffer_reset(&reader->place);
	buffer_add(&reader->place, place);
	return slice_equal(place, SLICE("0")) ? STEP_OVER : STEP_MORE;
}

/* A record that is not in the field of its own id is in a field behind another record, or nowhere: then the whole hash is searched. */
static enum step reader_take_record(struct conflicts_reader *reader, struct slice reply)
{
	struct reply found;
	if (!reply_read(&reply, &found))
		return STEP_WRONG;
	if (found.type == REPLY_STRING) {
		reader_take_field(reader, found.text);
		return STEP_OVER;
	}
	reader->source = SOURCE_HASH;
	buffer_reset(&reader->place);
	buffer_add_byte(&reader->place, '0');
	return STEP_MORE;
}

/* [[id, [field, records]], …] */
static enum step reader_take_stream(struct conflicts_reader *reader, struct slice reply)
{
	int64_t count, parts, fields;
	struct slice entry, name, bytes;
	if (!read_list(&reply, &count))
		return STEP_WRONG;
	bool is_last = count < (int64_t)reader->share;
	for (; count > 0; count--) {
		if (!read_list(&reply, &parts) || parts != 2 || !read_text(&reply, &entry) || !read_list(&reply, &fields) || fields != 2 ||
		    !read_text(&reply, &name) || !read_text(&reply, &bytes))
			return STEP_WRONG;
		if (reader_take_entry(reader, entry, bytes) == STEP_ENOUGH)
			return STEP_ENOUGH;
		reader_set_end(reader, entry);
	}
	return is_last ? STEP_OVER : STEP_MORE;
}

static void reader_answered(void *context, enum errand_end end, struct slice reply)
{
	static enum step (*const takers[])(struct conflicts_reader *, struct slice) = {
		[SOURCE_HASH] = reader_take_hash,
		[SOURCE_RECORD] = reader_take_record,
		[SOURCE_STREAM] = reader_take_stream,
	};
	struct conflicts_reader *reader = context;
	if (end != ERRAND_ANSWERED) {
		reader_end(reader, CONFLICTS_STORE_AWAY);
		return;
	}
	reader->taken = 0;
	enum step step = reply_is_error(reply) ? STEP_WRONG : takers[reader->source](reader, reply);
	if (step == STEP_WRONG) {
		reader_end(reader, "HOMEPORT the conflict records in Redis cannot be read: see that nobody else writes to the reserved database");
	} else if (step == STEP_MORE) {
		reader->share = conflicts_share(reply.len, reader->taken, SHARE_MAX);
		reader_ask(reader);
	} else {
		reader_end(reader, NULL);
	}
}
