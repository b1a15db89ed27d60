/* Upstream: a connection to the store for one client alone: to log in, or to subscribe; or to the sidecar of another datacenter. Ordinary commands never use one. Bytes are sent as they
 * are given; replies come back whole and in order. The caller bounds what it sends.
 * A new upstream owes an answer: it is lost when nothing moves for redis.timeout, until upstream_settle says that nothing is due any more. */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include "connectors/net/endpoint.h"
#include "proxy/ops/status.h"

#define UPSTREAM_LOST "-LOADING Homeport lost the connection that this command was waiting on\r\n"

struct event_base;
struct upstream;

/* Either may free the upstream. */
struct upstream_callbacks {
	void *context;
	void (*reply)(void *context, struct slice reply);
	void (*lost)(void *context, const char *why);    /* or it could not be reached; never called before upstream_new has returned */
};

struct upstream *upstream_new(struct event_base *loop, const struct sidecar_status *status, const struct upstream_callbacks *callbacks);

/* Another server than the store. */
struct upstream_target {
	struct endpoint endpoint;
	uint64_t timeout_ms;         /* in place of redis.timeout */
	const char *silence;         /* what is said where it is silent for so long */
};

struct upstream *upstream_new_to(struct event_base *loop, const struct sidecar_status *status, const struct upstream_target *target, const struct upstream_callbacks *callbacks);
void upstream_free(struct upstream *upstream);
/* What was due has come. From now on Redis may be silent for as long as it likes, as it is to a subscriber. */
void upstream_settle(struct upstream *upstream);
/* An answer is due again: the upstream is lost when nothing moves for redis.timeout. */
void upstream_expect(struct upstream *upstream);
void upstream_send(struct upstream *upstream, struct slice bytes);
/* Bytes not yet sent. */
size_t upstream_load(const struct upstream *upstream);

#endif
