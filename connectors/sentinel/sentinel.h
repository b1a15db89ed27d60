/* Sentinel: finds the primary by asking Sentinels, and follows it when they promote another. All of them are asked, since one that was away for a while may
 * still name an old primary: the first is taken from a majority, later ones by the greatest configuration epoch, or from a majority again. So a primary that
 * was replaced and comes back as one is not used. */
#ifndef CONNECTORS_SENTINEL_H
#define CONNECTORS_SENTINEL_H

#include "connectors/net/endpoint.h"

#define SENTINELS_MAX 15

struct event_base;
struct sentinel;
struct tls;

struct sentinel_options {
	struct event_base *loop;
	const char *addresses;               /* with commas between them; "rediss://" before one: by TLS */
	const char *master;                  /* what they call the primary; borrowed */
	const char *username, *password;     /* to log in at each; borrowed; NULL: none */
	struct tls *tls;
	struct endpoint *server;             /* shared: it is changed to where the primary is. Reached by TLS if Sentinels are */
};

/* MOVED is told whenever another primary was found. */
struct sentinel *sentinel_new(const struct sentinel_options *options, void (*moved)(void *context), void *context);
void sentinel_free(struct sentinel *sentinel);           /* NULL is fine */
/* How many there are, and how many answer now. */
void sentinel_count(const struct sentinel *sentinel, unsigned *all, unsigned *answering);
/* What the last one that could not be asked said; "": nothing. */
const char *sentinel_trouble(const struct sentinel *sentinel);

#endif
