/* Sessions: what clients say, understood. Each request is classified: reads go to the store, writes to the core, and what
 * concerns the conversation itself (MULTI, SELECT, HELLO, …) is answered here. */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "proxy/clients/client_table.h"
#include "proxy/conflicts/conflicts.h"
#include "proxy/turn/turn.h"

struct sessions;

struct sessions_options {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
};

struct sessions *sessions_new(const struct sessions_options *options);
/* After both, turn and clients, are freed. */
void sessions_free(struct sessions *sessions);
/* What sessions want to hear from the two sides they stand between … */
struct client_callbacks sessions_client_callbacks(struct sessions *sessions);
struct turn_callbacks sessions_turn_callbacks(struct sessions *sessions);
/* … and whom they speak to. Before the first turn. */
void sessions_connect(struct sessions *sessions, struct turn *turn, struct client_table *clients, struct conflicts *conflicts);
/* A stop is under way: nobody is let in or listened to any more; what was asked is answered. */
void sessions_drain(struct sessions *sessions);

#endif
