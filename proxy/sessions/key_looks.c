/* Key looks (see key_looks.h). TYPE is what is asked: it tells whether there is anything to pop or to read, and counts for Redis as reading the key. */
#include "key_looks.h"

#include "proxy/core/resp/resp.h"

struct look {
	struct look *next;
	bool is_about_key;           /* else the reply tells nothing, unless it is an error */
	uint64_t token;
	uint32_t db;
	struct slice key;            /* owned */
};

struct key_looks {
	struct key_looks_callbacks callbacks;
	struct upstream *upstream;   /* owned */
	uint32_t db;                 /* selected */
	struct look *first, *last;   /* not answered */
	bool is_busy, is_freed;      /* a callback is running; it was freed meanwhile */
};

/* ---- asking ---- */

static struct look *looks_expect(struct key_looks *looks)
{
	struct look *look = memory_new(sizeof(*look));
	*(looks->first == NULL ? &looks->first : &looks->last->next) = look;
	looks->last = look;
	upstream_expect(looks->upstream);
	return look;
}

static void looks_send(struct key_looks *looks, unsigned argc, const struct slice *argv)
{
	struct buffer bytes = { 0 };
	resp_add_command(&bytes, argc, argv);
	upstream_send(looks->upstream, buffer_slice(&bytes));
	buffer_free(&bytes);
}

static void looks_prepare(struct key_looks *looks, unsigned argc, const struct slice *argv)
{
	(void)looks_expect(looks);
	looks_send(looks, argc, argv);
}

static void looks_select(struct key_looks *looks, uint32_t db)
{
	struct buffer number = { 0 };
	if (db == looks->db)
		return;
	looks->db = db;
	buffer_add_uint64(&number, db);
	looks_prepare(looks, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
	buffer_free(&number);
}

void key_looks_at(struct key_looks *looks, uint32_t db, struct slice key, uint64_t token)
{
	looks_select(looks, db);
	struct look *look = looks_expect(looks);
	look->is_about_key = true;
	look->token = token;
	look->db = db;
	look->key = buffer_copy(key);
	looks_send(looks, 2, (struct slice[]){ SLICE("TYPE"), key });
}

/* ---- what Redis says ---- */

static void look_free(struct look *look)
{
	bytes_free(look->key);
	memory_free(look);
}

static enum waited_type type_of(struct slice reply)
{
	struct reply type;
	if (!reply_read(&reply, &type) || slice_equal(type.text, SLICE("none")))
		return WAITED_NOTHING;
	if (slice_equal(type.text, SLICE("stream")))
		return WAITED_STREAM;
	return slice_equal(type.text, SLICE("list")) ? WAITED_LIST : slice_equal(type.text, SLICE("zset")) ? WAITED_ZSET : WAITED_OTHER;
}

static void looks_take_answer(struct key_looks *looks, struct slice reply)
{
	struct look *look = looks->first;
	if (reply_is_error(reply)) {
		looks->callbacks.lost(looks->callbacks.context, reply);
		return;
	}
	looks->first = look->next;
	if (looks->first == NULL)
		upstream_settle(looks->upstream);
	if (look->is_about_key)
		looks->callbacks.found(looks->callbacks.context, look->token, look->db, look->key, type_of(reply));
	look_free(look);
}

/* "invalidate" and the keys; after a FLUSHALL nothing stands for them. */
static void looks_take_push(struct key_looks *looks, struct slice cursor)
{
	struct reply head, kind, keys, key;
	if (!reply_read(&cursor, &head) || !reply_read(&cursor, &kind) || !slice_equal(kind.text, SLICE("invalidate")) || !reply_read(&cursor, &keys))
		return;
	if (keys.type != REPLY_ARRAY)
		looks->callbacks.changed_all(looks->callbacks.context);
	for (int64_t i = 0; keys.type == REPLY_ARRAY && i < keys.integer && !looks->is_freed && reply_read(&cursor, &key); i++)
		looks->callbacks.changed(looks->callbacks.context, key.text);
}

static void looks_on_reply(void *context, struct slice reply)
{
	struct key_looks *looks = context;
	looks->is_busy = true;
	if (reply.len > 0 && reply.ptr[0] == '>')
		looks_take_push(looks, reply);
	else if (looks->first != NULL)
		looks_take_answer(looks, reply);
	looks->is_busy = false;
	if (looks->is_freed)
		key_looks_free(looks);
}

static void looks_on_lost(void *context, const char *why)
{
	(void)why;
	struct key_looks *looks = context;
	looks->callbacks.lost(looks->callbacks.context, SLICE(""));
}

/* ---- the connection ---- */

struct key_looks *key_looks_new(struct event_base *loop, const struct sidecar_status *status, const struct key_looks_callbacks *callbacks)
{
	const struct settings *settings = status->settings;
	struct key_looks *looks = memory_new(sizeof(*looks));
	looks->callbacks = *callbacks;
	looks->upstream = upstream_new(loop, status, &(struct upstream_callbacks){ looks, looks_on_reply, looks_on_lost });
	if (settings->redis_password != NULL) {
		struct slice user = slice_of(settings->redis_username != NULL ? settings->redis_username : "default");
		looks_prepare(looks, 3, (struct slice[]){ SLICE("AUTH"), user, slice_of(settings->redis_password) });
	}
	looks_prepare(looks, 2, (struct slice[]){ SLICE("HELLO"), SLICE("3") });
	looks_prepare(looks, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("TRACKING"), SLICE("ON") });
	return looks;
}

void key_looks_free(struct key_looks *looks)
{
	if (looks == NULL)
		return;
	if (looks->is_busy) {
		looks->is_freed = true;
		return;
	}
	upstream_free(looks->upstream);
	while (looks->first != NULL) {
		struct look *look = looks->first;
		looks->first = look->next;
		look_free(look);
	}
	memory_free(looks);
}
