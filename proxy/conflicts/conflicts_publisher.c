/* Conflicts publisher (see conflicts_publisher.h): reads a share of the stream, gives it to the topic, remembers in Redis how far the topic has
 * taken it, and counts what it has not.
 * Invariant: in the stream, the records that are parcels follow at once upon the last record that the topic has taken. */
#include "conflicts_publisher.h"

#include "conflicts_parcels.h"
#include "conflicts_share.h"
#include "connectors/connectors.h"
#include "proxy/core/wire/record.h"
#include "proxy/ops/logging.h"

#include <event2/event.h>
#include <string.h>
#include <sys/time.h>

#define LOOK_MS 250
#define SHARE_MAX 200u               /* entries read at once */
#define ROOM_MIN (PARCELS_MAX / 2)   /* records: with less room than that, reading is not worth it */

struct conflicts_publisher {
	struct turn *turn;
	struct sidecar_status *status;
	struct topic *topic;         /* owned */
	struct event *look;          /* libevent's */
	bool is_found;               /* it is known what was published last */
	bool is_asking;              /* Redis is asked for that, or for a share */
	bool is_counting;            /* the share is counted only, as there is no room for it */
	unsigned share;              /* entries asked for */
	struct buffer read_to;       /* the last entry that became parcels */
	struct buffer counted_to;    /* the last entry that was counted; not before read_to */
	uint64_t beyond;             /* records between the two */
	struct parcels parcels;      /* given to the topic and not yet taken by it */
	struct buffer taken;         /* the last entry the topic took */
	bool is_saved, is_saving;    /* TAKEN is saved in Redis, or on its way there */
};

static void publisher_on_look(evutil_socket_t fd, short what, void *context);
static void publisher_go_on(struct conflicts_publisher *publisher);
static void publisher_on_published(void *context, uint64_t id);
static void publisher_on_retry(void *context, uint64_t id);
static void publisher_on_state(void *context, bool is_connected, const char *text);

bool conflicts_are_published(const struct settings *settings)
{
	return topic_class_find(settings->log.kind) != NULL;
}

static struct topic *topic_open(struct conflicts_publisher *publisher, struct event_base *loop, const char **why)
{
	const struct settings_log *log = &publisher->status->settings->log;
	struct log_pair *pairs = memory_new(log->pair_count * sizeof(*pairs));
	for (unsigned i = 0; i < log->pair_count; i++)
		pairs[i] = (struct log_pair){ log->pairs[i].name, log->pairs[i].value };
	struct topic_options options = { loop, publisher->status->dcs[0], "conflicts", pairs, log->pair_count };
	struct topic_callbacks callbacks = { publisher, publisher_on_published, publisher_on_retry, publisher_on_state };
	struct topic *topic = topic_class_find(log->kind)->open(&options, &callbacks, why);
	memory_free(pairs);
	return topic;
}

struct conflicts_publisher *conflicts_publisher_new(struct event_base *loop, struct turn *turn, struct sidecar_status *status, struct buffer *error)
{
	static const struct timeval interval = { .tv_usec = LOOK_MS * 1000 };
	struct conflicts_publisher *publisher = memory_new(sizeof(*publisher));
	const char *why = "";
	publisher->turn = turn;
	publisher->status = status;
	publisher->parcels.first = publisher->parcels.next = 1;
	publisher->share = CONFLICTS_SHARE_FIRST;
	publisher->is_saved = true;
	publisher->topic = topic_open(publisher, loop, &why);
	if (publisher->topic == NULL) {
		buffer_add_text(error, "cannot open the conflicts topic: ");
		buffer_add_text(error, why);
		memory_free(publisher);
		return NULL;
	}
	publisher->look = event_new(loop, -1, EV_PERSIST, publisher_on_look, publisher);
	event_add(publisher->look, &interval);
	return publisher;
}

void conflicts_publisher_free(struct conflicts_publisher *publisher)
{
	if (publisher == NULL)
		return;
	turn_forget(publisher->turn, publisher);
	event_free(publisher->look);
	publisher->topic->class->close(publisher->topic);
	parcels_drop_all(&publisher->parcels);
	buffer_free(&publisher->read_to);
	buffer_free(&publisher->counted_to);
	buffer_free(&publisher->taken);
	memory_free(publisher);
}

/* All parcels from the id FIRST on. */
static void publisher_publish(struct conflicts_publisher *publisher, uint64_t first)
{
	for (uint64_t id = first; id < publisher->parcels.next; id++) {
		const struct parcel *parcel = parcels_at(&publisher->parcels, id);
		publisher->topic->class->publish(publisher->topic, id, parcel->key, parcel->bytes);
	}
}

