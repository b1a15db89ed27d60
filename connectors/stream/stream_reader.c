#include "stream_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "connectors/net/timer.h"
#include "namesake.h"
#include "proxy/core/vocabulary/event.h"
#include "stream_writer.h"

#define ENTRIES_MAX 200                  /* a read */
#define ENTRIES_FIRST 8
#define READ_BYTES (4 * 1024 * 1024)     /* what a read should bring: enough for a long way, and little enough for the processor's cache */
#define BLOCK_MS 2000
#define AGAIN_MS 100
#define LOOK_MS 100                      /* what stood there in place of what we told is looked at this often at most */
#define TELL_MS 20                       /* the owner is told how far we have read at most this often, and this long after a read */

struct stream_reader {
	struct log_callbacks callbacks;
	unsigned dc;
	bool tells_state;
	struct stream_link *link;
	struct stream_socket *redis;            /* NULL: not connected */
	bool is_following, is_paused;
	bool is_reading;                     /* a read is under way; at most one is */
	int64_t position;                    /* of the last entry delivered */
	const char *name;                    /* by which the log's owner knows us; borrowed. NULL: it is our own log, and its trimming need not wait for us */
	int64_t restart_position;            /* from here we would read after a restart */
	int64_t told_position, told_restart; /* what the owner was told of both */
	uint64_t told_ms;                    /* when it was told; of a monotonic clock */
	struct namesake namesake;            /* another process that tells the owner in our name */
	uint64_t looked_ms;                  /* when it was looked for */
	bool is_owner_full;                  /* the owner's Redis refused to be told for want of memory */
	bool is_missing;                     /* the stream was not there when the connection was made, and nothing of it has come since */
	bool is_telling_refused;             /* the owner refused to be told, and a log line has said so once for this connection */
	unsigned entries_max;                /* of the next read: by the size of those of the last one */
	struct timer *again;                 /* an entry before the next one is missing, and was not trimmed: its owner cuts off what is behind */
	int64_t missing;                     /* the position that was missed; see read_gap */
	uint64_t follow_count;               /* counts follows: entries read for an earlier one are discarded */
};

static void link_up(void *context, struct stream_socket *redis);
static void link_down(void *context, const char *why);
static void take_ready(struct stream_reader *reader);
static void take_type(struct stream_socket *redis, void *reply, void *context);
static void tell_state(struct stream_reader *reader, bool is_connected, const char *text);
static void read_on(struct stream_reader *reader);
static bool is_untold(const struct stream_reader *reader);
static void tell_owner(struct stream_reader *reader);
static void look_for_namesake(struct stream_reader *reader, uint64_t now_ms);
static void take_found(struct stream_socket *redis, void *reply, void *context);
static void take_told(struct stream_socket *redis, void *reply, void *context);
static void take_read(struct stream_socket *redis, void *reply, void *context);
static const redisReply *entries_of(const redisReply *reply);
static struct slice bytes_of(const redisReply *entry);
static void deliver(struct stream_reader *reader, const redisReply *entries);
static bool deliver_entry(struct stream_reader *reader, const redisReply *entry);
static void lose_position(struct stream_reader *reader, int64_t before);
static void read_gap(struct stream_reader *reader, int64_t before);
static void take_gap(struct stream_socket *redis, void *reply, void *context);
static void read_again(void *context);

struct stream_reader *stream_reader_new(const struct stream_link_options *link, const struct log_callbacks *callbacks,
                                        const struct log_options *options)
{
	struct stream_reader *reader = memory_new(sizeof *reader);
	reader->callbacks = *callbacks;
	reader->dc = options->dc_index;
	reader->tells_state = !options->is_own;
	reader->entries_max = ENTRIES_FIRST;
	reader->name = options->is_own ? NULL : options->reader;
	snprintf(reader->namesake.mark, sizeof reader->namesake.mark, ":%" PRIx64, options->process);
	reader->told_position = reader->told_restart = reader->restart_position = POSITION_BEGIN;
	reader->again = timer_new(link->loop, read_again, reader);
	reader->link = stream_link_new(link, &(struct stream_link_callbacks){ reader, link_up, link_down });
	return reader;
}

void stream_reader_follow(struct stream_reader *reader, int64_t position)
{
	reader->is_following = true;
	reader->is_paused = false;
	reader->position = position;
	reader->follow_count++;
	read_on(reader);
}

void stream_reader_unfollow(struct stream_reader *reader)
{
	reader->is_following = false;
	reader->follow_count++;
}

void stream_reader_pause(struct stream_reader *reader, bool is_paused)
{
	reader->is_paused = is_paused;
	if (!is_paused)
		read_on(reader);
}

void stream_reader_trim(struct stream_reader *reader, int64_t position)
{
	reader->restart_position = position;
}

void stream_reader_free(struct stream_reader *reader)
{
	if (reader == NULL)
		return;
	stream_link_free(reader->link);
	timer_free(reader->again);
	memory_free(reader);
}

