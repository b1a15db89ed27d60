/* Client: a connection that speaks RESP. Bytes that come in become requests for the session; answers are sent in the order of asking.
 * In one turn of the loop each client that has sent something is read from once. Each client that is owed something is written to once at
 * the end of the turn, and before that once for each group of writes that was answered in it.
 * A client knows the framing of the protocol and no command. Only client_table.c makes and frees clients. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include "client_answers.h"
#include "proxy/core/resp/resp.h"
#include "proxy/ops/status.h"
#include "proxy/turn/turn_clock.h"

struct client;
struct channel;
struct event_base;
struct session;
struct ssl_st;

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
	struct tls *tls;                       /* of clients that connect by TLS */
	struct sidecar_counters *counters;
	uint64_t failures_told_ms;             /* when a log line told of failed handshakes last */
	uint64_t failures_told;                /* how many there were then */
	struct client_callbacks callbacks;
	struct resp_limits limits;             /* those of Redis; the stricter ones hold before AUTH */
	struct resp_limits limits_before_auth;
	struct buffer scratch;                 /* a client whose IN is empty reads into this */
	struct client *flagged;                /* a list: those to be looked after at the end of the turn */
	unsigned requests;                     /* taken in this turn */
	size_t request_bytes;                  /* theirs */
	bool is_store_behind;                  /* no client is read from while this is so */
};

enum client_end {
	CLIENT_STAYS,
	CLIENT_ENDS,                 /* takes no more requests; closes once it has got everything that it is owed */
	CLIENT_DEAD,                 /* is freed at the end of this turn */
};

#define CLIENT_ADDRESS_LEN 120       /* the path of a Unix socket, or an IPv6 address, with a port */

struct client {
	struct client_commons *commons;
	struct session *session;     /* owned by the session layer */
	uint64_t id;                 /* for CLIENT ID; never used twice */
	uint32_t slot;               /* in the table, and how often that slot was used: both go into tokens */
	uint32_t generation;
	int fd;                      /* the channel's */
	struct channel *channel;     /* owned; read from unless the client is held up */
	struct resp_requests *parser; /* owned */
	const struct resp_limits *limits; /* shared */
	struct buffer in;            /* received and not yet taken */
	struct buffer out;           /* answers not yet sent */
	size_t out_sent;             /* bytes of OUT that are sent */
	struct answers answers;
	enum client_end end;
	struct slice upcoming;       /* what has come behind the request that the session is looking at; good while it does */
	bool is_deferred;            /* that request is to be taken again */
	bool is_stalled;             /* by the session: no request is taken before client_resume */
	bool is_listened_to;         /* although it is held up: whether it goes away */
	bool is_held_up;             /* not read from, as it is stalled, is owed too many answers, or the store is behind */
	bool is_flagged;             /* it is in the list of those to be looked after */
	bool is_patient;             /* by the session: it is sent what it is owed at the end of a turn only, as more belongs to it */
	bool is_blocked;             /* the socket takes no more: it is waited for */
	struct client *next_flagged;
	uint64_t connected_ms, active_ms; /* Unix time */
	char peer[CLIENT_ADDRESS_LEN], local[CLIENT_ADDRESS_LEN]; /* "address:port" */
};

/* Gives an answer that is known at once. It is sent behind all that are due. */
void client_reply(struct client *client, struct slice reply, bool is_muted);
/* Has the client looked after at the end of this turn, because OUT has grown or something else about it has changed. */
void client_flag(struct client *client);
/* No request is taken until client_resume. */
void client_stall(struct client *client);
/* A client that is stalled may be so for long: its end is noticed meanwhile. */
void client_listen(struct client *client);
void client_resume(struct client *client);
/* Likewise; the request that the session is looking at comes again then. */
void client_defer(struct client *client);
/* Sets how the client ends. A later, milder end changes nothing. */
void client_end(struct client *client, enum client_end end);
/* Has it got everything that it is owed? */
bool client_is_quiet(const struct client *client);

/* ---- for client_table.c ---- */

/* SSL NULL: plain. */
struct client *client_new(struct client_commons *commons, int fd, struct ssl_st *ssl);
void client_free(struct client *client);
/* At the end of a turn, first: a client that was held up goes on if it may. */
void client_catch_up(struct client *client);
/* At the end of a turn, second: its answers are sent, as far as its socket takes them, in one write. */
void client_flush(struct client *client);
/* Sends answers before the end of the turn. False: the connection is gone; client_flush will find that, too, and deal with it. */
bool client_send(struct client *client);

#endif
