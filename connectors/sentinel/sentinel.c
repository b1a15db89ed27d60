/* Each Sentinel has two connections: one is asked, every POLL_MS and when there is news; the other is told the news (+switch-master). */
#include "sentinel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "connectors/net/address.h"
#include "connectors/net/timer.h"
#include "connectors/stream/stream_socket.h"

#define POLL_MS 1000
#define SILENT_MS 5000                   /* one that has not answered for so long does not count */
#define NEWS "+switch-master"

struct watch {                           /* on one Sentinel */
	struct sentinel *sentinel;
	struct endpoint endpoint;
	struct stream_socket *asked, *heard; /* NULL: not connected */
	unsigned attempt;
	bool is_asked;                       /* an answer is due */
	uint64_t asked_ms, answered_ms;      /* steady; 0: never */
	int64_t epoch;                       /* what it said last */
	char host[ENDPOINT_HOST_SIZE];
	uint16_t port;
};

struct sentinel {
	struct sentinel_options options;
	void (*moved)(void *context);
	void *context;
	struct timer *poll;
	struct watch watches[SENTINELS_MAX];
	unsigned count;
	int64_t epoch;                       /* of the primary that is used; -1: none is */
	char trouble[200], waiting[320];
};

static void poll_all(void *context);
static void connect_watch(struct watch *watch);
static void log_in(struct watch *watch, struct stream_socket *redis);
static void ask(struct watch *watch);
static void take_login(struct stream_socket *redis, void *reply, void *context);
static void take_facts(struct stream_socket *redis, void *reply, void *context);
static void take_address(struct stream_socket *redis, void *reply, void *context);
static void take_news(struct stream_socket *redis, void *reply, void *context);
static void on_lost(void *context, const char *why);
static void drop(struct watch *watch, const char *why);
static void choose(struct sentinel *sentinel);

struct sentinel *sentinel_new(const struct sentinel_options *options, void (*moved)(void *context), void *context)
{
	struct sentinel *sentinel = memory_new(sizeof *sentinel);
	char *text;
	sentinel->options = *options;
	sentinel->moved = moved;
	sentinel->context = context;
	sentinel->epoch = -1;
	options->server->host[0] = '\0';
	options->server->unknown = sentinel->waiting;
	options->server->is_found = true;
	while (sentinel->count < SENTINELS_MAX && (text = text_list_item(options->addresses, sentinel->count)) != NULL) {
		struct watch *watch = &sentinel->watches[sentinel->count++];
		bool is_tls = false;
		watch->sentinel = sentinel;
		if (!address_parse(text, watch->endpoint.host, sizeof watch->endpoint.host, &watch->endpoint.port, &is_tls))
			watch->endpoint.host[0] = '\0';
		watch->endpoint.tls = is_tls ? options->tls : NULL;
		options->server->tls = watch->endpoint.tls;
		memory_free(text);
	}
	sentinel->poll = timer_new(options->loop, poll_all, sentinel);
	timer_start(sentinel->poll, 0);
	choose(sentinel);
	return sentinel;
}

void sentinel_free(struct sentinel *sentinel)
{
	if (sentinel == NULL)
		return;
	timer_free(sentinel->poll);
	for (unsigned i = 0; i < sentinel->count; i++)
		drop(&sentinel->watches[i], "");
	memory_free(sentinel);
}

static bool is_answering(const struct watch *watch, uint64_t now_ms)
{
	return watch->answered_ms != 0 && now_ms - watch->answered_ms < SILENT_MS;
}

void sentinel_count(const struct sentinel *sentinel, unsigned *all, unsigned *answering)
{
	uint64_t now_ms = timer_now_ms();
	*all = sentinel->count;
	*answering = 0;
	for (unsigned i = 0; i < sentinel->count; i++)
		*answering += is_answering(&sentinel->watches[i], now_ms);
}

const char *sentinel_trouble(const struct sentinel *sentinel)
{
	return sentinel->trouble;
}

static void poll_all(void *context)
{
	struct sentinel *sentinel = context;
	for (unsigned i = 0; i < sentinel->count; i++) {
		struct watch *watch = &sentinel->watches[i];
		if (watch->is_asked && timer_now_ms() - watch->asked_ms >= SILENT_MS)
			drop(watch, "it does not answer");
		if (watch->asked == NULL)
			connect_watch(watch);
		if (!watch->is_asked)
			ask(watch);
	}
	choose(sentinel);
	timer_start(sentinel->poll, POLL_MS);
}

static void connect_watch(struct watch *watch)
{
	struct sentinel *sentinel = watch->sentinel;
	const char *why;
	watch->asked = stream_socket_new(sentinel->options.loop, &watch->endpoint, watch->attempt++, watch, on_lost, &why);
	watch->heard = watch->asked != NULL ? stream_socket_new(sentinel->options.loop, &watch->endpoint, watch->attempt, watch, on_lost, &why) : NULL;
	if (watch->heard == NULL) {
		drop(watch, why);
		return;
	}
	log_in(watch, watch->asked);
	log_in(watch, watch->heard);
	stream_socket_listen(watch->heard, take_news, watch);
	stream_socket_command(watch->heard, take_login, watch, "SUBSCRIBE " NEWS);
}

