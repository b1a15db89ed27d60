/* Session block (see session_block.h). */
#include "session_block.h"

#include "connectors/net/timer.h"
#include "key_looks.h"
#include "session_answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOR_EVER_MS 9e15

/* The parts of a request: its keys, and how long it waits. */
struct form {
	uint32_t keys_at, key_count;
	uint32_t timeout_at;
	bool has_count;              /* the keys are counted: BLMPOP, BZMPOP */
	bool is_move;                /* BLMOVE, BRPOPLPUSH */
	uint64_t wait_ms;            /* 0: for ever */
};

struct blocked {
	struct waiter waiter;
	struct session *session;
	const struct command *row;
	struct request *request;     /* owned */
	struct form form;
	uint64_t token;              /* names the client's answer, and so each try */
	uint64_t until_ms;           /* by the steady clock; 0: for ever */
	struct timer *timer;         /* owned; NULL: for ever, or not yet */
	bool is_parked;              /* all of its keys were looked at at least once */
	bool is_over;                /* if the try under way finds nothing, it gets this: */
	struct buffer over;          /* owned */
};

struct blocking {
	struct waiters waiters;
	struct key_looks *looks;     /* owned; NULL: nobody has waited since the store was opened */
};

/* ---- the commands ---- */

static bool wait_read(struct slice text, uint64_t *wait_ms)
{
	char number[64], *end;
	if (text.len == 0 || text.len >= sizeof(number))
		return false;
	slice_to_text(number, sizeof(number), text);
	double seconds = strtod(number, &end);
	if (*end != '\0' || !isfinite(seconds) || seconds < 0)
		return false;
	double ms = ceil(seconds * 1000);
	*wait_ms = ms < FOR_EVER_MS ? (uint64_t)ms : 0;
	return true;
}

static bool form_read(const struct command *row, const struct request *request, struct form *form)
{
	int64_t count = 1;
	*form = (struct form){ .keys_at = 1, .key_count = 1, .timeout_at = request->argc - 1 };
	form->is_move = row->last_key == 2;
	form->has_count = row->numkeys_at != 0;
	if (form->has_count) {
		form->timeout_at = 1;
		form->keys_at = 3;
		if (!slice_to_int64(request->argv[2], &count) || count < 1 || count > (int64_t)request->argc - 4)
			return false;
		form->key_count = (uint32_t)count;
	} else if (!form->is_move) {
		form->key_count = request->argc - 2;
	}
	return wait_read(request->argv[form->timeout_at], &form->wait_ms);
}

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

/* The same command for one of its keys. */
static void blocked_try_key(struct blocked *blocked, const struct waited_key *key)
{
	const struct request *whole = blocked->request;
	const struct form *form = &blocked->form;
	uint32_t behind = form->keys_at + form->key_count, argc = 0;
	if (form->key_count == 1) {
		blocked_give(blocked, whole);
		return;
	}
	struct slice *argv = memory_new(whole->argc * sizeof(*argv));
	for (uint32_t i = 0; i < form->keys_at; i++)
		argv[argc++] = form->has_count && i == 2 ? SLICE("1") : whole->argv[i];
	argv[argc++] = key->name;
	for (uint32_t i = behind; i < whole->argc; i++)
		argv[argc++] = whole->argv[i];
	blocked_give(blocked, &(struct request){ .argv = argv, .argc = argc });
	memory_free(argv);
}

void sessions_serve_blocked(struct sessions *sessions)
{
	struct blocking *blocking = sessions->blocking;
	struct waited_key *key;
	struct waiter *waiter;
	if (blocking == NULL || sessions->pause.mode != PAUSE_NONE || !turn_is_open(sessions->turn))
		return;
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

bool session_unblock_pop(struct session *session, bool is_error)
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

void sessions_lose_blocked(struct sessions *sessions)
{
	if (sessions->blocking == NULL)
		return;
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

/* IS_UNTRIED: it stands behind others, so that nothing was tried for it. */
static void blocked_park(struct blocked *blocked, bool is_untried)
{
	struct session *session = blocked->session;
	struct key_looks *looks = blocking_looks(session->sessions);
	blocked->is_parked = true;
	client_listen(session->client);
	for (uint32_t i = 0; i < blocked->form.key_count; i++)
		key_looks_at(looks, session->db, blocked_keys(blocked)[i], is_untried ? blocked->token : 0);
	if (blocked->until_ms == 0)
		return;
	blocked->timer = timer_new(session->sessions->loop, blocked_on_time, blocked);
	blocked_start_timer(blocked);
}

/* *REPLY answers a try. True: the client goes on waiting. False: it gets *REPLY, which may be another one by now. */
static bool session_waits_on(struct session *session, struct slice *reply)
{
	struct blocked *blocked = session->blocked;
	struct reply head;
	struct slice cursor = *reply;
	if (blocked == NULL || !reply_read(&cursor, &head))
		return false;
	/* The key was seen to be of the right type, and is no more. Of a move it may be the destination. */
	bool is_race = blocked->waiter.tried != NULL && !blocked->form.is_move && head.type == REPLY_ERROR && head.text.len > 9 && memcmp(head.text.ptr, "WRONGTYPE", 9) == 0;
	if (head.type != REPLY_NIL && !is_race)
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
	struct form form;
	if (!form_read(row, request, &form))
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
	blocked->waiter.wanted = row->name[1] == 'z' ? WAITED_ZSET : WAITED_LIST;
	client_stall(session->client);
	bool is_behind = waiters_have(waiters, session->db, blocked_keys(blocked), form.key_count);
	waiters_enter(waiters, &blocked->waiter, session->db, blocked_keys(blocked), form.key_count);
	sessions->status->counters.blocked_clients = waiters->count;
	if (is_behind) {
		blocked_park(blocked, true);
		return true;
	}
	waiters_try_all(&blocked->waiter);
	blocked_give(blocked, blocked->request);
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
