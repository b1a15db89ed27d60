/* Session block (see session_block.h). */
#include "session_block.h"

#include "block_form.h"
#include "connectors/net/timer.h"
#include "key_looks.h"
#include "proxy/core/commands/stream_id.h"
#include "session_answers.h"
#include "session_order.h"

struct blocked {
	struct waiter waiter;
	struct session *session;
	const struct command *row;
	struct request *request;     /* owned */
	struct block_form form;
	struct slice *last_ids;      /* owned, as they are; of each key that is read, the stream's last id when the read began, if it asked for that */
	uint64_t order_ms;           /* a read, where some streams are read in order: up to which time entries were, when the try under way was made */
	uint64_t hidden_ms;          /* likewise: the earliest entry that was not shown to it; 0: none */
	uint32_t ids_due;            /* how many of them are not known yet; they are in the order of the keys */
	uint64_t token;              /* names the client's answer, and so each try */
	uint64_t until_ms;           /* by the steady clock; 0: for ever */
	struct timer *timer;         /* owned; NULL: for ever, or not yet */
	bool is_parked;              /* all of its keys were looked at at least once */
	bool is_over;                /* if the try under way finds nothing, it gets this: */
	struct buffer over;          /* owned */
};

struct blocking {
	struct waiters waiters;
	uint64_t hidden_ms;          /* the earliest of theirs; 0: nobody waits for order */
	struct key_looks *looks;     /* owned; NULL: nobody has waited since the store was opened */
};

static const struct slice *blocked_keys(const struct blocked *blocked)
{
	return blocked->request->argv + blocked->form.keys_at;
}

/* ---- trying ---- */

/* Whatever answers it may come before this returns. */
static void blocked_give(struct blocked *blocked, const struct request *request)
{
	struct session *session = blocked->session;
	struct turn *turn = session->sessions->turn;
	struct event event = {
		.type = EVENT_REQUEST,
		.request = {
			.token = blocked->token,
			.db = session->db,
			.protocol = session->protocol,
			.commands = request,
			.rows = &blocked->row,
			.count = 1,
			.client = session->name,
		},
	};
	turn_request(turn, &event);
	session->gathering = turn_gathering(turn);
}

/* A read: ahead of the group that gathers, unless the client would then miss a write of its own. It has the datacenter's own data, wherever the home is. */
static void blocked_look(struct blocked *blocked, const struct request *request)
{
	struct session *session = blocked->session;
	struct turn *turn = session->sessions->turn;
	blocked->order_ms = session_may_order(session) ? turn_entries_until_ms(turn) : UINT64_MAX;
	if (session->gathering == turn_gathering(turn))
		blocked_give(blocked, request);
	else
		turn_read(turn, session->protocol, session->db, session_encode(session, request), blocked->token);
}

static void blocked_try(struct blocked *blocked, const struct request *request)
{
	if (blocked->form.kind == BLOCK_READ)
		blocked_look(blocked, request);
	else
		blocked_give(blocked, request);
}

/* The same command for one of its keys. */
static void blocked_try_key(struct blocked *blocked, const struct waited_key *key)
{
	const struct block_form *form = &blocked->form;
	struct slice *argv = memory_new(blocked->request->argc * sizeof(*argv)), id = { "", 0 };
	uint32_t i = 0;
	while (!slice_equal(blocked_keys(blocked)[i], key->name))
		i++;
	if (form->kind == BLOCK_GROUP)
		id = block_id(form, blocked->request, i);
	else if (form->kind == BLOCK_READ)
		id = blocked->last_ids[i].len > 0 ? blocked->last_ids[i] : block_id(form, blocked->request, i);
	struct request one = block_form_one(form, blocked->request, i, id, argv);
	blocked_try(blocked, &one);
	memory_free(argv);
}

/* A stream that is read in order ends, for its readers, where its order is known up to. */
static bool blocked_begins_in_order(struct blocked *blocked, uint32_t i)
{
	struct turn *turn = blocked->session->sessions->turn;
	uint64_t until_ms = turn_reads_in_order(turn, blocked_keys(blocked)[i]) ? turn_entries_until_ms(turn) : 0;
	struct buffer id = { 0 };
	if (until_ms == 0)
		return false;
	stream_id_add(&id, (struct stream_id){ until_ms - 1, UINT64_MAX });
	blocked->last_ids[i] = buffer_copy(buffer_slice(&id));
	buffer_free(&id);
	return true;
}

