/* Server view (see server_view.h). */
#include "server_view.h"

#include "session_info.h"
#include "session_order.h"
#include "slow_log.h"

#include <string.h>

#define WANTED_ALL UINT64_MAX
#define NEEDED SLICE("Ex")           /* flags of notifications that the sidecar itself needs */
#define SLOWLOG_COUNT 10             /* entries that SLOWLOG GET gives when it is not told how many */

static const struct view_row {
	const char *name;
	enum answer_kind kind;
} view_rows[] = {
	{ "acl|deluser", ANSWER_ACCESS },     { "acl|load", ANSWER_ACCESS },         { "acl|setuser", ANSWER_ACCESS },
	{ "config|get", ANSWER_CONFIG },      { "config|set", ANSWER_CONFIG_SET },   { "config|resetstat", ANSWER_RESETSTAT },
	{ "pubsub|channels", ANSWER_CHANNELS }, { "pubsub|numsub", ANSWER_NUMSUB }, { "pubsub|numpat", ANSWER_NUMPAT },
	{ "memory|stats", ANSWER_MEMORY },    { "slowlog|get", ANSWER_SLOWLOG },     { "slowlog|len", ANSWER_SLOWLOG_LEN },
	{ "commandlog|get", ANSWER_SLOWLOG },
};

enum answer_kind answer_kind_of(const struct command *row, const struct request *request)
{
	if (row->class != COMMAND_SERVER)
		return ANSWER_PLAIN;
	if (strcmp(row->name, "info") == 0)
		return session_info_is_ours(request) ? ANSWER_INFO_OURS : ANSWER_INFO;
	for (size_t i = 0; i < sizeof(view_rows) / sizeof(view_rows[0]); i++)
		if (strcmp(row->name, view_rows[i].name) == 0)
			return view_rows[i].kind;
	return ANSWER_PLAIN;
}

bool answer_is_about_access(enum answer_kind kind)
{
	return kind == ANSWER_ACCESS || kind == ANSWER_CONFIG_SET;
}

/* ---- what is asked ---- */

static const struct request *view_copy(struct sessions *sessions, const struct request *request)
{
	struct request *copy = &sessions->view_request;
	sessions->view_argv = memory_resize(sessions->view_argv, (request->argc + 1) * sizeof(struct slice));
	memcpy(sessions->view_argv, request->argv, request->argc * sizeof(struct slice));
	*copy = (struct request){ .argv = sessions->view_argv, .argc = request->argc };
	return copy;
}

/* CONFIG SET notify-keyspace-events: what the sidecar needs is kept on. Redis words the error if a flag is none. */
static const struct request *ask_to_set(struct session *session, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	const struct request *asked = request;
	for (uint32_t i = 2; i + 1 < request->argc; i += 2) {
		if (!slice_equal_nocase(request->argv[i], SLICE("notify-keyspace-events")))
			continue;
		session->wanted = notices_flags(request->argv[i + 1]);
		asked = view_copy(sessions, request);
		buffer_reset(&sessions->view_text);
		buffer_add(&sessions->view_text, request->argv[i + 1]);
		buffer_add(&sessions->view_text, NEEDED);
		asked->argv[i + 1] = buffer_slice(&sessions->view_text);
		sessions->notices.changes++;
	}
	return asked;
}

/* All entries, as some of them are left out. */
static const struct request *ask_for_slow_log(struct session *session, const struct request *request)
{
	int64_t count = SLOWLOG_COUNT;
	bool is_length = slice_equal_nocase(request->argv[1], SLICE("LEN"));
	if (request->argc > 3 || (request->argc == 3 && (!slice_to_int64(request->argv[2], &count) || count < -1)))
		return request;
	session->wanted = is_length || count == -1 ? WANTED_ALL : (uint64_t)count;
	struct request *asked = (struct request *)(uintptr_t)view_copy(session->sessions, request);
	asked->argv[1] = SLICE("GET");
	asked->argv[2] = SLICE("-1");
	asked->argc = 3;
	return asked;
}

