/* Tracking state: who tracks, and what Redis tells for them (see tracking.h). */
#ifndef PROXY_TRACKING_STATE_H
#define PROXY_TRACKING_STATE_H

#include "session.h"
#include "tracked_keys.h"

struct tracking_due;
struct tracking_feed;

/* By which Redis tells what. */
enum tracking_source { TRACKING_RESP2, TRACKING_RESP3, TRACKING_BROADCAST, TRACKING_SOURCES };

/* A client that tracks, or has. */
struct tracker {
	struct tracked_reader reader;    /* first */
	struct session *session;
	struct tracker *next;
	bool is_on, is_broadcast, is_optin, is_optout, is_noloop;
	bool is_caching;             /* CLIENT CACHING counts for its next command, or transaction */
	bool is_broken;              /* the client that is to be told instead is gone */
	uint64_t redirect;           /* that client's id; 0: none */
	uint64_t target;             /* a token of it, by which it is found */
	struct slice *prefixes;      /* owned, as they are; in order. With BCAST */
	unsigned prefix_count, prefix_cap;
	struct tracking_due *dues;   /* owned; oldest first (tracking_dues.c) */
};

struct tracking_wait { struct session *session; uint64_t token; };

struct source {
	struct tracking *tracking;
	enum tracking_source kind;
	enum { SOURCE_OFF, SOURCE_STARTING, SOURCE_ON } state;
	struct tracking_feed *feed;  /* owned; NULL: Redis tells on the connection that is read on */
	struct tracked_keys keys;
	struct tracking_wait *waiting;       /* owned; clients whose CLIENT TRACKING ON is not answered */
	unsigned waiting_count, waiting_cap;
	uint64_t flushed_us;         /* the turn in which all keys were gone */
};

struct tracking {
	struct sessions *sessions;
	struct source sources[TRACKING_SOURCES];
	struct tracker *first;
	unsigned grouped;            /* requests in groups whose reads are to be remembered */
	const struct session *writer;        /* of the group that is being gathered */
	uint64_t gathering;          /* that group */
	bool is_mixed;               /* others write in it, too */
};

/* By which TRACKER learns of changes to what it reads now. */
static inline enum tracking_source tracking_source_of(const struct tracker *tracker)
{
	return tracker->is_broadcast ? TRACKING_BROADCAST : tracker->session->protocol == 3 ? TRACKING_RESP3 : TRACKING_RESP2;
}

#endif
