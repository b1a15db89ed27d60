/* Info view (see info_view.h). */
#include "info_view.h"

#include "tracking_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_start(struct slice *line, const char *start)
{
	size_t len = strlen(start);
	if (line->len < len || memcmp(line->ptr, start, len) != 0)
		return false;
	*line = (struct slice){ line->ptr + len, line->len - len };
	return true;
}

static void line_add(struct buffer *out, const char *name, uint64_t number)
{
	buffer_add_text(out, name);
	buffer_add_uint64(out, number);
	buffer_add_text(out, "\r\n");
}

/* ---- numbers of clients ---- */

static void blocked_visit(void *context, struct client *client)
{
	*(uint64_t *)context += client->session->detour != NULL || client->session->blocked != NULL || client->session->is_paused;
}

static void rights_visit(void *context, struct client *client)
{
	*(uint64_t *)context += client->session->rights != NULL;
}

static uint64_t visited(const struct sessions *sessions, void (*visit)(void *context, struct client *client))
{
	uint64_t count = 0;
	client_table_visit(sessions->clients, visit, &count);
	return count;
}

static uint64_t number_of(struct slice text)
{
	int64_t number;
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	return slice_to_int64(text, &number) && number > 0 ? (uint64_t)number : 0;
}

/* True: the line stands in OUT, with a number of our own. */
static bool replace_number(const struct sessions *sessions, struct slice line, struct buffer *out)
{
	const struct sidecar_counters *counters = &sessions->status->counters;
	struct slice rest = line;
	uint64_t commands = 0;
	for (unsigned i = 0; i < COMMAND_RESULT_COUNT; i++)
		commands += counters->commands[i];
	if (take_start(&rest, "connected_clients:"))
		line_add(out, "connected_clients:", counters->clients);
	else if (take_start(&rest, "blocked_clients:"))
		line_add(out, "blocked_clients:", visited(sessions, blocked_visit));
	else if (take_start(&rest, "clients_in_timeout_table:"))
		line_add(out, "clients_in_timeout_table:", visited(sessions, blocked_visit));
	else if (take_start(&rest, "tracking_clients:"))
		line_add(out, "tracking_clients:", tracking_count(sessions).clients);
	else if (take_start(&rest, "tracking_total_keys:"))
		line_add(out, "tracking_total_keys:", tracking_count(sessions).keys);
	else if (take_start(&rest, "tracking_total_items:"))
		line_add(out, "tracking_total_items:", tracking_count(sessions).items);
	else if (take_start(&rest, "tracking_total_prefixes:"))
		line_add(out, "tracking_total_prefixes:", tracking_count(sessions).prefixes);
	else if (take_start(&rest, "total_connections_received:"))
		line_add(out, "total_connections_received:", counters->clients_accepted);
	else if (take_start(&rest, "rejected_connections:"))
		line_add(out, "rejected_connections:", counters->clients_refused);
	else if (take_start(&rest, "total_commands_processed:"))
		line_add(out, "total_commands_processed:", commands);
	else if (take_start(&rest, "pubsub_channels:"))
		line_add(out, "pubsub_channels:", number_of(rest) - (number_of(rest) > 0 && visited(sessions, rights_visit) > 0));
	else if (take_start(&rest, "pubsub_patterns:"))
		line_add(out, "pubsub_patterns:", number_of(rest) - (number_of(rest) > 0));
	else
		return false;
	return true;
}

/* ---- commands ---- */

/* NAME as INFO writes it: its row's number. -1: there is none. */
static int row_of(struct slice name)
{
	for (unsigned i = 0; i < command_count(); i++)
		if (slice_equal(name, slice_of(command_at(i)->name)))
			return (int)i;
	return -1;
}

static void command_add(struct buffer *out, const char *name, uint64_t calls, double each_us, uint64_t failed)
{
	char line[200];
	snprintf(line, sizeof(line), "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=0,failed_calls=%llu\r\n", name, (unsigned long long)calls,
	         (unsigned long long)((double)calls * each_us), each_us, (unsigned long long)failed);
	buffer_add_text(out, line);
}

/* A value out of "calls=1,usec=5,usec_per_call=5.00,…". */
static double stat_of(struct slice stats, const char *name)
{
	char text[200];
	slice_to_text(text, sizeof(text), stats);
	const char *at = strstr(text, name);
	return at == NULL ? 0 : strtod(at + strlen(name), NULL);
}

/* What clients have called, and how long Redis took for one such command, whoever sent it. */
static void command_replace(const struct sessions *sessions, struct slice line, struct buffer *out)
{
	struct slice stats = line, name = slice_take_until(&stats, ':');
	int row = row_of(name);
	if (row >= 0 && sessions->calls[row] > 0)
		command_add(out, command_at((unsigned)row)->name, sessions->calls[row], stat_of(stats, "usec_per_call="), (uint64_t)stat_of(stats, "failed_calls="));
}

/* Commands that the sidecar answers itself, and of which Redis has no line. */
static void commands_add_others(const struct sessions *sessions, struct slice info, struct buffer *out)
{
	for (unsigned i = 0; i < command_count(); i++) {
		char start[100];
		int len = snprintf(start, sizeof(start), "\ncmdstat_%s:", command_at(i)->name);
		if (sessions->calls[i] > 0 && memmem(info.ptr, info.len, start, (size_t)len) == NULL)
			command_add(out, command_at(i)->name, sessions->calls[i], 0, 0);
	}
}

static bool is_of_reserved(const struct sessions *sessions, struct slice line)
{
	char start[32];
	snprintf(start, sizeof(start), "db%u:", (unsigned)sessions->status->settings->redis_database);
	return take_start(&line, start);
}

static bool is_of_nobody(const struct sessions *sessions, struct slice line)
{
	if (!take_start(&line, "latency_percentiles_usec_"))
		return false;
	int row = row_of(slice_take_until(&line, ':'));
	return row >= 0 && sessions->calls[row] == 0;
}

void info_view_add(struct sessions *sessions, struct slice info, struct buffer *out)
{
	struct slice rest = info;
	while (rest.len > 0) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr) + 1;
		struct slice line = { rest.ptr, len }, command = line;
		struct slice shown = { line.ptr, len - (end != NULL) };
		rest = (struct slice){ rest.ptr + len, rest.len - len };
		if (take_start(&command, "cmdstat_"))
			command_replace(sessions, command, out);
		else if (!is_of_reserved(sessions, line) && !is_of_nobody(sessions, line) && !replace_number(sessions, shown, out))
			buffer_add(out, line);
		if (slice_equal(line, SLICE("# Commandstats\r\n")))
			commands_add_others(sessions, info, out);
	}
}
