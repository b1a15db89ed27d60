/* log_driver KIND DC own|peer [NAME=VALUE…]: a log connector at the hands of a test.
 * In: append FIRST LAST SIZE (message ID is "ID:" and dots up to SIZE), follow POSITION, unfollow, pause 0|1, trim POSITION, close WAIT_MS.
 * Out: error TEXT; state 0|1 TEXT; retry ID; appended ID POSITION (ID is all that became durable since the last such line);
 * message POSITION BYTES; lost TEXT; closed. A retry is honoured at once. With "retain=BYTES" the stream is bounded; "timeout=MS" says how
 * long its Redis may owe an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "connectors/connectors.h"
#include "driver.h"

static struct event_base *loop;
static struct log *log_open;
static uint64_t last_id, passing_id;     /* ids up to the second pass the limit of the log */
static size_t message_size;

static void append_from(uint64_t id)
{
	for (; id <= last_id; id++) {
		char *bytes = malloc(message_size + 32);
		size_t len = (size_t)sprintf(bytes, "%llu:", (unsigned long long)id);
		memset(bytes + len, '.', message_size);
		struct slice message = { bytes, len > message_size ? len : message_size };
		log_open->class->append(log_open, id, message, id <= passing_id);
		free(bytes);
	}
}

static void message(void *context, unsigned dc, int64_t position, struct slice bytes)
{
	(void)context;
	(void)dc;
	struct slice start = { bytes.ptr, bytes.len < 32 ? bytes.len : 32 };
	driver_say("message %lld %s", (long long)position, driver_escape(start));
}

static void lost_position(void *context, unsigned dc, const char *why)
{
	(void)context;
	(void)dc;
	driver_say("lost %s", why);
}

static void lost_beginning(void *context, unsigned dc)
{
	(void)context;
	(void)dc;
	driver_say("beginning");
}

static void appended(void *context, uint64_t id, int64_t position)
{
	(void)context;
	driver_say("appended %llu %lld", (unsigned long long)id, (long long)position);
}

static void between(void *context, int64_t position, struct slice bytes)
{
	(void)context;
	driver_say("between %lld %zu", (long long)position, bytes.len);
}

static void append_retry(void *context, uint64_t id)
{
	(void)context;
	driver_say("retry %llu", (unsigned long long)id);
	append_from(id);
}

static void namesake(void *context, unsigned dc)
{
	(void)context;
	(void)dc;
	driver_say("namesake");
}

static void state(void *context, unsigned dc, bool is_connected, const char *text)
{
	(void)context;
	(void)dc;
	driver_say("state %d %s", is_connected, text);
}

static void fed(void *context)
{
	(void)context;
}

static void close_log(uint32_t wait_ms)
{
	log_open->class->close(log_open, wait_ms);
	log_open = NULL;
	driver_say("closed");
}

static void end(void)
{
	if (log_open != NULL)
		close_log(0);
	event_base_loopbreak(loop);
}

static void command(unsigned count, char **words)
{
	const char *name = words[0];
	long long number = count > 1 ? atoll(words[1]) : 0;
	if (strcmp(name, "append") == 0 && count == 4) {
		last_id = strtoull(words[2], NULL, 10);
		message_size = strtoull(words[3], NULL, 10);
		append_from((uint64_t)number);
	} else if (strcmp(name, "pass") == 0) {
		passing_id = last_id = (uint64_t)number;
		append_from(last_id);
	} else if (strcmp(name, "follow") == 0) {
		log_open->class->follow(log_open, number);
	} else if (strcmp(name, "unfollow") == 0) {
		log_open->class->unfollow(log_open);
	} else if (strcmp(name, "pause") == 0) {
		log_open->class->pause(log_open, number != 0);
	} else if (strcmp(name, "trim") == 0) {
		log_open->class->trim(log_open, number);
	} else if (strcmp(name, "close") == 0) {
		close_log((uint32_t)number);
	} else {
		driver_say("error unknown command %s", name);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	struct log_pair *pairs = calloc((size_t)argc, sizeof *pairs);
	loop = event_base_new();
	static const char *reader;
	struct log_options options = { .loop = loop, .dc = argv[2], .dc_index = 1, .is_own = strcmp(argv[3], "own") == 0,
	                               .pairs = pairs, .reserved_db = 15, .timeout_ms = 10000, .process = (uint64_t)getpid(), .retain_bytes = 1 << 30 };
	for (int i = 4; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		*equals = '\0';
		if (strcmp(argv[i], "retain") == 0)
			options.retain_bytes = strtoull(equals + 1, NULL, 10);
		else if (strcmp(argv[i], "reader") == 0)
			options.reader = reader = equals + 1;
		else if (strcmp(argv[i], "timeout") == 0)
			options.timeout_ms = (uint32_t)atoi(equals + 1);
		else
			pairs[options.pair_count++] = (struct log_pair){ argv[i], equals + 1 };
	}
	options.readers = &reader;
	options.reader_count = options.is_own && reader != NULL;
	struct log_callbacks callbacks = { NULL, message, lost_position, lost_beginning, appended, between, namesake, append_retry, state, fed };
	const struct log_class *class = log_class_find(argv[1]);
	const char *error = "no such kind of log";
	if (class != NULL)
		log_open = class->open(&options, &callbacks, &error);
	free(pairs);
	if (log_open == NULL) {
		driver_say("error %s", error);
		event_base_free(loop);
		return 1;
	}
	driver_listen(loop, command, end);
	event_base_dispatch(loop);
	event_base_free(loop);
	return 0;
}
