/* The embedded default. The stream "homeport:log" is in the reserved database of its datacenter's own Redis, and peers read it there.
 * There are two connections at most: one writes (only to our own log), one reads.
 *
 * If that Redis loses its last entries, or all, no position is lost: a position is never given twice (stream_writer.h), so a reader that
 * was further goes on with what is written next. The core notices the missing writes by the gap in sequence numbers.
 * A position is lost only when entries after it were trimmed before they were read. */
#include "log_stream.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "connectors/net/address.h"
#include "stream_link.h"
#include "stream_reader.h"
#include "stream_writer.h"

struct stream_log {
	struct log log;
	struct stream_link_options options;
	struct stream_writer *writer;        /* NULL: a peer's log */
	struct stream_reader *reader;
};

static const char *take_pair(struct stream_link_options *options, struct tls *tls, const struct log_pair *pair);
static bool take_address(struct endpoint *endpoint, struct tls *tls, const char *text);
static const char *unknown_name(const char *name);
static bool copy_setting(char *into, size_t size, const char *value);

static struct log *stream_open(const struct log_options *options, const struct log_callbacks *callbacks, const char **error)
{
	struct stream_log *stream = memory_new(sizeof *stream);
	stream->log.class = &log_stream;
	stream->options.loop = options->loop;
	stream->options.db = options->reserved_db;
	stream->options.timeout_ms = options->timeout_ms;
	*error = NULL;
	for (unsigned i = 0; i < options->pair_count && *error == NULL; i++)
		*error = take_pair(&stream->options, options->tls, &options->pairs[i]);
	if (options->is_own && options->store != NULL)
		stream->options.server = options->store;
	else
		stream->options.server = &stream->options.own;
	if (*error == NULL && stream->options.own.host[0] == '\0')
		*error = "redis-stream: no address: say where the Redis with the stream is, as in \"address: 127.0.0.1:6379\"";
	if (*error != NULL) {
		memory_free(stream);
		return NULL;
	}
	if (options->is_own)
		stream->writer = stream_writer_new(&stream->options, callbacks, options);
	stream->reader = stream_reader_new(&stream->options, callbacks, options);
	return &stream->log;
}

static void stream_append(struct log *log, uint64_t id, struct slice bytes, bool passes_limit)
{
	stream_writer_append(((struct stream_log *)log)->writer, id, bytes, passes_limit);
}

static void stream_follow(struct log *log, int64_t position)
{
	stream_reader_follow(((struct stream_log *)log)->reader, position);
}

static void stream_unfollow(struct log *log)
{
	stream_reader_unfollow(((struct stream_log *)log)->reader);
}

static void stream_pause(struct log *log, bool is_paused)
{
	stream_reader_pause(((struct stream_log *)log)->reader, is_paused);
}

static void stream_trim(struct log *log, int64_t position)
{
	struct stream_log *stream = (struct stream_log *)log;
	if (stream->writer != NULL)
		stream_writer_trim(stream->writer, position);
	else
		stream_reader_trim(stream->reader, position);
}

/* Entries that a datacenter has not applied are kept, however old they are. */
static uint64_t stream_retention_ms(const struct log *log)
{
	(void)log;
	return 0;
}

static void stream_close(struct log *log, uint32_t wait_ms)
{
	struct stream_log *stream = (struct stream_log *)log;
	if (stream->writer != NULL)
		stream_writer_drain(stream->writer, wait_ms);
	stream_writer_free(stream->writer);
	stream_reader_free(stream->reader);
	memory_free(stream);
}

const struct log_class log_stream = {
	.name = "redis-stream",
	.is_in_store = true,
	.open = stream_open,
	.append = stream_append,
	.follow = stream_follow,
	.unfollow = stream_unfollow,
	.pause = stream_pause,
	.trim = stream_trim,
	.retention_ms = stream_retention_ms,
	.close = stream_close,
};

/* NULL: taken. */
static const char *take_pair(struct stream_link_options *options, struct tls *tls, const struct log_pair *pair)
{
	int64_t number;
	if (strcmp(pair->name, "address") == 0)
		return take_address(&options->own, tls, pair->value) ? NULL : "redis-stream: address must be HOST:PORT, [IPv6]:PORT or the path of a Unix socket";
	if (strcmp(pair->name, "tls_name") == 0)
		return copy_setting(options->own.name, sizeof options->own.name, pair->value) ? NULL : "redis-stream: tls_name is too long";
	if (strcmp(pair->name, "username") == 0)
		return copy_setting(options->username, sizeof options->username, pair->value) ? NULL : "redis-stream: username is too long";
	if (strcmp(pair->name, "password") == 0)
		return copy_setting(options->password, sizeof options->password, pair->value) ? NULL : "redis-stream: password is too long";
	if (strcmp(pair->name, "database") != 0)
		return unknown_name(pair->name);
	if (!slice_to_int64(slice_of(pair->value), &number) || number < 0 || number >= UINT32_MAX)
		return "redis-stream: database must be the number of a database, 0 or more";
	options->db = (uint32_t)number;
	return NULL;
}

static bool take_address(struct endpoint *endpoint, struct tls *tls, const char *text)
{
	bool is_tls;
	if (!address_parse(text, endpoint->host, sizeof endpoint->host, &endpoint->port, &is_tls))
		return false;
	endpoint->tls = is_tls ? tls : NULL;
	return true;
}

static const char *unknown_name(const char *name)
{
	static const char *const names[] = { "address", "tls_name", "username", "password", "database" };
	static char error[256];
	const char *near = nearest_name(name, names, sizeof names / sizeof names[0]);
	if (near != NULL)
		snprintf(error, sizeof error, "redis-stream: unknown setting \"%s\": did you mean \"%s\"?", name, near);
	else
		snprintf(error, sizeof error, "redis-stream: unknown setting \"%s\": known are address, tls_name, username, password, database", name);
	return error;
}

static bool copy_setting(char *into, size_t size, const char *value)
{
	if (strlen(value) >= size)
		return false;
	memcpy(into, value, strlen(value) + 1);
	return true;
}