/* What a stream's last id is now is asked for first. */
static void blocked_ask_ids(struct blocked *blocked)
{
	const struct block_form *form = &blocked->form;
	for (uint32_t i = 0; i < form->key_count; i++) {
		struct slice argv[3] = { SLICE("XINFO"), SLICE("STREAM"), blocked_keys(blocked)[i] };
		if (!block_id_is_last(block_id(form, blocked->request, i)))
			continue;
		if (blocked_begins_in_order(blocked, i))
			continue;
		blocked->ids_due++;
		blocked_look(blocked, &(struct request){ .argv = argv, .argc = 3 });
	}
}

/* As when it came: all of its keys at once. */
static void blocked_try_all(struct blocked *blocked)
{
	struct slice *argv = memory_new(blocked->request->argc * sizeof(*argv));
	struct request whole = block_form_whole(&blocked->form, blocked->request, argv);
	waiters_try_all(&blocked->waiter);
	if (blocked->form.kind == BLOCK_READ)
		blocked_ask_ids(blocked);
	blocked_try(blocked, &whole);
	memory_free(argv);
}

/* Entries that were not shown are in order now: who waits for them reads again. */
static void blocking_tell_order(struct blocking *blocking, uint64_t until_ms)
{
	uint64_t left_ms = 0;
	for (struct waiter *waiter = blocking->waiters.first; waiter != NULL; waiter = waiter->next) {
		struct blocked *blocked = waiter->owner;
		if (blocked->hidden_ms == 0)
			continue;
		if (blocked->hidden_ms >= until_ms) {
			left_ms = left_ms == 0 || blocked->hidden_ms < left_ms ? blocked->hidden_ms : left_ms;
			continue;
		}
		blocked->hidden_ms = 0;
		for (uint32_t i = 0; i < blocked->form.key_count; i++)
			waiters_tell(&blocking->waiters, blocked->session->db, blocked_keys(blocked)[i], WAITED_STREAM);
	}
	blocking->hidden_ms = left_ms;
}

void sessions_serve_blocked(struct sessions *sessions)
{
	struct blocking *blocking = sessions->blocking;
	struct waited_key *key;
	struct waiter *waiter;
	if (blocking == NULL || sessions->pause.mode != PAUSE_NONE || !turn_is_open(sessions->turn))
		return;
	if (blocking->hidden_ms != 0 && turn_entries_until_ms(sessions->turn) > blocking->hidden_ms)
		blocking_tell_order(blocking, turn_entries_until_ms(sessions->turn));
	while ((waiter = waiters_next(&blocking->waiters, &key)) != NULL)
		blocked_try_key(waiter->owner, key);
}

/* ---- the end of a wait ---- */

static void session_forget_block(struct session *session)
{
	struct blocked *blocked = session->blocked;
	struct sessions *sessions = session->sessions;
	session->blocked = NULL;
	waiters_leave(&sessions->blocking->waiters, &blocked->waiter);
	for (uint32_t i = 0; blocked->last_ids != NULL && i < blocked->form.key_count; i++)
		bytes_free(blocked->last_ids[i]);
	memory_free(blocked->last_ids);
	sessions->status->counters.blocked_clients = sessions->blocking->waiters.count;
	timer_free(blocked->timer);
	buffer_free(&blocked->over);
	memory_free(blocked->request);
	memory_free(blocked);
}

void session_leave_block(struct session *session)
{
	if (session->blocked != NULL)
		session_forget_block(session);
}

/* The client has its answer. */
static void session_end_block(struct session *session)
{
	if (session->blocked == NULL)
		return;
	session_forget_block(session);
	session_resume(session);
}

/* What a try that is under way pops is the client's. */
static void blocked_end(struct blocked *blocked, struct slice reply)
{
	blocked->is_over = true;
	buffer_reset(&blocked->over);
	buffer_add(&blocked->over, reply);
	if (!blocked->waiter.is_trying)
		sessions_answer(blocked->session->sessions, blocked->token, SLICE("*-1\r\n"));
}

bool session_end_wait(struct session *session, bool is_error)
{
	if (session->blocked == NULL || session->blocked->is_over)
		return false;
	blocked_end(session->blocked, is_error ? SLICE("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n") : session_no_array(session));
	return true;
}

void session_abandon_block(struct session *session)
{
	if (session->blocked != NULL)
		blocked_end(session->blocked, SLICE("-LOADING Homeport is stopping\r\n"));
}

static void blocked_start_timer(struct blocked *blocked)
{
	uint64_t now_ms = turn_clock_now(blocked->session->sessions->clock)->steady_us / 1000;
	uint64_t left_ms = blocked->until_ms > now_ms ? blocked->until_ms - now_ms : 0;
	timer_start(blocked->timer, (uint32_t)(left_ms < UINT32_MAX ? left_ms : UINT32_MAX));
}

