/* Sessions: the conversations of all clients. They stand between the clients' connections and the turn; the map of the room is in session.h. */
#ifndef PROXY_SESSIONS_H
#define PROXY_SESSIONS_H

#include "proxy/clients/client_table.h"
#include "proxy/conflicts/conflicts.h"
#include "proxy/homes/homes.h"
#include "proxy/turn/turn.h"

struct sessions;
struct session_command;

struct sessions_options {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	const struct session_command **commands; /* taken over; indexed as command.def is */
};

struct sessions *sessions_new(const struct sessions_options *options);
/* After both, turn and clients, are freed. */
void sessions_free(struct sessions *sessions);
/* What sessions want to be told by the two sides. */
struct client_callbacks sessions_client_callbacks(struct sessions *sessions);
struct turn_callbacks sessions_turn_callbacks(struct sessions *sessions);
/* Whom sessions speak to. To be called before the first turn. */
struct sessions_helpers { struct conflicts *conflicts; struct homes *homes; };     /* borrowed */
void sessions_connect(struct sessions *sessions, struct turn *turn, struct client_table *clients, const struct sessions_helpers *helpers);
/* The process stops: no more clients and requests are taken in; requests that were taken in are answered. */
void sessions_drain(struct sessions *sessions);

#endif
