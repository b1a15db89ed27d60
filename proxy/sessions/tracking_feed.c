/* Tracking feed (see tracking_feed.h). */
#include "tracking_feed.h"

#include "proxy/core/resp/resp.h"

struct tracking_feed {
	struct tracking_feed_callbacks callbacks;
	struct upstream *upstream;   /* owned */
	unsigned preamble_due;       /* replies; the last one is the connection's number */
	void **pings;                /* owned; who waits, oldest first. NULL: nobody any more */
	unsigned ping_count, ping_cap;
};

static void feed_send(struct tracking_feed *feed, unsigned argc, const struct slice *argv)
{
	struct buffer bytes = { 0 };
	resp_add_command(&bytes, argc, argv);
	upstream_send(feed->upstream, buffer_slice(&bytes));
	buffer_free(&bytes);
}

static void feed_prepare(struct tracking_feed *feed, unsigned argc, const struct slice *argv)
{
	feed->preamble_due++;
	feed_send(feed, argc, argv);
}

static void feed_take_preamble(struct tracking_feed *feed, struct slice reply)
{
	struct reply number;
	if (reply_is_error(reply)) {
		feed->callbacks.lost(feed->callbacks.context, reply);
		return;
	}
	if (--feed->preamble_due > 0)
		return;
	upstream_settle(feed->upstream);
	if (reply_read(&reply, &number))
		feed->callbacks.ready(feed->callbacks.context, number.integer);
}

static void feed_take_pong(struct tracking_feed *feed)
{
	void *who = feed->pings[0];
	feed->ping_count--;
	for (unsigned i = 0; i < feed->ping_count; i++)
		feed->pings[i] = feed->pings[i + 1];
	if (feed->ping_count == 0)
		upstream_settle(feed->upstream);
	if (who != NULL)
		feed->callbacks.ponged(feed->callbacks.context, who);
}

static void feed_on_reply(void *context, struct slice reply)
{
	struct tracking_feed *feed = context;
	if (reply.len > 0 && reply.ptr[0] == '>')
		feed->callbacks.pushed(feed->callbacks.context, reply);
	else if (feed->preamble_due > 0)
		feed_take_preamble(feed, reply);
	else if (feed->ping_count > 0)
		feed_take_pong(feed);
}

static void feed_on_lost(void *context, const char *why)
{
	(void)why;
	struct tracking_feed *feed = context;
	feed->callbacks.lost(feed->callbacks.context, SLICE(""));
}

struct tracking_feed *tracking_feed_new(struct event_base *loop, const struct sidecar_status *status, bool is_broadcast, const struct tracking_feed_callbacks *callbacks)
{
	const struct settings *settings = status->settings;
	struct tracking_feed *feed = memory_new(sizeof(*feed));
	feed->callbacks = *callbacks;
	feed->upstream = upstream_new(loop, status, &(struct upstream_callbacks){ feed, feed_on_reply, feed_on_lost });
	if (settings->redis_password != NULL) {
		struct slice user = slice_of(settings->redis_username != NULL ? settings->redis_username : "default");
		feed_prepare(feed, 3, (struct slice[]){ SLICE("AUTH"), user, slice_of(settings->redis_password) });
	}
	feed_prepare(feed, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	if (is_broadcast)
		feed_prepare(feed, 4, (struct slice[]){ SLICE("CLIENT"), SLICE("TRACKING"), SLICE("ON"), SLICE("BCAST") });
	feed_prepare(feed, 2, (struct slice[]){ SLICE("CLIENT"), SLICE("ID") });
	return feed;
}

void tracking_feed_free(struct tracking_feed *feed)
{
	if (feed == NULL)
		return;
	upstream_free(feed->upstream);
	memory_free(feed->pings);
	memory_free(feed);
}

void tracking_feed_ping(struct tracking_feed *feed, void *who)
{
	feed->pings = array_reserve(feed->pings, feed->ping_count, &feed->ping_cap, sizeof(*feed->pings));
	feed->pings[feed->ping_count++] = who;
	feed_send(feed, 1, (struct slice[]){ SLICE("PING") });
	upstream_expect(feed->upstream);
}

void tracking_feed_forget(struct tracking_feed *feed, const void *who)
{
	for (unsigned i = 0; i < feed->ping_count; i++)
		if (feed->pings[i] == who)
			feed->pings[i] = NULL;
}
