#include "ctl_peers.h"

#include "base/text.h"
#include "ctl_ask.h"
#include "ctl_findings.h"
#include "ctl_print.h"

#include <stdlib.h>
#include <unistd.h>

#define CLEAR_SCREEN "\x1b[H\x1b[J"
#define NAME_SHOWN_MAX 16              /* characters, so that a row fits into 80 */

static int show_once(const struct ctl_call *call);
static void print_peers(const json_t *status);
static void add_peer(struct ctl_table *table, const char *name, const json_t *peer);
static void add_time(struct ctl_table *table, const json_t *peer, const char *name);
static void print_notes(const json_t *status);

int ctl_peers(const struct ctl_call *call)
{
	if (!call->options->is_watching)
		return show_once(call);
	for (;;) {
		if (isatty(STDOUT_FILENO) && !call->options->is_json)
			fputs(CLEAR_SCREEN, stdout);
		show_once(call);               /* a sidecar that does not answer may come back */
		fflush(stdout);
		sleep(1);
	}
}

static int show_once(const struct ctl_call *call)
{
	int code;
	json_t *status = ctl_ask_status(call->options, &code);

	if (status == NULL)
		return code;
	if (call->options->is_json && call->options->is_watching) {
		json_dumpf(json_object_get(status, "peers"), stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else if (call->options->is_json) {
		ctl_print_json(json_object_get(status, "peers"));
	} else {
		print_peers(status);
	}
	json_decref(status);
	return EXIT_SUCCESS;
}

static void print_peers(const json_t *status)
{
	static const char *const titles[] = { "PEER", "STATE", "STALENESS", "LAG", "HELD", "OWED", "HEARD" };
	struct ctl_table table = { .columns = sizeof(titles) / sizeof(titles[0]), .is_right = { false, false, true, true, true, true, true } };
	json_t *peers = json_object_get(status, "peers"), *peer;
	const char *name;

	if (json_object_size(peers) == 0) {
		puts("there are no peers");
		return;
	}
	for (size_t i = 0; i < table.columns; i++)
		ctl_table_add(&table, titles[i]);
	json_object_foreach(peers, name, peer)
		add_peer(&table, name, peer);
	ctl_table_print(&table, stdout);
	print_notes(status);
}

static void add_peer(struct ctl_table *table, const char *name, const json_t *peer)
{
	static const char *const counts[] = { "lag_events", "held_events", "owed_events" };
	struct buffer cell = { 0 };

	buffer_add_format(&cell, "%.*s", NAME_SHOWN_MAX, name);
	ctl_table_take(table, &cell);
	ctl_table_add(table, ctl_text_of(peer, "state"));
	add_time(table, peer, "staleness_ms");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (json_is_integer(json_object_get(peer, counts[i])))
			buffer_add_int64(&cell, ctl_count_of(peer, counts[i]));
		else
			buffer_add_text(&cell, "unknown");
		ctl_table_take(table, &cell);
	}
	add_time(table, peer, "heartbeat_age_ms");
	buffer_free(&cell);
}

static void add_time(struct ctl_table *table, const json_t *peer, const char *name)
{
	struct buffer cell = { 0 };

	if (json_is_integer(json_object_get(peer, name)))
		ctl_add_ms(&cell, ctl_count_of(peer, name));
	else
		buffer_add_text(&cell, "unknown");
	ctl_table_take(table, &cell);
	buffer_free(&cell);
}

/* Under the table: who was not heard since when, and what is wrong with whom. */
static void print_notes(const json_t *status)
{
	json_t *peer;
	const char *name;
	struct buffer up = { 0 };

	ctl_add_ms(&up, ctl_count_of(status, "now_ms") - ctl_count_of(status, "started_ms"));
	json_object_foreach(json_object_get(status, "peers"), name, peer) {
		if (!json_is_integer(json_object_get(peer, "heartbeat_age_ms")))
			printf("%s: nothing was heard of it since this sidecar started %.*s ago\n", name, (int)up.len, up.ptr);
		ctl_print_findings(status, name);
	}
	buffer_free(&up);
}