/* There is room for all of its records. */
static void publisher_publish_entry(struct conflicts_publisher *publisher, struct slice entry, struct slice records)
{
	struct parcels *parcels = &publisher->parcels;
	uint64_t first = parcels->next;
	struct slice bytes;
	while (records_next(&records, &bytes)) {
		if (!parcels_add(parcels, bytes, publisher->status->settings))
			log_warn("a conflict record cannot be read and is not published");
	}
	if (parcels->next == first)
		return;
	parcels_at(parcels, parcels->next - 1)->entry = buffer_copy(entry);
	publisher_publish(publisher, first);
}

/* ---- what the topic says ---- */

static void keep(struct buffer *place, struct slice entry)
{
	buffer_reset(place);
	buffer_add(place, entry);
}

static void publisher_count(struct conflicts_publisher *publisher)
{
	publisher->status->counters.conflicts_unpublished = parcels_count(&publisher->parcels) + publisher->beyond;
}

static void publisher_on_published(void *context, uint64_t id)
{
	struct conflicts_publisher *publisher = context;
	struct parcels *parcels = &publisher->parcels;
	while (parcels->first < parcels->next && parcels->first <= id) {
		struct slice entry = parcels_at(parcels, parcels->first)->entry;
		if (entry.len > 0) {
			keep(&publisher->taken, entry);
			publisher->is_saved = false;
		}
		publisher->status->counters.conflicts_published++;
		parcels_drop_first(parcels);
	}
	publisher_go_on(publisher);
}

static void publisher_on_retry(void *context, uint64_t id)
{
	struct conflicts_publisher *publisher = context;
	publisher_publish(publisher, id < publisher->parcels.first ? publisher->parcels.first : id);
}

static void publisher_on_state(void *context, bool is_connected, const char *text)
{
	(void)context;
	log_line(is_connected ? SETTINGS_LEVEL_INFO : SETTINGS_LEVEL_WARN, is_connected ? "conflicts topic connected" : "conflicts topic not connected",
	         "what", text, NULL);
}

/* ---- reading ---- */

/* The store was lost, so nothing known of it holds any more. Ids skip some, so that what the topic still says of old parcels finds none. */
static void publisher_start_over(struct conflicts_publisher *publisher)
{
	turn_forget(publisher->turn, publisher);
	parcels_drop_all(&publisher->parcels);
	publisher->parcels.first = publisher->parcels.next += 2;
	publisher->is_found = publisher->is_asking = publisher->is_saving = false;
	publisher->is_saved = true;
	publisher->beyond = 0;
}

static void publisher_on_found(void *context, enum errand_end end, struct slice reply)
{
	struct conflicts_publisher *publisher = context;
	struct reply found;
	publisher->is_asking = false;
	if (end != ERRAND_ANSWERED || !reply_read(&reply, &found) || found.type == REPLY_ERROR)
		return;
	publisher->is_found = true;
	keep(&publisher->read_to, found.type == REPLY_STRING ? found.text : SLICE("0"));
	keep(&publisher->counted_to, buffer_slice(&publisher->read_to));
	publisher_go_on(publisher);
}

/* What was taken of a share; IS_CUT: the rest of it had no room, and is read again later. */
struct share {
	unsigned entries, records;
	bool is_cut;
};

static unsigned records_count(struct slice records)
{
	struct slice bytes;
	unsigned count = 0;
	while (records_next(&records, &bytes))
		count++;
	return count;
}

static void share_take_entry(struct conflicts_publisher *publisher, struct slice entry, struct slice records, struct share *share)
{
	unsigned count = records_count(records);
	/* Every entry that we write fits. An entry that does not was written by somebody else. */
	if (count > PARCELS_MAX)
		log_warn("an entry of too many conflict records is not published");
	share->is_cut = !publisher->is_counting && count <= PARCELS_MAX && !parcels_have_room(&publisher->parcels, count);
	if (share->is_cut)
		return;
	share->entries++;
	share->records += count;
	keep(&publisher->counted_to, entry);
	if (publisher->is_counting) {
		publisher->beyond += count;
		return;
	}
	if (count <= PARCELS_MAX)
		publisher_publish_entry(publisher, entry, records);
	keep(&publisher->read_to, entry);
}

/* [[id, [field, records]], …]. False: the reply is something else. */
static bool share_take(struct conflicts_publisher *publisher, struct slice reply, struct share *share)
{
	struct reply head, entry, name, records;
	if (!reply_read(&reply, &head) || head.type != REPLY_ARRAY)
		return false;
	for (int64_t left = head.integer; left > 0 && !share->is_cut; left--) {
		if (!reply_read(&reply, &head) || !reply_read(&reply, &entry) || !reply_read(&reply, &head) || head.integer != 2 ||
		    !reply_read(&reply, &name) || !reply_read(&reply, &records))
			return false;
		share_take_entry(publisher, entry.text, records.text, share);
	}
	return true;
}