static void link_up(void *context, struct stream_socket *redis)
{
	struct stream_reader *reader = context;
	reader->redis = redis;
	reader->told_position = reader->told_restart = POSITION_BEGIN;
	reader->is_telling_refused = reader->is_missing = false;
	if (reader->name == NULL) {
		take_ready(reader);
		return;
	}
	stream_socket_command(redis, take_type, NULL, "TYPE " STREAM_KEY);
	stream_link_expect(reader->link, 0);
}

static void take_ready(struct stream_reader *reader)
{
	tell_state(reader, true, "following");
	read_on(reader);
}

/* A Redis without the stream is not the one of that datacenter, or its sidecar has never run. We read all the same: it may come. */
static void take_type(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	struct stream_reader *reader = stream_link_owner(redis);
	const redisReply *type = reply;
	if (!reader->is_reading)
		stream_link_expect_none(reader->link);
	if (type->type != REDIS_REPLY_STATUS || strcmp(type->str, "none") != 0) {
		take_ready(reader);
		return;
	}
	reader->is_missing = true;
	tell_state(reader, false, "that Redis holds no stream " STREAM_KEY ": either it is not the one of this datacenter, or its sidecar has never started");
	read_on(reader);
}

static void link_down(void *context, const char *why)
{
	struct stream_reader *reader = context;
	reader->redis = NULL;
	reader->is_reading = false;
	timer_stop(reader->again);
	tell_state(reader, false, why);
}

static void tell_state(struct stream_reader *reader, bool is_connected, const char *text)
{
	if (reader->tells_state)
		reader->callbacks.state(reader->callbacks.context, reader->dc, is_connected, text);
}

/* The second half of the id is the largest number, so that the read begins after every entry of that position. */
static void read_on(struct stream_reader *reader)
{
	if (reader->redis == NULL || !reader->is_following || reader->is_paused || reader->is_reading)
		return;
	char after[48] = "0-0";
	if (reader->position != POSITION_BEGIN)
		snprintf(after, sizeof after, "%" PRId64 "-%" PRIu64, reader->position, UINT64_MAX);
	reader->is_reading = true;
	tell_owner(reader);
	stream_socket_command(reader->redis, take_read, (void *)(uintptr_t)reader->follow_count,
	                  "XREAD COUNT %u BLOCK %d STREAMS " STREAM_KEY " %s", reader->entries_max, is_untold(reader) ? TELL_MS : BLOCK_MS, after);
	stream_link_expect(reader->link, BLOCK_MS);
}

static bool is_untold(const struct stream_reader *reader)
{
	return reader->name != NULL && (reader->position != reader->told_position || reader->restart_position != reader->told_restart);
}

/* In front of a read, since Redis takes nothing else on this connection while the read waits for entries. */
static void tell_owner(struct stream_reader *reader)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (!is_untold(reader) || now_ms - reader->told_ms < TELL_MS)
		return;
	look_for_namesake(reader, now_ms);
	reader->told_position = reader->position;
	reader->told_restart = reader->restart_position;
	reader->told_ms = now_ms;
	char positions[72];
	snprintf(positions, sizeof positions, "%" PRId64 ":%" PRId64 "%s", reader->position, reader->restart_position, reader->namesake.mark);
	if (reader->is_owner_full)
		stream_socket_command(reader->redis, take_told, NULL, "EVAL %s 1 " STREAM_READERS_KEY " HSET %s %s", STREAM_WRITE_TO_FULL, reader->name, positions);
	else
		stream_socket_command(reader->redis, take_told, NULL, "HSET " STREAM_READERS_KEY " %s %s", reader->name, positions);
}

/* What we told last stands there, unless another process has told in our name since. */
static void look_for_namesake(struct stream_reader *reader, uint64_t now_ms)
{
	if (now_ms - reader->looked_ms < LOOK_MS)
		return;
	reader->looked_ms = now_ms;
	stream_socket_command(reader->redis, take_found, NULL, "HGET " STREAM_READERS_KEY " %s", reader->name);
}

static void take_found(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	struct stream_reader *reader = stream_link_owner(redis);
	const redisReply *found = reply;
	if (found->type != REDIS_REPLY_STRING)
		return;
	if (namesake_hear(&reader->namesake, (struct slice){ found->str, found->len }))
		reader->callbacks.namesake(reader->callbacks.context, reader->dc);
}

/* Without our position the owner's log counts all that it holds as unread, and stops at its limit. */
static void take_told(struct stream_socket *redis, void *reply, void *context)
{
	(void)context;
	struct stream_reader *reader = stream_link_owner(redis);
	const redisReply *answer = reply;
	if (answer->type != REDIS_REPLY_ERROR || reader->is_telling_refused)
		return;
	char text[256];
	if (!reader->is_owner_full && strncmp(answer->str, STREAM_FULL_ERROR, strlen(STREAM_FULL_ERROR)) == 0) {
		reader->is_owner_full = true;
		reader->told_position = -1;      /* once more, with the next read */
		return;
	}
	reader->is_telling_refused = true;
	snprintf(text, sizeof text, "following; its Redis refuses HSET " STREAM_READERS_KEY ", so its log will stop at its limit (limits.log_retain): %s",
	         answer->str);
	tell_state(reader, true, text);
}

