#include "stream_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "connectors/log/appends.h"
#include "connectors/net/timer.h"
#include "stream_end.h"
#include "unread.h"

#define FULL_CHECK_MS 50
#define FULL_CHECKS_QUIET 20             /* a log that is full for so many checks is told of; readers empty one sooner */
#define DRAIN_SLICE_MS 10
#define ENTRY_OVERHEAD 64                /* about what Redis needs for an entry besides its bytes */
#define MEASURE_PART 128                 /* the stream's size is asked for each time it may have grown by a 128th of its limit */
#define ROOM_PART 16                     /* a full stream takes appends again when a 16th of its limit is free */

struct stream_writer {
	struct log_callbacks callbacks;
	unsigned dc;
	struct stream_link *link;
	struct stream_socket *redis;            /* NULL: not connected, or the stream's end is not known yet */
	struct appends appends;
	int64_t last, next;                  /* positions: of the last entry in the stream or sent, and of the one to come */
	unsigned replies_due;
	uint64_t retain_bytes;
	uint64_t unmeasured_bytes;           /* appended since the stream's size was asked for */
	const char *const *readers;          /* borrowed */
	unsigned reader_count;
	struct unread unread;
	bool is_found_measured;              /* the entries that were there when the connection was made are in UNREAD */
	int64_t found_last;                  /* the last of them */
	bool is_full;
	bool is_store_full;                  /* Redis refused an append for want of memory: from then on they go beyond that */
	bool is_appending_told;              /* the last that callbacks.state was told is that we append */
	unsigned full_checks;                /* how many measurements have found the log full, without a break */
	struct timer *full_check;
	struct timer *passing;               /* while full: what passes the limit, and was dropped, is asked for again */
	int64_t trim_wanted, trim_sent;
	int64_t taken;                       /* position of the last entry that Redis has said to have */
	struct stream_end end;               /* what is asked when a connection is made */
	int64_t restart_least;               /* no reader would read before this after a restart */
	int64_t trim_settled;                /* trim_wanted as it was one measurement ago */
};

static void link_up(void *context, struct stream_socket *redis);
static void link_down(void *context, const char *why);
static void start(void *context, struct stream_socket *redis, int64_t found, int64_t sound);
static void accept(struct stream_writer *writer);
static void take_added(struct stream_socket *redis, void *reply, void *context);
static void send_trim(struct stream_writer *writer, int64_t position);
static void take_any(struct stream_socket *redis, void *reply, void *context);
static void measure(void *context);
static void take_measure(struct stream_socket *redis, void *reply, void *context);
static void add_found(struct stream_writer *writer, uint64_t bytes);
static void ask_readers(struct stream_writer *writer);
static void take_readers(struct stream_socket *redis, void *reply, void *context);
static void note_room(struct stream_writer *writer, uint64_t used);
static void note_full(struct stream_writer *writer);
static void check_again(struct stream_writer *writer);
static void go_on(void *context);
static void count_reply(struct stream_writer *writer);
static struct stream_writer *take_counted(struct stream_socket *redis, const redisReply *reply);

struct stream_writer *stream_writer_new(const struct stream_link_options *link, const struct log_callbacks *callbacks,
                                        const struct log_options *options)
{
	struct stream_writer *writer = memory_new(sizeof *writer);
	writer->callbacks = *callbacks;
	writer->dc = options->dc_index;
	writer->retain_bytes = options->retain_bytes;
	writer->readers = options->readers;
	writer->reader_count = options->reader_count;
	writer->trim_wanted = writer->trim_sent = writer->trim_settled = writer->restart_least = -1;
	writer->full_check = timer_new(link->loop, measure, writer);
	writer->passing = timer_new(link->loop, go_on, writer);
	appends_drop_due(&writer->appends);
	writer->link = stream_link_new(link, &(struct stream_link_callbacks){ writer, link_up, link_down });
	writer->end = (struct stream_end){ .link = writer->link, .found = start, .context = writer };
	return writer;
}

