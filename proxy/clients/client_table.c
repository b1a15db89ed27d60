/* Client table (see client_table.h). */
#include "client_table.h"

#include "client_listener.h"
#include "connectors/tls/tls.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOT_BITS 20                 /* a token: slot, generation (never 0), number */
#define GENERATION_BITS 12
#define NUMBER_BITS 32
#define SLOTS_MAX (UINT32_C(1) << SLOT_BITS)
#define GENERATION_MAX ((UINT32_C(1) << GENERATION_BITS) - 1)

enum { LISTENER_PLAIN, LISTENER_TLS, LISTENER_UNIX, LISTENERS_MAX };

struct client_slot {
	struct client *client;       /* owned; NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct client_table {
	struct client_commons commons;
	struct client_listener *listeners[LISTENERS_MAX]; /* NULL: none; while draining, all are */
	struct client_slot *slots;
	uint32_t slot_count;         /* used at least once */
	uint32_t slot_cap;
	uint32_t first_free;         /* SLOTS_MAX: none */
	unsigned count;
	uint64_t last_id;
};

static bool table_listen(struct client_table *table, struct event_base *loop, struct buffer *error);
static void table_stop_listening(struct client_table *table);
static void table_accept(void *context, int fd, bool is_tls);

/* The limits of Redis; before AUTH they are far stricter. */
void client_table_adjust(struct client_table *table)
{
	table->commons.limits = (struct resp_limits){
		.arguments_max = INT32_MAX,
		.bulk_len_max = table->commons.settings->limits_bulk_bytes,
		.inline_len_max = 64 * 1024,
	};
	table->commons.limits_before_auth = (struct resp_limits){
		.arguments_max = 10,
		.bulk_len_max = 16 * 1024,
		.inline_len_max = 64 * 1024,
	};
}

struct client_table *client_table_new(const struct client_table_options *options, struct buffer *error)
{
	struct client_table *table = memory_new(sizeof(*table));
	table->commons.loop = options->loop;
	table->commons.clock = options->clock;
	table->commons.settings = options->settings;
	table->commons.tls = options->tls;
	table->commons.counters = options->counters;
	table->commons.callbacks = options->callbacks;
	table->first_free = SLOTS_MAX;
	client_table_adjust(table);
	if (table_listen(table, options->loop, error))
		return table;
	client_table_free(table);
	return NULL;
}

static bool table_listen(struct client_table *table, struct event_base *loop, struct buffer *error)
{
	const struct settings *settings = table->commons.settings;
	const struct client_listener_options options[LISTENERS_MAX] = {
		[LISTENER_PLAIN] = { &settings->listen, false, 0, table_accept, table },
		[LISTENER_TLS] = { &settings->listen_tls, true, 0, table_accept, table },
		[LISTENER_UNIX] = { &(struct settings_address){ .host = settings->unixsocket }, false, (unsigned)settings->unixsocketperm, table_accept, table },
	};
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		if (options[i].address->host == NULL)
			continue;
		table->listeners[i] = client_listener_new(loop, &options[i], error);
		if (table->listeners[i] == NULL)
			return false;
	}
	return true;
}

static void table_stop_listening(struct client_table *table)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		client_listener_free(table->listeners[i]);
		table->listeners[i] = NULL;
	}
}

/* ---- slots ---- */

static uint32_t slot_take(struct client_table *table)
{
	uint32_t slot = table->first_free;
	if (slot != SLOTS_MAX) {
		table->first_free = table->slots[slot].next_free;
		return slot;
	}
	table->slots = array_reserve(table->slots, table->slot_count, &table->slot_cap, sizeof(*table->slots));
	slot = table->slot_count++;
	table->slots[slot] = (struct client_slot){ 0 };
	return slot;
}

static void slot_give_back(struct client_table *table, uint32_t slot)
{
	table->slots[slot].client = NULL;
	table->slots[slot].next_free = table->first_free;
	table->first_free = slot;
}

uint64_t client_token(const struct client *client, uint32_t number)
{
	return (uint64_t)client->slot << (GENERATION_BITS + NUMBER_BITS) | (uint64_t)client->generation << NUMBER_BITS | number;
}