static void take_read(struct stream_socket *redis, void *reply, void *context)
{
	struct stream_reader *reader = stream_link_owner(redis);
	const redisReply *read = reply;
	if (read->type == REDIS_REPLY_ERROR) {
		stream_link_drop(reader->link, read->str);
		return;
	}
	stream_link_prove(reader->link);
	stream_link_expect_none(reader->link);
	reader->is_reading = false;
	const redisReply *entries = entries_of(read);
	if (entries != NULL && reader->is_missing)
		tell_state(reader, true, "following");
	reader->is_missing &= entries == NULL;
	if (entries != NULL && (uintptr_t)context == reader->follow_count)
		deliver(reader, entries);
	read_on(reader);
}

/* [[key, entries]], or nil when nothing came in time. */
static const redisReply *entries_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 || reply->element[0]->elements != 2)
		return NULL;
	return reply->element[0]->element[1];
}

/* Few small entries say little about those to come, so the number grows by doubling only. */
static void choose_entries_max(struct stream_reader *reader, const redisReply *entries)
{
	uint64_t bytes = 1;
	for (size_t i = 0; i < entries->elements; i++)
		bytes += bytes_of(entries->element[i]).len;
	uint64_t fitting = READ_BYTES * (uint64_t)entries->elements / bytes, most = 2 * (uint64_t)reader->entries_max;
	most = most < ENTRIES_MAX ? most : ENTRIES_MAX;
	reader->entries_max = fitting < 1 ? 1 : (unsigned)(fitting < most ? fitting : most);
}

static void deliver(struct stream_reader *reader, const redisReply *entries)
{
	uint64_t follow_count = reader->follow_count;
	choose_entries_max(reader, entries);
	for (size_t i = 0; i < entries->elements && follow_count == reader->follow_count; i++)
		if (!deliver_entry(reader, entries->element[i]))
			break;
	reader->callbacks.fed(reader->callbacks.context);
}

/* The bytes of [id, [field, value]]. An entry that is not ours has none: the reader of the bytes says what is wrong with it. */
static struct slice bytes_of(const redisReply *entry)
{
	const redisReply *fields = entry->element[1];
	if (fields->elements != 2 || strcmp(fields->element[0]->str, STREAM_FIELD) != 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ fields->element[1]->str, fields->element[1]->len };
}

static bool deliver_entry(struct stream_reader *reader, const redisReply *entry)
{
	int64_t position, before;
	if (sscanf(entry->element[0]->str, "%" SCNd64 "-%" SCNd64, &position, &before) != 2)
		return false;
	if (reader->position != POSITION_BEGIN && before > reader->position) {
		read_gap(reader, before);
		return false;
	}
	if (reader->position == POSITION_BEGIN && before > 0)
		reader->callbacks.lost_beginning(reader->callbacks.context, reader->dc);
	reader->position = position;
	reader->callbacks.message(reader->callbacks.context, reader->dc, position, bytes_of(entry));
	return true;
}

/* Entries are trimmed from the front only: as long as the last one that we have read is there, none behind it was. Then the missing one was refused, and
 * the owner has yet to cut off what it had sent behind it (stream_writer.c). */
static void read_gap(struct stream_reader *reader, int64_t before)
{
	reader->missing = before;
	reader->is_reading = true;
	stream_socket_command(reader->redis, take_gap, (void *)(uintptr_t)reader->follow_count, "XRANGE " STREAM_KEY " %lld %lld COUNT 1",
	                  (long long)reader->position, (long long)reader->position);
	stream_link_expect(reader->link, 0);
}

static void take_gap(struct stream_socket *redis, void *reply, void *context)
{
	struct stream_reader *reader = stream_link_owner(redis);
	const redisReply *found = reply;
	stream_link_expect_none(reader->link);
	if (found->type == REDIS_REPLY_ARRAY && found->elements == 0 && (uintptr_t)context == reader->follow_count) {
		reader->is_reading = false;
		lose_position(reader, reader->missing);
	} else {
		timer_start(reader->again, AGAIN_MS);
	}
}

static void read_again(void *context)
{
	struct stream_reader *reader = context;
	reader->is_reading = false;
	read_on(reader);
}

static void lose_position(struct stream_reader *reader, int64_t before)
{
	char why[160];
	snprintf(why, sizeof why, STREAM_KEY " was trimmed: messages after position %" PRId64 " up to %" PRId64 " are gone", reader->position,
	         before);
	reader->is_following = false;
	reader->callbacks.lost_position(reader->callbacks.context, reader->dc, why);
}