/* hiredis would format the command in memory of its own and then copy it once more. So it gets the parts. */
static void send_entry(struct stream_writer *writer, uint64_t id, const char *entry, int entry_len, struct slice bytes)
{
	char header[160];
	int len = snprintf(header, sizeof header, "*5\r\n$4\r\nXADD\r\n$%zu\r\n" STREAM_KEY "\r\n$%d\r\n%s\r\n$%zu\r\n" STREAM_FIELD "\r\n$%zu\r\n",
	                   sizeof STREAM_KEY - 1, entry_len, entry, sizeof STREAM_FIELD - 1, bytes.len);
	stream_socket_parts(writer->redis, take_added, (void *)(uintptr_t)id, (struct slice){ header, (size_t)len }, bytes);
}

static void send_entry_to_full(struct stream_writer *writer, uint64_t id, const char *entry, int entry_len, struct slice bytes)
{
	static const char script[] = STREAM_WRITE_TO_FULL;
	const char *words[] = { "EVAL", script, "1", STREAM_KEY, "XADD", entry, STREAM_FIELD, bytes.ptr };
	const size_t lens[] = { 4, sizeof script - 1, 1, sizeof STREAM_KEY - 1, 4, (size_t)entry_len, sizeof STREAM_FIELD - 1, bytes.len };
	stream_socket_words(writer->redis, take_added, (void *)(uintptr_t)id, 8, words, lens);
}

void stream_writer_append(struct stream_writer *writer, uint64_t id, struct slice bytes, bool passes_limit)
{
	if (writer->is_full && !passes_limit)
		appends_drop_coming(&writer->appends);
	if (!appends_give(&writer->appends, id)) {
		if (writer->is_full && passes_limit)
			timer_start(writer->passing, 0);
		return;
	}
	char entry[48];
	int entry_len = snprintf(entry, sizeof entry, "%" PRId64 "-%" PRId64, writer->next, writer->last);
	writer->last = writer->next++;
	if (writer->is_store_full)
		send_entry_to_full(writer, id, entry, entry_len, bytes);
	else
		send_entry(writer, id, entry, entry_len, bytes);
	count_reply(writer);
	if (writer->reader_count > 0)
		unread_add(&writer->unread, writer->last, bytes.len + ENTRY_OVERHEAD);
	writer->unmeasured_bytes += bytes.len;
	if (writer->unmeasured_bytes > writer->retain_bytes / MEASURE_PART)
		measure(writer);
	if (!writer->is_full && writer->unread.bytes > writer->retain_bytes)
		note_full(writer);
}

void stream_writer_trim(struct stream_writer *writer, int64_t position)
{
	if (position > writer->trim_wanted)
		writer->trim_wanted = position;
}

void stream_writer_drain(struct stream_writer *writer, uint32_t wait_ms)
{
	while (wait_ms > 0 && writer->redis != NULL && appends_are_under_way(&writer->appends)) {
		uint32_t slice_ms = wait_ms < DRAIN_SLICE_MS ? wait_ms : DRAIN_SLICE_MS;
		stream_socket_pump(writer->redis, (int)slice_ms);
		wait_ms -= slice_ms;
	}
}

void stream_writer_free(struct stream_writer *writer)
{
	if (writer == NULL)
		return;
	stream_link_free(writer->link);
	timer_free(writer->full_check);
	timer_free(writer->passing);
	unread_free(&writer->unread);
	memory_free(writer);
}

static void link_up(void *context, struct stream_socket *redis)
{
	struct stream_writer *writer = context;
	stream_end_ask(&writer->end, redis, writer->last - writer->taken);
}

static void link_down(void *context, const char *why)
{
	struct stream_writer *writer = context;
	writer->redis = NULL;
	writer->is_appending_told = writer->is_full = false;
	writer->replies_due = 0;
	writer->trim_sent = writer->trim_settled = -1;
	timer_stop(writer->full_check);
	timer_stop(writer->passing);
	appends_drop_due(&writer->appends);
	writer->callbacks.state(writer->callbacks.context, writer->dc, false, why);
}

