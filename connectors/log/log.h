/* Log: what we ask of a replication log: append in order, follow from a position. There is one struct log for each datacenter's log; we
 * append to our own one only.
 * Filled by kafka/log_kafka.c and stream/log_stream.c (the embedded default: a stream in the origin's own Redis); connectors.c lists them.
 * All calls and callbacks happen on the loop's thread; a library with threads wakes the loop by a file descriptor. */
#ifndef CONNECTORS_LOG_H
#define CONNECTORS_LOG_H

#include "base/bytes.h"

struct endpoint;
struct event_base;
struct log;
struct tls;

struct log_pair { const char *name, *value; };

#define LOG_READERS_MAX 64

struct log_options {
	struct event_base *loop;
	const char *dc;                      /* whose log: names the topic ("homeport.<dc>") or the stream ("homeport:log") */
	unsigned dc_index;                   /* is handed to every callback */
	bool is_own;                         /* we append to it: create it when absent, check its settings when present */
	const struct log_pair *pairs;        /* settings as they stand in the YAML under log.<kind> */
	unsigned pair_count;
	const struct endpoint *store;        /* where our own Redis is; shared. Only for a log that is kept in it */
	struct tls *tls;                     /* for connections that are encrypted */
	uint32_t reserved_db;                /* redis-stream: database of the stream */
	uint32_t timeout_ms;                 /* redis-stream: how long that Redis may owe an answer */
	uint64_t retain_bytes;               /* redis-stream: limit for entries that some datacenter has not read yet: 1 GiB */
	const char *reader;                  /* redis-stream: the name by which this datacenter tells the log's owner how far it has read */
	uint64_t process;                    /* redis-stream: tells this process from another one of the same name */
	const char *const *readers;          /* redis-stream, own log: the datacenters that read it; borrowed for the log's life */
	unsigned reader_count;               /* at most LOG_READERS_MAX */
};

struct log_callbacks {
	void *context;
	void (*message)(void *context, unsigned dc, int64_t position, struct slice bytes);
	void (*lost_position)(void *context, unsigned dc, const char *why);
	void (*lost_beginning)(void *context, unsigned dc);               /* followed from POSITION_BEGIN, but the first messages are gone */
	void (*appended)(void *context, uint64_t id, int64_t position);   /* everything up to ID is durable there */
	/* Our own log: between messages that we appended stand others, up to POSITION. First without BYTES, before `appended` of the message behind;
	 * then each of them, and the message at POSITION. */
	void (*between)(void *context, int64_t position, struct slice bytes);
	void (*namesake)(void *context, unsigned dc);                     /* another process reads this log in our name; again each time that is seen */
	void (*append_retry)(void *context, uint64_t id);                 /* everything from ID on was dropped: append again from ID, whether the store is open or not */
	void (*state)(void *context, unsigned dc, bool is_connected, const char *text); /* on change, for log lines, /readyz and metrics */
	void (*fed)(void *context);          /* a batch of messages was handed out: the turn may end */
};

struct log_class {
	const char *name;                    /* "kafka", "redis-stream" */
	bool is_in_store;                    /* the own log is kept in the store: what that forgets, the log has forgotten, too */
	/* NULL on bad settings: *error (static or owned by the class) names the setting and the remedy. Connecting goes on in the background. */
	struct log *(*open)(const struct log_options *options, const struct log_callbacks *callbacks, const char **error);
	/* Copies BYTES. IDs count up by one; after append_retry they go on from that ID. PASSES_LIMIT: also if the log is full, with all given before. */
	void (*append)(struct log *log, uint64_t id, struct slice bytes, bool passes_limit);
	void (*follow)(struct log *log, int64_t position);   /* delivers messages after POSITION (POSITION_BEGIN: all); replaces an earlier follow */
	void (*unfollow)(struct log *log);
	void (*pause)(struct log *log, bool is_paused);      /* stops delivery; what was already read may still be delivered */
	/* We need not read the log again up to POSITION. Of the own log, all DCs have applied those messages: they may be dropped. Kafka ignores it. */
	void (*trim)(struct log *log, int64_t position);
	uint64_t (*retention_ms)(const struct log *log);     /* of our own log: how long a message is kept at most; 0: until every datacenter has it, or unknown */
	/* Would `open` take PAIR, one of the settings? PAIR NULL: all of OPTIONS together? Asked before a start, with nothing else than the settings.
	 * False: WHY says what is wrong, and the remedy. NULL: every setting was judged by the configuration. */
	bool (*check)(const struct log_options *options, const struct log_pair *pair, char *why, size_t why_size);
	void (*close)(struct log *log, uint32_t wait_ms);    /* gives appends WAIT_MS to become durable; frees */
};

/* The first member of every implementation's struct. */
struct log { const struct log_class *class; };

#endif
