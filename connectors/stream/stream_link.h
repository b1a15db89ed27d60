/* Stream link: a connection to the Redis that holds a log's stream. It logs in, selects the database and reconnects when it breaks.
 * A peer's Redis is remote, and a broken network path does not close a connection: so every reply has a deadline. */
#ifndef CONNECTORS_STREAM_LINK_H
#define CONNECTORS_STREAM_LINK_H

#include "stream_socket.h"

struct event_base;
struct stream_link;

/* EVAL STREAM_WRITE_TO_FULL 1 key command argument …: a Redis at its limit of memory runs that write all the same. */
#define STREAM_WRITE_TO_FULL "#!lua flags=allow-oom\nreturn redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))"
#define STREAM_FULL_ERROR "OOM "

struct stream_link_options {
	struct event_base *loop;
	struct endpoint own;                 /* what SERVER points to, unless that is shared */
	const struct endpoint *server;
	char username[128], password[512];   /* empty: none */
	uint32_t db;
	uint32_t timeout_ms;                 /* how long a reply may be due */
};

struct stream_link_callbacks {
	void *context;
	void (*up)(void *context, struct stream_socket *redis);     /* REDIS may be used until `down` */
	void (*down)(void *context, const char *why);            /* also when an attempt to connect failed; no reply will come any more */
};

/* OPTIONS is borrowed for the link's life. It connects by itself. */
struct stream_link *stream_link_new(const struct stream_link_options *options, const struct stream_link_callbacks *callbacks);
/* For reply callbacks: callbacks.context of the link that REDIS belongs to. */
void *stream_link_owner(const struct stream_socket *redis);
void stream_link_free(struct stream_link *link);
/* Closes the connection and reconnects after a pause; `down` is called with WHY before this returns. */
void stream_link_drop(struct stream_link *link, const char *why);
/* The connection has proved to work: the back-off starts anew when it breaks. */
void stream_link_prove(struct stream_link *link);
/* From now on a reply is due. If nothing moves for timeout_ms plus BLOCK_MS, for which the command may block, the link is dropped. Each call starts
 * the time anew. */
void stream_link_expect(struct stream_link *link, uint32_t block_ms);
void stream_link_expect_none(struct stream_link *link);

#endif