/* Appends were dropped until the stream's end was known. They go on being dropped until its size is, too: it may have been full all the time, and a
 * connection that comes and goes must not fill it further. */
static void start(void *context, struct stream_socket *redis, int64_t found, int64_t sound)
{
	struct stream_writer *writer = context;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	writer->redis = redis;
	writer->last = writer->taken = sound;
	writer->next = now_us > found ? now_us : found + 1;
	/* What stands in the stream already counts as unread until all have read up to its end. */
	unread_clear(&writer->unread);
	writer->is_found_measured = writer->reader_count == 0;
	writer->found_last = found;
	writer->is_full = true;
	writer->full_checks = 0;
	measure(writer);
}

static void accept(struct stream_writer *writer)
{
	if (!writer->is_appending_told)
		writer->callbacks.state(writer->callbacks.context, writer->dc, true, "appending");
	writer->is_appending_told = true;
	go_on(writer);
}

/* While the log is full, only what passes its limit is taken of what is given again. */
static void go_on(void *context)
{
	struct stream_writer *writer = context;
	uint64_t id;
	if (appends_go_on(&writer->appends, &id))
		writer->callbacks.append_retry(writer->callbacks.context, id);
}

/* Entries behind one that got an error may be in the stream all the same. We ignore their acknowledgements: take_counted drops the
 * connection, and everything that is not durable is asked for again. */
static void take_added(struct stream_socket *redis, void *reply, void *context)
{
	struct stream_writer *writer = take_counted(redis, reply);
	const redisReply *entry = reply;
	if (writer == NULL)
		return;
	uint64_t id = (uintptr_t)context;
	int64_t position = strtoll(entry->str, NULL, 10);
	writer->taken = position;
	/* Only an append proves the connection: a full Redis answers everything else, and is then tried again at growing intervals. */
	stream_link_prove(writer->link);
	if (appends_acknowledge(&writer->appends, id))
		writer->callbacks.appended(writer->callbacks.context, id, position);
}

/* The entry at POSITION stays: it shows a reader who stands there that none behind it was trimmed. */
static void send_trim(struct stream_writer *writer, int64_t position)
{
	if (writer->reader_count > 0 && position > writer->restart_least)
		position = writer->restart_least;
	if (writer->redis == NULL || position <= writer->trim_sent)
		return;
	writer->trim_sent = position;
	stream_socket_command(writer->redis, take_any, NULL, "XTRIM " STREAM_KEY " MINID ~ %lld", (long long)writer->trim_sent);
	count_reply(writer);
}

static void take_any(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	(void)take_counted(redis, reply);
}

static void measure(void *context)
{
	struct stream_writer *writer = context;
	writer->unmeasured_bytes = 0;
	stream_socket_command(writer->redis, take_measure, NULL, "MEMORY USAGE " STREAM_KEY);
	count_reply(writer);
	if (writer->reader_count > 0)
		ask_readers(writer);
}

/* MEMORY USAGE comes first: what it measures includes what the readers' answer then takes off. */
static void ask_readers(struct stream_writer *writer)
{
	const char *words[2 + LOG_READERS_MAX] = { "HMGET", STREAM_READERS_KEY };
	for (unsigned i = 0; i < writer->reader_count; i++)
		words[2 + i] = writer->readers[i];
	stream_socket_words(writer->redis, take_readers, NULL, (int)(2 + writer->reader_count), words, NULL);
	count_reply(writer);
}

/* Entries that every datacenter has applied are kept as history, because a datacenter whose Redis lost its last writes reads them again.
 * They are trimmed only once the stream takes more than half of its limit, and then only up to what could be trimmed one measurement ago,
 * unless they take the whole limit. */
static void trim_history(struct stream_writer *writer, uint64_t bytes)
{
	if (bytes > writer->retain_bytes / 2)
		send_trim(writer, bytes > writer->retain_bytes ? writer->trim_wanted : writer->trim_settled);
	writer->trim_settled = writer->trim_wanted;
}

