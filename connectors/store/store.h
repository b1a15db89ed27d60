/* Store: what we ask of a data store, here Redis. There is one connection ("pipeline") for each version of the protocol. Reads and groups
 * of one pipeline run in the order they were sent. Groups keep their order across both pipelines, too: a pipeline sends a group only
 * once every earlier group of the other one is answered.
 * All calls and callbacks happen on the loop's thread. */
#ifndef CONNECTORS_STORE_H
#define CONNECTORS_STORE_H

#include "proxy/core/vocabulary/effect.h"
#include "proxy/core/vocabulary/event.h"

struct endpoint;
struct event_base;
struct store;

struct store_options {
	struct event_base *loop;
	const struct endpoint *endpoint;     /* shared; looked at whenever it connects */
	const char *username, *password;     /* NULL: none */
	uint32_t reserved_db;
	const char *dc;                      /* the datacenter that the store must belong to */
	uint32_t timeout_ms;                 /* a store that owes an answer for longer is taken to hang */
	uint32_t retry_ms_max;               /* the longest pause between attempts to connect: 500 */
	uint64_t reply_bytes_max;            /* the largest reply that is accepted: 1 GiB */
};

/* Callbacks are named after what happened. Slices are borrowed for the call. None may call store_free. */
struct store_callbacks {
	void *context;
	/* Connected, older sidecars fenced, state read. EVENT points to a filled EVENT_OPENED (now_ms too). */
	void (*opened)(void *context, const struct event *event, uint32_t databases);
	/* While it opens, before `opened`: EVENT points to a filled EVENT_HOMES. At least once. May be NULL */
	void (*homes)(void *context, const struct event *event, uint32_t databases);
	void (*lost)(void *context, const char *why);        /* no unanswered read or group will be answered; the store reconnects by itself */
	void (*waiting)(void *context, const char *why);     /* opening failed and is tried again; told when WHY changes. May be NULL */
	void (*fenced)(void *context, const char *why);      /* another sidecar took this Redis over: stop */
	void (*reply)(void *context, uint64_t tag, struct slice reply);   /* to store_read, in order */
	/* To store_group. Neither replies nor an error: keys that its guard watched have changed, and nothing was run. */
	void (*answered)(void *context, uint64_t id, const struct slice *replies, unsigned count, struct slice error);
	void (*expired)(void *context, uint32_t db, struct slice key);
	/* CLIENT TRACKING on the connection of this protocol: PUSH is its message; empty: what was to be remembered may have been forgotten. May be NULL */
	void (*tracked)(void *context, unsigned protocol, struct slice push);
	void (*fed)(void *context);          /* all replies of one read from the socket were handed out: the turn may end */
};

struct store *store_new(const struct store_options *options, const struct store_callbacks *callbacks);
void store_free(struct store *store);
/* Gives the connections up, calls `lost`, and connects again. From anywhere but a callback. */
void store_reopen(struct store *store, const char *why);
/* The endpoint has changed: gives the connections up and makes new ones soon. From anywhere. */
void store_move(struct store *store, const char *why);
bool store_is_open(const struct store *store);
/* Queues one command (RESP) for a pipeline, after a SELECT if database DB is not selected already. Its reply comes with TAG. This and store_group
 * may only be called while the store is open. */
void store_read(struct store *store, unsigned protocol, uint32_t db, struct slice command, uint64_t tag);
/* Likewise; and the store remembers the keys that it reads (CLIENT TRACKING, which the caller has turned on there with OPTIN), and tells once when one has changed. */
void store_read_remembered(struct store *store, unsigned protocol, uint32_t db, struct slice command, uint64_t tag);
/* Groups from now on are read so, too, or are not. */
void store_remember_groups(struct store *store, bool is_on);
/* Queues a group (EFFECT_GROUP). Its pieces are borrowed until it is answered, or the connection is lost. The group selects its databases itself and ends on
 * the reserved one; the pipeline knows that. */
void store_group(struct store *store, const struct effect *group);
/* Sends what was queued, with one system call for each pipeline. Called once a turn. */
void store_flush(struct store *store);
/* Facts about the server, from INFO at opening; text for /readyz and warnings. */
struct store_facts {
	char version[32];
	char run_id[64];
	char identity[40];                   /* random, made at the first opening. If it differs later, the store was emptied or is another one */
	bool is_aof_on;                      /* this and the next ones are read at opening and every 2 s */
	bool is_noeviction;
	bool is_evicting_all;                /* it may evict any key, the reserved ones, too: maxmemory-policy allkeys-…, with a maxmemory */
	char policy[24];                     /* maxmemory-policy */
	uint64_t maxmemory;                  /* bytes; 0: no limit */
	uint64_t used_memory;                /* what counts against maxmemory */
	uint64_t evicted_keys;
	bool is_notifying;                   /* keyspace notifications for expiry are on */
	char notices_found[32];              /* notify-keyspace-events as it was at the opening, before anything was added */
	bool is_emptied;                     /* a key that each opening writes is gone: somebody emptied the store, or evicted what is ours */
};
/* Does this maxmemory-policy let Redis evict keys that have no deadline? */
bool store_policy_is_evicting_all(struct slice policy);
const struct store_facts *store_facts(const struct store *store);
/* Why the store is not open, in the words that `lost` or `waiting` was last called with. "": it is open, or is being opened for the first time. */
/* While it runs a script for long, what it says to whoever asks for anything else (without '-'); NULL: it does not. */
const char *store_busy(const struct store *store);
/* Asks it whether it does, unless it has yet to answer that. */
void store_probe(struct store *store);
/* How often it has answered anything but that. Unchanged while answers are due: it runs something long. */
uint64_t store_answers(const struct store *store);
const char *store_trouble(const struct store *store);
/* How long the store has owed an answer, counted across reconnections. 0: it answers. */
uint64_t store_silence_ms(const struct store *store);
/* Bytes waiting to be sent and answers outstanding, for metrics. */
void store_load(const struct store *store, uint64_t *bytes_queued, uint64_t *answers_due);

#endif
