/* store_driver HOST PORT [PASSWORD [DC [TIMEOUT_MS]]]: the store connector at the hands of a test; "-" is no password.
 * In: read PROTOCOL DB TAG WORD…; group PROTOCOL ID WORD… (";" between commands); flush; silence.
 * Out: opened RUN_ID DATABASES POSITIONS OUTBOX NONCE; facts VERSION NOEVICTION NOTIFYING IDENTITY; silence MS; lost TEXT; waiting TEXT; fenced TEXT; reply TAG BYTES;
 * answered ID COUNT ERROR, then "element BYTES" for each; expired DB KEY; closed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "connectors/net/endpoint.h"
#include "connectors/store/store.h"
#include "driver.h"

#define RESERVED_DB 15

static struct event_base *loop;
static struct store *store;

static void opened(void *context, const struct event *event, uint32_t databases)
{
	(void)context;
	const struct store_facts *facts = store_facts(store);
	driver_say("facts %s %d %d %s", facts->version, facts->is_noeviction, facts->is_notifying, facts->identity);
	driver_say("opened %s %u %u %u %llu %u", driver_escape(event->opened.run_id), databases, event->opened.position_count,
	           event->opened.outbox_count, (unsigned long long)event->opened.nonce, event->opened.episode_count);
}

static void lost(void *context, const char *why)
{
	(void)context;
	driver_say("lost %s", why);
}

static void waiting(void *context, const char *why)
{
	(void)context;
	driver_say("waiting %s", why);
}

static void fenced(void *context, const char *why)
{
	(void)context;
	driver_say("fenced %s", why);
}

static void replied(void *context, uint64_t tag, struct slice reply)
{
	(void)context;
	driver_say("reply %llu %s", (unsigned long long)tag, driver_escape(reply));
}

static void answered(void *context, uint64_t id, const struct slice *replies, unsigned count, struct slice error)
{
	(void)context;
	driver_say("answered %llu %u %s", (unsigned long long)id, count, replies == NULL ? driver_escape(error) : "");
	for (unsigned i = 0; i < count; i++)
		driver_say("element %s", driver_escape(replies[i]));
}

static void expired(void *context, uint32_t db, struct slice key)
{
	(void)context;
	driver_say("expired %u %s", db, driver_escape(key));
}

static void fed(void *context)
{
	(void)context;
}

/* "@SIZE" stands for SIZE dots. */
static void add_words(struct buffer *out, unsigned count, char **words)
{
	struct slice argv[DRIVER_WORDS_MAX];
	struct buffer dots = { 0 };
	for (unsigned i = 0; i < count; i++) {
		argv[i] = slice_of(words[i]);
		if (words[i][0] != '@')
			continue;
		size_t len = strtoull(words[i] + 1, NULL, 10);
		memset(buffer_grow(&dots, len), '.', len);
		argv[i] = buffer_slice(&dots);
	}
	resp_add_command(out, count, argv);
	buffer_free(&dots);
}

static struct buffer *sent_groups;   /* the store borrows them */
static unsigned sent_group_count;

/* As the core sends groups: they end on the reserved database. */
static void send_group(unsigned protocol, uint64_t id, unsigned count, char **words)
{
	char *select_0[] = { "SELECT", "0" }, *select_reserved[] = { "SELECT", "15" }, *multi[] = { "MULTI" }, *exec[] = { "EXEC" };
	struct buffer bytes = { 0 };
	unsigned commands = 2;
	add_words(&bytes, 1, multi);
	add_words(&bytes, 2, select_0);
	for (unsigned start = 0, end = 0; start < count; start = end + 1, commands++) {
		for (end = start; end < count && strcmp(words[end], ";") != 0; end++)
			;
		add_words(&bytes, end - start, words + start);
	}
	add_words(&bytes, 2, select_reserved);
	add_words(&bytes, 1, exec);
	struct effect group = { .type = EFFECT_GROUP };
	struct slice sent = buffer_slice(&bytes);
	group.group.id = id;
	group.group.protocol = protocol;
	group.group.pieces = &sent;
	group.group.piece_count = 1;
	group.group.reply_count = commands;
	store_group(store, &group);
	sent_groups = memory_resize(sent_groups, (sent_group_count + 1) * sizeof *sent_groups);
	sent_groups[sent_group_count++] = bytes;
}

static void command(unsigned count, char **words)
{
	if (strcmp(words[0], "flush") == 0) {
		store_flush(store);
	} else if (strcmp(words[0], "silence") == 0) {
		driver_say("silence %llu", (unsigned long long)store_silence_ms(store));
	} else if (!store_is_open(store)) {
		driver_say("error the store is not open");
	} else if (strcmp(words[0], "read") == 0 && count > 4) {
		struct buffer bytes = { 0 };
		add_words(&bytes, count - 4, words + 4);
		store_read(store, (unsigned)atoi(words[1]), (uint32_t)atoi(words[2]), buffer_slice(&bytes), strtoull(words[3], NULL, 10));
		buffer_free(&bytes);
	} else if (strcmp(words[0], "group") == 0 && count > 3) {
		send_group((unsigned)atoi(words[1]), strtoull(words[2], NULL, 10), count - 3, words + 3);
	} else {
		driver_say("error unknown command %s", words[0]);
	}
}

static void end(void)
{
	store_free(store);
	for (unsigned i = 0; i < sent_group_count; i++)
		buffer_free(&sent_groups[i]);
	memory_free(sent_groups);
	driver_say("closed");
	event_base_loopbreak(loop);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	loop = event_base_new();
	struct endpoint endpoint;
	bool is_set = endpoint_set(&endpoint, argv[1], (uint16_t)atoi(argv[2]), NULL, NULL);
	assert(is_set);
	struct store_options options = {
		.loop = loop, .endpoint = &endpoint, .password = argc > 3 && strcmp(argv[3], "-") != 0 ? argv[3] : NULL,
		.reserved_db = RESERVED_DB, .retry_ms_max = 200, .reply_bytes_max = 1 << 20,
		.dc = argc > 4 ? argv[4] : "eu", .timeout_ms = argc > 5 ? (uint32_t)atoi(argv[5]) : 10000,
	};
	struct store_callbacks callbacks = { .opened = opened, .lost = lost, .waiting = waiting, .fenced = fenced, .reply = replied,
	                                   .answered = answered, .expired = expired, .fed = fed };
	store = store_new(&options, &callbacks);
	driver_listen(loop, command, end);
	event_base_dispatch(loop);
	event_base_free(loop);
	return 0;
}