static void take_measure(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	struct stream_writer *writer = take_counted(redis, reply);
	const redisReply *size = reply;
	if (writer == NULL)
		return;
	uint64_t bytes = size->type == REDIS_REPLY_INTEGER ? (uint64_t)size->integer : 0;
	trim_history(writer, bytes);
	if (writer->reader_count == 0)
		note_room(writer, bytes);
	else if (!writer->is_found_measured)
		add_found(writer, bytes);
}

/* The entries found at the beginning, as one in front of those appended since. */
static void add_found(struct stream_writer *writer, uint64_t bytes)
{
	struct unread appended = writer->unread;
	writer->unread = (struct unread){ 0 };
	writer->is_found_measured = true;
	unread_add(&writer->unread, writer->found_last, bytes > appended.bytes ? bytes - appended.bytes : 0);
	for (unsigned i = 0; i < appended.count; i++)
		unread_add(&writer->unread, appended.entries[appended.head + i].position, appended.entries[appended.head + i].bytes);
	unread_free(&appended);
}

/* One field a reader, in the order of their names. A reader that never wrote its position has read nothing. */
static void take_readers(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	struct stream_writer *writer = take_counted(redis, reply);
	const redisReply *fields = reply;
	if (writer == NULL || fields->type != REDIS_REPLY_ARRAY)
		return;
	int64_t read_least = INT64_MAX, restart_least = INT64_MAX;
	for (size_t i = 0; i < fields->elements; i++) {
		int64_t read = -1, restart = -1;
		if (fields->element[i]->type == REDIS_REPLY_STRING && sscanf(fields->element[i]->str, "%" SCNd64 ":%" SCNd64, &read, &restart) != 2)
			read = restart = -1;
		read_least = read < read_least ? read : read_least;
		restart_least = restart < restart_least ? restart : restart_least;
	}
	writer->restart_least = restart_least;
	unread_forget(&writer->unread, read_least);
	note_room(writer, writer->unread.bytes);
}

/* USED: what counts against the limit. */
static void note_room(struct stream_writer *writer, uint64_t used)
{
	bool was_full = writer->is_full;
	bool is_full = used > (was_full ? writer->retain_bytes - writer->retain_bytes / ROOM_PART : writer->retain_bytes);
	if (is_full && !was_full)
		note_full(writer);
	else if (is_full)
		check_again(writer);
	writer->is_full = is_full;
	if (was_full && !is_full)
		accept(writer);
}

static void note_full(struct stream_writer *writer)
{
	writer->is_full = true;
	writer->full_checks = 0;
	timer_start(writer->full_check, FULL_CHECK_MS);
	appends_drop_coming(&writer->appends);
}

static void check_again(struct stream_writer *writer)
{
	timer_start(writer->full_check, FULL_CHECK_MS);
	if (++writer->full_checks != FULL_CHECKS_QUIET)
		return;
	writer->is_appending_told = false;
	writer->callbacks.state(writer->callbacks.context, writer->dc, false,
	                       "the stream " STREAM_KEY " is at its size limit (limits.log_retain): a datacenter has not read what it holds, "
	                       "writes wait in the outbox until it does");
}

static void count_reply(struct stream_writer *writer)
{
	writer->replies_due++;
	if (writer->replies_due == 1)
		stream_link_expect(writer->link, 0);
}

/* NULL: ignore the reply, because it is an error and the connection was dropped for it. */
static struct stream_writer *take_counted(struct stream_socket *redis, const redisReply *reply)
{
	struct stream_writer *writer = stream_link_owner(redis);
	if (reply->type == REDIS_REPLY_ERROR) {
		writer->is_store_full |= strncmp(reply->str, STREAM_FULL_ERROR, strlen(STREAM_FULL_ERROR)) == 0;
		stream_link_drop(writer->link, reply->str);
		return NULL;
	}
	if (--writer->replies_due > 0)
		stream_link_expect(writer->link, 0);
	else
		stream_link_expect_none(writer->link);
	return writer;
}