/* As many entries as fit into one reply and into the room for parcels, going by the last share. */
static unsigned share_next(const struct share *share, size_t reply_len)
{
	unsigned fitting = share->records == 0 ? SHARE_MAX : share->entries * ROOM_MIN / share->records;
	return conflicts_share(reply_len, share->entries, fitting < 1 ? 1 : fitting > SHARE_MAX ? SHARE_MAX : fitting);
}

/* Entries that were counted before and are read now leave the count; counting itself goes on later, from where it was. */
static void publisher_on_share(void *context, enum errand_end end, struct slice reply)
{
	struct conflicts_publisher *publisher = context;
	struct buffer counted_to = { 0 };
	uint64_t beyond = publisher->beyond;
	struct share share = { 0 };
	publisher->is_asking = false;
	if (end == ERRAND_LOST) {
		publisher_start_over(publisher);
		return;
	}
	keep(&counted_to, buffer_slice(&publisher->counted_to));
	if (end != ERRAND_ANSWERED || reply_is_error(reply) || !share_take(publisher, reply, &share))
		log_warn("conflict records cannot be read for publishing");
	bool is_at_end = share.entries < publisher->share && !share.is_cut;
	publisher->share = share_next(&share, reply.len);
	if (!publisher->is_counting && !is_at_end && beyond > share.records) {
		publisher->beyond = beyond - share.records;
		keep(&publisher->counted_to, buffer_slice(&counted_to));
	} else if (!publisher->is_counting) {
		publisher->beyond = 0;
	}
	buffer_free(&counted_to);
	publisher_count(publisher);
	if (!is_at_end && !share.is_cut)
		publisher_go_on(publisher);
}

static void publisher_fetch(struct conflicts_publisher *publisher, unsigned argc, const struct slice *argv,
                            void (*done)(void *context, enum errand_end end, struct slice reply))
{
	struct buffer command = { 0 };
	resp_add_command(&command, argc, argv);
	turn_fetch(publisher->turn, buffer_slice(&command), &(struct errand){ publisher, done });
	buffer_free(&command);
}

static void publisher_read(struct conflicts_publisher *publisher)
{
	struct buffer from = { 0 }, count = { 0 };
	publisher->is_counting = !parcels_have_room(&publisher->parcels, ROOM_MIN);
	buffer_add_byte(&from, '(');
	buffer_add(&from, buffer_slice(publisher->is_counting ? &publisher->counted_to : &publisher->read_to));
	buffer_add_uint64(&count, publisher->share);
	publisher->is_asking = true;
	publisher_fetch(publisher, 6, (struct slice[]){ SLICE("XRANGE"), SLICE(CORE_CONFLICTS_KEY), buffer_slice(&from), SLICE("+"), SLICE("COUNT"),
	                                                buffer_slice(&count) }, publisher_on_share);
	buffer_free(&from);
	buffer_free(&count);
}

static void publisher_on_saved(void *context, enum errand_end end, struct slice reply)
{
	struct conflicts_publisher *publisher = context;
	publisher->is_saving = false;
	/* It is tried again when the next look finds something to save. */
	if (end != ERRAND_ANSWERED || reply_is_error(reply))
		publisher->is_saved = false;
}

static void publisher_save(struct conflicts_publisher *publisher)
{
	publisher->is_saved = publisher->is_saving = true;
	publisher_fetch(publisher, 3, (struct slice[]){ SLICE("SET"), SLICE(CONFLICTS_PUBLISHED_KEY), buffer_slice(&publisher->taken) }, publisher_on_saved);
}

static void publisher_go_on(struct conflicts_publisher *publisher)
{
	if (!publisher->is_saved && !publisher->is_saving)
		publisher_save(publisher);
	if (publisher->is_found && !publisher->is_asking && parcels_have_room(&publisher->parcels, ROOM_MIN))
		publisher_read(publisher);
	publisher_count(publisher);
}

/* Also looks for what is new, and, while nothing is taken, counts what waits. */
static void publisher_on_look(evutil_socket_t fd, short what, void *context)
{
	struct conflicts_publisher *publisher = context;
	(void)fd;
	(void)what;
	if (!turn_is_open(publisher->turn)) {
		if (publisher->is_found)
			publisher_start_over(publisher);
		return;
	}
	publisher_go_on(publisher);
	if (publisher->is_asking)
		return;
	if (publisher->is_found) {
		publisher_read(publisher);
	} else {
		publisher->is_asking = true;
		publisher_fetch(publisher, 2, (struct slice[]){ SLICE("GET"), SLICE(CONFLICTS_PUBLISHED_KEY) }, publisher_on_found);
	}
}