struct client *client_table_find(const struct client_table *table, uint64_t token, uint32_t *number)
{
	uint32_t slot = (uint32_t)(token >> (GENERATION_BITS + NUMBER_BITS));
	uint32_t generation = (uint32_t)(token >> NUMBER_BITS) & GENERATION_MAX;
	assert(slot < table->slot_count);
	struct client *client = table->slots[slot].client;
	if (client == NULL || client->generation != generation)
		return NULL;
	*number = (uint32_t)token;
	return client;
}

unsigned client_table_count(const struct client_table *table)
{
	return table->count;
}

void client_table_visit(const struct client_table *table, void (*visit)(void *context, struct client *client), void *context)
{
	for (uint32_t i = 0; i < table->slot_count; i++) {
		struct client *client = table->slots[i].client;
		if (client != NULL && client->end != CLIENT_DEAD)
			visit(context, client);
	}
}

/* ---- coming and going ---- */

static void table_accept(void *context, int fd, bool is_tls)
{
	struct client_table *table = context;
	const struct settings *settings = table->commons.settings;
	if (table->count >= settings->limits_clients || table->count >= SLOTS_MAX) {
		static const char refusal[] = "-ERR max number of clients reached\r\n";
		/* One try is enough: the socket's buffer is still empty. No handshake is made for it. */
		ssize_t sent = is_tls ? 0 : send(fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
		(void)sent;
		close(fd);
		table->commons.counters->clients_refused++;
		return;
	}
	client_listener_tune(fd, settings->limits_client_keepalive_ms);
	struct client *client = client_new(&table->commons, fd, is_tls ? tls_accept(table->commons.tls) : NULL);
	client->slot = slot_take(table);
	struct client_slot *slot = &table->slots[client->slot];
	slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
	slot->client = client;
	client->generation = slot->generation;
	client->id = ++table->last_id;
	client_listener_addresses(fd, client->peer, client->local);
	table->count++;
	table->commons.counters->clients = table->count;
	table->commons.counters->clients_accepted++;
	table->commons.callbacks.accepted(table->commons.callbacks.context, client);
}

static void table_remove(struct client_table *table, struct client *client)
{
	table->commons.callbacks.closing(table->commons.callbacks.context, client);
	slot_give_back(table, client->slot);
	client_free(client);
	table->count--;
	table->commons.counters->clients = table->count;
}

static void client_set_ending(void *context, struct client *client)
{
	(void)context;
	client_end(client, CLIENT_ENDS);
}

void client_table_drain(struct client_table *table)
{
	table_stop_listening(table);
	client_table_visit(table, client_set_ending, NULL);
}

void client_table_free(struct client_table *table)
{
	if (table == NULL)
		return;
	table_stop_listening(table);
	for (uint32_t i = 0; i < table->slot_count; i++) {
		if (table->slots[i].client != NULL)
			table_remove(table, table->slots[i].client);
	}
	memory_free(table->slots);
	buffer_free(&table->commons.scratch);
	memory_free(table);
}

/* ---- once a turn ---- */

static void client_flag_held_up(void *context, struct client *client)
{
	(void)context;
	if (client->is_held_up)
		client_flag(client);
}

void client_table_set_store_behind(struct client_table *table, bool is_store_behind)
{
	if (table->commons.is_store_behind == is_store_behind)
		return;
	table->commons.is_store_behind = is_store_behind;
	if (!is_store_behind)
		client_table_visit(table, client_flag_held_up, NULL);
}

void client_table_catch_up(struct client_table *table)
{
	/* A client that is flagged meanwhile is put in front of the list and not visited: it was not held up, so it need not catch up. */
	for (struct client *client = table->commons.flagged; client != NULL; client = client->next_flagged)
		client_catch_up(client);
}

void client_table_send(struct client_table *table)
{
	for (struct client *client = table->commons.flagged; client != NULL; client = client->next_flagged)
		if (!client->is_patient)
			client_send(client);
}

void client_table_flush(struct client_table *table)
{
	table->commons.requests = 0;
	table->commons.request_bytes = 0;
	while (table->commons.flagged != NULL) {
		struct client *client = table->commons.flagged;
		client_flush(client);
		/* It is taken off the list only now, so that client_flush does not flag it again: what it has found is dealt with here. */
		table->commons.flagged = client->next_flagged;
		client->is_flagged = false;
		if (client->end == CLIENT_DEAD)
			table_remove(table, client);
	}
}
