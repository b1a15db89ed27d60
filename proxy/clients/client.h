/* Client: a connection that speaks RESP: bytes in, requests out to the session, answers out in order.
 * A turn of the loop reads once from each client that has something to say. It writes at most once to each that is owed something, and once
 * more for each group of writes whose answers came: these do not wait for the end of the turn.
 * Knows the protocol's framing, but no command. Only client_table.c makes and frees clients. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include "client_answers.h"
#include "proxy/core/resp/resp.h"
#include "proxy/ops/status.h"
#include "proxy/turn/turn_clock.h"

#include <netinet/in.h>

struct client;
struct event;                        /* libevent's */
struct event_base;
struct session;

struct client_callbacks {
	void *context;
	void (*accepted)(void *context, struct client *client);
	void (*request)(void *context, struct client *client, const struct request *request);
	void (*closing)(void *context, struct client *client);   /* about to be freed */
};

/* What all clients share. Owned by the table. */
struct client_commons {
	struct event_base *loop;
	struct turn_clock *clock;
	const struct settings *settings;
	struct sidecar_counters *counters;
	struct client_callbacks callbacks;
	struct resp_limits limits;             /* Redis's, and the stricter ones before AUTH */
	struct resp_limits limits_before_auth;
	struct buffer scratch;                 /* where a client without leftovers reads to */
	struct client *flagged;                /* to be looked after at the end of the turn */
	unsigned requests;                     /* taken in this turn */
	bool is_store_behind;                  /* nobody is read from */
};

enum client_end {
	CLIENT_STAYS,
	CLIENT_ENDS,                 /* takes no more requests; closes when it got everything it is owed */
	CLIENT_DEAD,                 /* the end of this turn frees it */
};

#define CLIENT_ADDRESS_LEN (INET6_ADDRSTRLEN + 10)

struct client {
	struct client_commons *commons;
	struct session *session;     /* owned by the session layer */
	uint64_t id;                 /* as in CLIENT ID: never used twice */
	uint32_t slot;               /* in the table, and how often the slot was used: the two make tokens */
	uint32_t generation;
	int fd;
	struct event *readable;      /* owned; added unless the client is held up */
	struct event *writable;      /* owned; added while the socket takes no more */
	struct resp_requests *parser; /* owned */
	const struct resp_limits *limits; /* shared */
	struct buffer in;            /* received and not yet taken */
	struct buffer out;           /* answers not yet sent */
	size_t out_sent;             /* so much of OUT is */
	struct answers answers;
	enum client_end end;
	bool is_stalled;             /* the session wants no request before it says so */
	bool is_held_up;             /* not read from: stalled, too much is due, or the store is behind */
	bool is_flagged;
	bool is_blocked;             /* the socket is full: WRITABLE is waiting */
	struct client *next_flagged;
	uint64_t connected_ms, active_ms; /* Unix time */
	char peer[CLIENT_ADDRESS_LEN], local[CLIENT_ADDRESS_LEN]; /* "address:port" */
};

/* An answer that is known at once. */
void client_reply(struct client *client, struct slice reply, bool is_muted);
/* Asks for attention at the end of this turn: OUT has grown, or something else about the client has changed. */
void client_flag(struct client *client);
/* No request is taken until client_resume. */
void client_stall(struct client *client);
void client_resume(struct client *client);
/* Never moves backwards. */
void client_end(struct client *client, enum client_end end);
/* Nothing is owed to it. */
bool client_is_quiet(const struct client *client);

/* ---- for client_table.c ---- */

struct client *client_new(struct client_commons *commons, int fd);
void client_free(struct client *client);
/* Two halves of the end of a turn. First, a client that was held up and need not be any longer goes on. */
void client_catch_up(struct client *client);
/* Then it is sent what its socket takes of its answers, in one write. */
void client_flush(struct client *client);
/* Likewise, ahead of the end of the turn. False: the connection is gone, which client_flush deals with. */
bool client_send(struct client *client);

#endif