static void blocked_on_time(void *context)
{
	struct blocked *blocked = context;
	if (turn_clock_now(blocked->session->sessions->clock)->steady_us / 1000 < blocked->until_ms)
		blocked_start_timer(blocked);
	else if (!blocked->is_over)
		blocked_end(blocked, session_no_array(blocked->session));
}

/* ---- what is known of keys ---- */

/* TOKEN: of the client for whom nothing was tried: it learns that a key is of another type. */
static void blocking_on_found(void *context, uint64_t token, uint32_t db, struct slice key, enum waited_type type)
{
	struct sessions *sessions = context;
	uint32_t number;
	struct client_answer *answer;
	struct client *client = token == 0 ? NULL : sessions_find(sessions, token, &number, &answer);
	struct blocked *blocked = client == NULL ? NULL : client->session->blocked;
	if (blocked != NULL && blocked->token == token && !blocked->is_over && type != WAITED_NOTHING && type != blocked->waiter.wanted)
		blocked_end(blocked, SLICE("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"));
	waiters_tell(&sessions->blocking->waiters, db, key, type);
}

static void blocking_on_changed(void *context, struct slice name)
{
	struct blocking *blocking = ((struct sessions *)context)->blocking;
	for (struct waited_key *key = waiters_named(&blocking->waiters, name, NULL); key != NULL; key = waiters_named(&blocking->waiters, name, key))
		key_looks_at(blocking->looks, key->db, key->name, 0);
}

static void blocking_look(void *context, struct table_node *node)
{
	struct blocking *blocking = context;
	const struct waited_key *key = (const struct waited_key *)(const void *)node;
	key_looks_at(blocking->looks, key->db, key->name, 0);
}

static void blocking_on_changed_all(void *context)
{
	struct blocking *blocking = ((struct sessions *)context)->blocking;
	table_each(&blocking->waiters.keys, blocking_look, blocking);
}

/* Nothing would wake those who wait. */
static void blocking_on_lost(void *context, struct slice error)
{
	struct sessions *sessions = context;
	struct blocking *blocking = sessions->blocking;
	struct waiter *next;
	for (struct waiter *waiter = blocking->waiters.first; waiter != NULL; waiter = next) {
		struct blocked *blocked = waiter->owner;
		next = waiter->next;
		if (blocked->is_parked && !blocked->is_over)
			blocked_end(blocked, error.len > 0 ? error : SLICE(UPSTREAM_LOST));
	}
	sessions_lose_blocked(sessions);
}

static void blocking_unwatch(void *context, struct table_node *node)
{
	(void)context;
	((struct waited_key *)(void *)node)->is_watched = false;
}

void sessions_lose_blocked(struct sessions *sessions)
{
	if (sessions->blocking == NULL)
		return;
	table_each(&sessions->blocking->waiters.keys, blocking_unwatch, NULL);
	key_looks_free(sessions->blocking->looks);
	sessions->blocking->looks = NULL;
}

static struct key_looks *blocking_looks(struct sessions *sessions)
{
	struct blocking *blocking = sessions->blocking;
	if (blocking->looks == NULL)
		blocking->looks = key_looks_new(sessions->loop, sessions->status, &(struct key_looks_callbacks){
			.context = sessions,
			.found = blocking_on_found,
			.changed = blocking_on_changed,
			.changed_all = blocking_on_changed_all,
			.lost = blocking_on_lost,
		});
	return blocking->looks;
}

/* ---- waiting ---- */

/* IS_UNTRIED: it stands behind others, so that nothing was tried for it. A key that is read and watched already was told of if it has changed. */
static void blocked_park(struct blocked *blocked, bool is_untried)
{
	struct session *session = blocked->session;
	struct key_looks *looks = blocking_looks(session->sessions);
	blocked->is_parked = true;
	client_listen(session->client);
	for (uint32_t i = 0; i < blocked->form.key_count; i++) {
		struct waited_key *key = blocked->waiter.places[i].key;
		if (key->is_read && key->is_watched)
			continue;
		key->is_watched = true;
		key_looks_at(looks, session->db, key->name, is_untried ? blocked->token : 0);
	}
	if (blocked->until_ms == 0)
		return;
	blocked->timer = timer_new(session->sessions->loop, blocked_on_time, blocked);
	blocked_start_timer(blocked);
}

/* The stream's last id, out of what XINFO says of it. There is none yet: all will be new. */
static struct slice last_id_of(struct slice reply)
{
	struct reply head, name, value;
	if (!reply_read(&reply, &head) || head.type != REPLY_ARRAY)
		return SLICE("0-0");
	for (int64_t i = 0; i + 1 < head.integer && reply_read(&reply, &name); i += 2) {
		if (slice_equal(name.text, SLICE("last-generated-id")))
			return reply_read(&reply, &value) ? value.text : SLICE("0-0");
		if (!reply_skip(&reply))
			break;
	}
	return SLICE("0-0");
}