const struct request *server_view_ask(struct session *session, const struct command *row, const struct request *request, bool is_alone)
{
	session->wanted = WANTED_ALL;
	if (row->class != COMMAND_SERVER)
		return request;
	if (strcmp(row->name, "config|set") == 0)
		return ask_to_set(session, request);
	if (is_alone && (strcmp(row->name, "slowlog|get") == 0 || strcmp(row->name, "slowlog|len") == 0))
		return ask_for_slow_log(session, request);
	return request;
}

uint64_t server_view_wanted(const struct command *row, const struct request *request)
{
	uint64_t wanted = WANTED_ALL;
	for (uint32_t i = 2; strcmp(row->name, "config|set") == 0 && i + 1 < request->argc; i += 2)
		if (slice_equal_nocase(request->argv[i], SLICE("notify-keyspace-events")) && request->argv[i + 1].len >= NEEDED.len)
			wanted = notices_flags((struct slice){ request->argv[i + 1].ptr, request->argv[i + 1].len - NEEDED.len });
	return wanted;
}

/* ---- what comes back ---- */

/* Rewrites the pair NAME, VALUE, which are whole replies, into OUT. False: it is left out. */
typedef bool pair_writer(struct sessions *sessions, struct slice name, struct slice value, struct buffer *out);

static struct slice adapt_list(struct sessions *sessions, struct slice reply, unsigned step, pair_writer *write)
{
	struct slice cursor = reply;
	struct reply head, name;
	struct buffer items = { 0 };
	uint64_t count = 0;
	bool is_map = reply.ptr[0] == '%';
	if (!reply_read(&cursor, &head) || head.type != REPLY_ARRAY)
		return reply;
	for (uint64_t i = 0; i + step <= (uint64_t)head.integer; i += step) {
		struct slice rest = cursor;
		if (!reply_read(&cursor, &name) || (step == 2 && !reply_skip(&cursor)))
			break;
		struct slice after_name = rest;
		if (!reply_skip(&after_name))
			break;
		struct slice value = { after_name.ptr, (size_t)(cursor.ptr - after_name.ptr) };
		size_t len = items.len;
		if (!write(sessions, name.text, value, &items))
			continue;
		if (items.len == len)    /* as it is */
			buffer_add(&items, (struct slice){ rest.ptr, (size_t)(cursor.ptr - rest.ptr) });
		count += step;
	}
	struct buffer *adapted = &sessions->reply;
	buffer_reset(adapted);
	buffer_add_byte(adapted, reply.ptr[0]);
	buffer_add_uint64(adapted, is_map ? count / 2 : count);
	buffer_add_text(adapted, "\r\n");
	buffer_add(adapted, buffer_slice(&items));
	buffer_free(&items);
	return buffer_slice(adapted);
}

/* The reserved database is hidden where it is the last one. */
static bool write_setting(struct sessions *sessions, struct slice name, struct slice value, struct buffer *out)
{
	struct reply number;
	int64_t databases;
	if (slice_equal(name, SLICE("notify-keyspace-events")) && sessions->notices.is_known) {
		char text[NOTICES_TEXT_MAX];
		notices_text(sessions->notices.own, text);
		resp_add_bulk(out, name);
		resp_add_bulk(out, slice_of(text));
	} else if (slice_equal(name, SLICE("databases")) && reply_read(&value, &number) && slice_to_int64(number.text, &databases) &&
	           sessions->status->settings->redis_database == (uint64_t)databases - 1) {
		resp_add_bulk(out, name);
		resp_add_bulk_int(out, databases - 1);
	}
	return true;
}

static bool write_channel(struct sessions *sessions, struct slice name, struct slice value, struct buffer *out)
{
	(void)sessions;
	(void)value;
	(void)out;
	return !slice_equal(name, SLICE(LOGIN_CHANNEL));
}

static bool write_subscribers(struct sessions *sessions, struct slice name, struct slice value, struct buffer *out)
{
	(void)sessions;
	(void)value;
	if (slice_equal(name, SLICE(LOGIN_CHANNEL))) {
		resp_add_bulk(out, name);
		resp_add_integer(out, 0);
	}
	return true;
}

