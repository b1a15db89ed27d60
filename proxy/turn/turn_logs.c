/* Turn logs: what the logs tell becomes events for the core (see turn_logs.h). */
#include "turn_logs.h"

#include "connectors/connectors.h"
#include "proxy/ops/logging.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

static void turn_on_message(void *context, unsigned dc, int64_t position, struct slice bytes)
{
	struct turn *turn = context;
	turn->status->counters.received_bytes[dc] += bytes.len;
	turn->cut.logs[dc].position = position;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_BATCH, .batch = { dc, position, bytes } });
}

static void turn_on_lost_position(void *context, unsigned dc, const char *why)
{
	struct turn *turn = context;
	log_error("the log no longer has the position to continue from: this datacenter needs a resync",
	          "dc", turn->status->dcs[dc], "why", why);
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_LOG_LOST_POSITION, .log = { dc } });
}

static void turn_on_lost_beginning(void *context, unsigned dc)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_LOG_LOST_BEGINNING, .log = { dc } });
}

/* Also while the store is away: the log goes on with what the core gave it to append. */
static void turn_on_appended(void *context, uint64_t id, int64_t position)
{
	struct turn *turn = context;
	if (turn->core != NULL)
		turn_step(turn, &(struct event){ .type = EVENT_APPENDED, .appended = { id, position } });
}

static void turn_on_between(void *context, int64_t position, struct slice bytes)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_BETWEEN, .between = { position, bytes } });
}

static void turn_on_namesake(void *context, unsigned dc)
{
	struct turn *turn = context;
	if (turn->is_open)
		turn_step(turn, &(struct event){ .type = EVENT_NAMESAKE, .log = { dc } });
}

static void turn_on_append_retry(void *context, uint64_t id)
{
	struct turn *turn = context;
	if (turn->core != NULL)
		turn_step(turn, &(struct event){ .type = EVENT_APPEND_RETRY, .appended = { .id = id } });
}

static void turn_on_log_state(void *context, unsigned dc, bool is_connected, const char *text)
{
	struct turn *turn = context;
	struct log_status *status = &turn->status->logs[dc];
	status->is_connected = is_connected;
	/* The first state of all may be told while the log is still being opened. */
	if (turn->logs[dc] != NULL)
		status->retention_ms = turn->logs[dc]->class->retention_ms(turn->logs[dc]);
	snprintf(status->text, sizeof(status->text), "%s", text);
	log_line(is_connected ? SETTINGS_LEVEL_INFO : SETTINGS_LEVEL_WARN, is_connected ? "log connected" : "log not connected",
	         "dc", turn->status->dcs[dc], "what", text, NULL);
}

/* Nothing to do: the loop ends a turn after each of its passes. */
static void turn_on_fed(void *context)
{
	(void)context;
}

static uint64_t process_mark(void)
{
	uint64_t mark;
	ssize_t got = getrandom(&mark, sizeof mark, 0);
	assert(got == sizeof mark);
	return mark;
}

static bool log_open(struct turn *turn, unsigned dc, uint64_t process, struct buffer *error)
{
	const struct settings_log *settings = dc == 0 ? &turn->status->settings->log : &turn->status->settings->peers[dc - 1].log;
	const struct log_class *class = log_class_find(settings->kind);
	assert(class != NULL);       /* the configuration was checked */
	struct log_pair *pairs = memory_new(settings->pair_count * sizeof(*pairs));
	for (unsigned i = 0; i < settings->pair_count; i++)
		pairs[i] = (struct log_pair){ settings->pairs[i].name, settings->pairs[i].value };
	struct log_options options = {
		.loop = turn->loop,
		.dc = turn->status->dcs[dc],
		.dc_index = dc,
		.is_own = dc == 0,
		.pairs = pairs,
		.pair_count = settings->pair_count,
		.store = &turn->status->redis,
		.tls = turn->status->tls,
		.reserved_db = (uint32_t)turn->status->settings->redis_database,
		.timeout_ms = (uint32_t)turn->status->settings->redis_timeout_ms,
		.retain_bytes = turn->status->settings->limits_log_retain_bytes,
		.reader = turn->status->dcs[0],
		.process = process,
		.readers = &turn->status->dcs[1],
		.reader_count = turn->status->dc_count - 1,
	};
	struct log_callbacks callbacks = {
		.context = turn,
		.message = turn_on_message,
		.lost_position = turn_on_lost_position,
		.lost_beginning = turn_on_lost_beginning,
		.appended = turn_on_appended,
		.between = turn_on_between,
		.namesake = turn_on_namesake,
		.append_retry = turn_on_append_retry,
		.state = turn_on_log_state,
		.fed = turn_on_fed,
	};
	const char *why = "";
	turn->logs[dc] = class->open(&options, &callbacks, &why);
	memory_free(pairs);
	if (turn->logs[dc] != NULL)
		return true;
	buffer_add_text(error, "cannot open the log of ");
	buffer_add_text(error, options.dc);
	buffer_add_text(error, ": ");
	buffer_add_text(error, why);
	return false;
}

bool turn_open_logs(struct turn *turn, struct buffer *error)
{
	uint64_t process = process_mark();
	for (unsigned dc = 0; dc < turn->status->dc_count; dc++)
		if (!log_open(turn, dc, process, error))
			return false;
	return true;
}

void turn_close_logs(struct turn *turn)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++) {
		if (turn->logs[dc] != NULL)
			turn->logs[dc]->class->close(turn->logs[dc], 0);
	}
}