static void blocked_take_id(struct blocked *blocked, struct slice reply)
{
	uint32_t i = 0;
	while (blocked->last_ids[i].len > 0 || !block_id_is_last(block_id(&blocked->form, blocked->request, i)))
		i++;
	blocked->last_ids[i] = buffer_copy(last_id_of(reply));
	blocked->ids_due--;
}

/* What is read of streams that are read in order. False: nothing is shown. */
static bool blocked_take_order(struct blocked *blocked, struct slice *reply)
{
	struct blocking *blocking = blocked->session->sessions->blocking;
	struct stream_cut cut;
	bool is_shown = session_in_order(blocked->session, *reply, blocked->order_ms, &cut);
	if (is_shown) {
		*reply = buffer_slice(&blocked->session->sessions->reply);
		return true;
	}
	blocked->hidden_ms = cut.hidden_ms;
	if (blocking->hidden_ms == 0 || cut.hidden_ms < blocking->hidden_ms)
		blocking->hidden_ms = cut.hidden_ms;
	return false;
}

/* *REPLY answers a try. True: the client goes on waiting. False: it gets *REPLY, which may be another one by now. */
static bool session_waits_on(struct session *session, struct slice *reply)
{
	struct blocked *blocked = session->blocked;
	struct reply head;
	struct slice cursor = *reply;
	if (blocked == NULL || !reply_read(&cursor, &head))
		return false;
	if (blocked->ids_due > 0) {
		blocked_take_id(blocked, *reply);
		return true;
	}
	/* The key was seen to be of the right type, and is no more. Of a move it may be the destination. */
	bool is_race = blocked->waiter.tried != NULL && blocked->form.kind != BLOCK_MOVE && head.type == REPLY_ERROR && head.text.len > 9 && memcmp(head.text.ptr, "WRONGTYPE", 9) == 0;
	bool is_hidden = blocked->form.kind == BLOCK_READ && head.type == REPLY_ARRAY && blocked->order_ms != UINT64_MAX && !blocked_take_order(blocked, reply);
	if (head.type != REPLY_NIL && !is_race && !is_hidden)
		return false;
	if (blocked->is_over) {
		struct buffer *over = &session->sessions->reply;
		buffer_reset(over);
		buffer_add(over, buffer_slice(&blocked->over));
		*reply = buffer_slice(over);
		return false;
	}
	waiters_miss(&session->sessions->blocking->waiters, &blocked->waiter);
	if (!blocked->is_parked)
		blocked_park(blocked, false);
	return true;
}

static void blocking_begin(struct sessions *sessions)
{
	if (sessions->blocking != NULL)
		return;
	sessions->blocking = memory_new(sizeof(*sessions->blocking));
	sessions->pop_waits_on = session_waits_on;
	sessions->pop_ended = session_end_block;
}

bool session_block(struct session *session, const struct command *row, const struct request *request)
{
	struct sessions *sessions = session->sessions;
	struct block_form form;
	if (!block_form_read(row, request, &form))
		return false;
	blocking_begin(sessions);
	struct waiters *waiters = &sessions->blocking->waiters;
	struct blocked *blocked = memory_new(sizeof(*blocked));
	session->blocked = blocked;
	blocked->session = session;
	blocked->row = row;
	blocked->request = request_copy(request);
	blocked->form = form;
	blocked->token = session_expect(session, 1, false, ANSWER_POP);
	blocked->until_ms = form.wait_ms == 0 ? 0 : turn_clock_now(sessions->clock)->steady_us / 1000 + form.wait_ms;
	blocked->waiter.owner = blocked;
	blocked->waiter.wanted = form.wanted;
	if (form.kind == BLOCK_READ)
		blocked->last_ids = memory_new(form.key_count * sizeof(*blocked->last_ids));
	client_stall(session->client);
	bool is_behind = form.kind != BLOCK_READ && form.kind != BLOCK_GROUP && waiters_have(waiters, session->db, blocked_keys(blocked), form.key_count);
	waiters_enter(waiters, &blocked->waiter, session->db, blocked_keys(blocked), form.key_count);
	sessions->status->counters.blocked_clients = waiters->count;
	if (is_behind) {
		blocked_park(blocked, true);
		return true;
	}
	blocked_try_all(blocked);
	return true;
}

void sessions_free_blocked(struct sessions *sessions)
{
	if (sessions->blocking == NULL)
		return;
	key_looks_free(sessions->blocking->looks);
	waiters_free(&sessions->blocking->waiters);
	memory_free(sessions->blocking);
}
