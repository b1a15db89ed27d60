/* Client table: all clients: their listener, limits and tokens, and what is done with each of them once a turn.
 * A token names one question of one client. A slot of the table is used again for another client, so a token also carries the slot's
 * generation: an answer to a client that is gone finds nobody. */
#ifndef PROXY_CLIENT_TABLE_H
#define PROXY_CLIENT_TABLE_H

#include "client.h"

struct client_table;

struct client_table_options {
	struct event_base *loop;
	struct turn_clock *clock;
	const struct settings *settings;       /* these three are borrowed as long as the table lives */
	struct tls *tls;
	struct sidecar_counters *counters;
	struct client_callbacks callbacks;
};

/* Listens at settings.listen, .listen_tls and .unixsocket. NULL: ERROR says what is wrong and what to do. */
struct client_table *client_table_new(const struct client_table_options *options, struct buffer *error);
void client_table_free(struct client_table *table);
/* The settings were reloaded. */
void client_table_adjust(struct client_table *table);
/* Takes no more connections, and no more requests from those there are. */
void client_table_drain(struct client_table *table);

/* While the store is behind, no client is read from: what they send waits in their sockets. */
void client_table_set_store_behind(struct client_table *table, bool is_store_behind);
/* At the end of a turn, first: clients that were held up may go on, which may add requests to the turn. Then: all are sent their answers. */
void client_table_catch_up(struct client_table *table);
void client_table_flush(struct client_table *table);
/* Sends answers before the end of the turn. */
void client_table_send(struct client_table *table);

unsigned client_table_count(const struct client_table *table);
uint64_t client_token(const struct client *client, uint32_t number);
/* NULL: that client is gone. */
struct client *client_table_find(const struct client_table *table, uint64_t token, uint32_t *number);
void client_table_visit(const struct client_table *table, void (*visit)(void *context, struct client *client), void *context);

#endif