static bool write_memory(struct sessions *sessions, struct slice name, struct slice value, struct buffer *out)
{
	(void)value;
	(void)out;
	char reserved[24] = "db.";
	struct buffer number = { 0 };
	buffer_add_uint64(&number, sessions->status->settings->redis_database);
	slice_to_text(reserved + 3, sizeof(reserved) - 3, buffer_slice(&number));
	buffer_free(&number);
	return !slice_equal(name, slice_of(reserved));
}

static struct slice adapt_slow_log(struct sessions *sessions, struct slice reply, bool is_length, uint64_t wanted)
{
	struct buffer entries = { 0 };
	bool is_log;
	uint64_t count = slow_log_adapt(reply, wanted == WANTED_ALL ? -1 : (int64_t)wanted, &entries, &is_log);
	struct buffer *adapted = &sessions->reply;
	buffer_reset(adapted);
	if (is_log && is_length)
		resp_add_integer(adapted, (int64_t)count);
	else
		buffer_add(adapted, is_log ? buffer_slice(&entries) : reply);
	buffer_free(&entries);
	return buffer_slice(adapted);
}

/* One pattern is the sidecar's own: it is spelled as no client's is. */
static struct slice adapt_patterns(struct sessions *sessions, struct slice reply)
{
	struct slice cursor = reply;
	struct reply count;
	if (!reply_read(&cursor, &count) || count.type != REPLY_INTEGER || count.integer == 0)
		return reply;
	buffer_reset(&sessions->reply);
	resp_add_integer(&sessions->reply, count.integer - 1);
	return buffer_slice(&sessions->reply);
}

static void take_set(struct sessions *sessions, struct slice reply, uint64_t wanted)
{
	if (reply_is_error(reply) || wanted == WANTED_ALL)
		return;
	sessions->notices.own = (uint32_t)wanted;
	sessions->notices.full = notices_merged((uint32_t)wanted);
	sessions->notices.is_known = true;
	sessions->notices.changes++;
	sessions->notices_are_unsaved = true;
}

static struct slice adapt_entries(struct session *session, struct slice reply, uint64_t until_ms)
{
	struct stream_cut cut;
	return session_in_order(session, reply, until_ms, &cut) ? buffer_slice(&session->sessions->reply) : session_no_array(session);
}

struct slice server_view_adapt(struct session *session, enum answer_kind kind, struct slice reply, uint64_t wanted)
{
	struct sessions *sessions = session->sessions;
	if (reply_is_error(reply))
		return reply;
	switch (kind) {
	case ANSWER_INFO:
	case ANSWER_INFO_OURS:
		return session_info_adapt(sessions, reply, kind == ANSWER_INFO_OURS);
	case ANSWER_CONFIG:
		return adapt_list(sessions, reply, 2, write_setting);
	case ANSWER_CHANNELS:
		return adapt_list(sessions, reply, 1, write_channel);
	case ANSWER_NUMSUB:
		return adapt_list(sessions, reply, 2, write_subscribers);
	case ANSWER_MEMORY:
		return adapt_list(sessions, reply, 2, write_memory);
	case ANSWER_NUMPAT:
		return adapt_patterns(sessions, reply);
	case ANSWER_SLOWLOG:
	case ANSWER_SLOWLOG_LEN:
		return adapt_slow_log(sessions, reply, kind == ANSWER_SLOWLOG_LEN, wanted);
	case ANSWER_CONFIG_SET:
		take_set(sessions, reply, wanted);
		return reply;
	case ANSWER_RESETSTAT:
		memset(sessions->calls, 0, command_count() * sizeof(*sessions->calls));
		return reply;
	case ANSWER_ORDERED:
		return adapt_entries(session, reply, wanted);
	case ANSWER_PLAIN:
	case ANSWER_ACCESS:
	case ANSWER_QUEUED:
	case ANSWER_ASKED:
	case ANSWER_POP:
	case ANSWER_GUARDED:
		break;
	}
	return reply;
}