static void log_in(struct watch *watch, struct stream_socket *redis)
{
	const struct sentinel_options *options = &watch->sentinel->options;
	if (options->password != NULL && options->username != NULL)
		stream_socket_command(redis, take_login, watch, "AUTH %s %s", options->username, options->password);
	else if (options->password != NULL)
		stream_socket_command(redis, take_login, watch, "AUTH %s", options->password);
}

static void ask(struct watch *watch)
{
	const char *master = watch->sentinel->options.master;
	if (watch->asked == NULL)
		return;
	watch->is_asked = true;
	watch->asked_ms = timer_now_ms();
	stream_socket_command(watch->asked, take_facts, watch, "SENTINEL MASTER %s", master);
	stream_socket_command(watch->asked, take_address, watch, "SENTINEL GET-MASTER-ADDR-BY-NAME %s", master);
}

static void take_login(struct stream_socket *redis, void *reply, void *context)
{
	const redisReply *answer = reply;
	(void)redis;
	if (answer->type == REDIS_REPLY_ERROR)
		drop(context, answer->str);
}

/* The names and values of what it knows. */
static void take_facts(struct stream_socket *redis, void *reply, void *context)
{
	struct watch *watch = context;
	const redisReply *facts = reply;
	(void)redis;
	if (facts->type != REDIS_REPLY_ARRAY) {
		drop(watch, facts->type == REDIS_REPLY_ERROR ? facts->str : "it does not know that master");
		return;
	}
	for (size_t i = 0; i + 1 < facts->elements; i += 2)
		if (facts->element[i]->type == REDIS_REPLY_STRING && strcmp(facts->element[i]->str, "config-epoch") == 0)
			watch->epoch = strtoll(facts->element[i + 1]->str, NULL, 10);
}

static void take_address(struct stream_socket *redis, void *reply, void *context)
{
	struct watch *watch = context;
	const redisReply *address = reply;
	int64_t port;
	(void)redis;
	watch->is_asked = false;
	if (address->type != REDIS_REPLY_ARRAY || address->elements != 2 || address->element[0]->len >= sizeof watch->host ||
	    !slice_to_int64(slice_of(address->element[1]->str), &port) || port <= 0 || port > UINT16_MAX) {
		drop(watch, address->type == REDIS_REPLY_ERROR ? address->str : "it knows no address of that master");
		return;
	}
	memcpy(watch->host, address->element[0]->str, address->element[0]->len + 1);
	watch->port = (uint16_t)port;
	watch->answered_ms = timer_now_ms();
	choose(watch->sentinel);
}

/* Whatever it says, the addresses are asked for. */
static void take_news(struct stream_socket *redis, void *reply, void *context)
{
	struct watch *watch = context;
	struct sentinel *sentinel = watch->sentinel;
	(void)redis;
	(void)reply;
	for (unsigned i = 0; i < sentinel->count; i++)
		ask(&sentinel->watches[i]);
}

static void on_lost(void *context, const char *why)
{
	drop(context, why);
}

static void drop(struct watch *watch, const char *why)
{
	struct sentinel *sentinel = watch->sentinel;
	snprintf(sentinel->trouble, sizeof sentinel->trouble, "%.60s:%u: %.120s", watch->endpoint.host, watch->endpoint.port, why);
	if (watch->asked != NULL)
		stream_socket_free(watch->asked);
	if (watch->heard != NULL)
		stream_socket_free(watch->heard);
	watch->asked = watch->heard = NULL;
	watch->is_asked = false;
	watch->answered_ms = 0;
}

/* 1. A greater epoch than that of the primary in use: a fail-over happened since. 2. More than half of all say the same: whatever their epochs are, they were
 * set up anew. The first primary needs more than half to answer, so that one that lacks the last fail-over does not choose it. */
static void choose(struct sentinel *sentinel)
{
	struct endpoint *server = sentinel->options.server;
	const struct watch *best = NULL;
	unsigned answering = 0, all = sentinel->count;
	uint64_t now_ms = timer_now_ms();
	for (unsigned i = 0; i < all; i++) {
		const struct watch *watch = &sentinel->watches[i];
		unsigned same = 0;
		if (!is_answering(watch, now_ms))
			continue;
		answering++;
		for (unsigned j = 0; j < all; j++)
			same += is_answering(&sentinel->watches[j], now_ms) && sentinel->watches[j].port == watch->port && strcmp(sentinel->watches[j].host, watch->host) == 0;
		if ((watch->epoch > sentinel->epoch || same > all / 2) && (best == NULL || watch->epoch > best->epoch))
			best = watch;
	}
	snprintf(sentinel->waiting, sizeof sentinel->waiting, "waiting for Sentinel: %u of %u answer, more than half are needed%s%s", answering, all,
	         sentinel->trouble[0] != '\0' ? "; " : "", sentinel->trouble);
	if (best == NULL || (server->host[0] == '\0' && answering <= all / 2))
		return;
	sentinel->epoch = best->epoch;
	if (server->port == best->port && strcmp(server->host, best->host) == 0)
		return;
	memcpy(server->host, best->host, sizeof server->host);
	server->port = best->port;
	server->changes++;
	sentinel->moved(sentinel->context);
}
