/* Session access (see session_access.h). */
#include "session_access.h"

#include "connectors/net/timer.h"
#include "upstream.h"
#include "user_rules.h"

#include <string.h>

#define ASK_EVERY_MS 1000
#define ASK_PAUSE_MS 20              /* more for each user: the answer takes Redis a quarter of a millisecond */
#define ASK_AGAIN_MS 500             /* after a failure */

struct access {
	struct sessions *sessions;
	struct account *accounts;    /* a list; owned. The last one is `default`, which stays */
	struct account *strangers;   /* that one */
	struct upstream *upstream;   /* owned; NULL: none yet, or it was lost */
	unsigned preamble_due;       /* replies to what comes first on a connection */
	struct buffer stored;        /* owned: what was written down of notifications */
	unsigned changes;            /* sessions->notices.changes when this round began */
	bool is_saving;              /* the first reply of this round is to that */
	struct account **round;      /* owned; asked about, and not answered from ROUND_AT on */
	unsigned round_at, round_count;
	bool is_asking;              /* a round is under way */
	bool is_stale;               /* one more round is wanted when this one has ended */
	struct timer *timer;         /* owned */
};

static void access_on_reply(void *context, struct slice reply);
static void access_on_lost(void *context, const char *why);

/* ---- asking ---- */

static void access_open(struct access *access)
{
	const struct settings *settings = access->sessions->status->settings;
	access->upstream = upstream_new(access->sessions->loop, access->sessions->status, &(struct upstream_callbacks){ access, access_on_reply, access_on_lost });
	struct slice user = slice_of(settings->redis_username != NULL ? settings->redis_username : "default");
	struct buffer first = { 0 }, number = { 0 };
	access->preamble_due = 3;
	if (settings->redis_password != NULL) {
		resp_add_command(&first, 3, (struct slice[]){ SLICE("AUTH"), user, slice_of(settings->redis_password) });
		access->preamble_due++;
	}
	buffer_add_uint64(&number, settings->redis_database);
	resp_add_command(&first, 3, (struct slice[]){ SLICE("CLIENT"), SLICE("SETNAME"), SLICE("homeport:access") });
	resp_add_command(&first, 2, (struct slice[]){ SLICE("SELECT"), buffer_slice(&number) });
	resp_add_command(&first, 2, (struct slice[]){ SLICE("GET"), SLICE(NOTICES_KEY) });
	upstream_send(access->upstream, buffer_slice(&first));
	explicit_bzero(first.ptr, first.len);
	buffer_free(&first);
	buffer_free(&number);
}

/* What clients turned on of notifications is written down when it has changed. */
static void access_add_notices(struct access *access, struct buffer *questions)
{
	struct sessions *sessions = access->sessions;
	char text[2 * NOTICES_TEXT_MAX];
	access->changes = sessions->notices.changes;
	access->is_saving = sessions->notices_are_unsaved && turn_is_open(sessions->turn);
	if (!access->is_saving)
		return;
	sessions->notices_are_unsaved = false;
	notices_stored(&sessions->notices, text);
	resp_add_command(questions, 3, (struct slice[]){ SLICE("SET"), SLICE(NOTICES_KEY), slice_of(text) });
}

static void access_take_notices(struct access *access, struct slice reply)
{
	struct sessions *sessions = access->sessions;
	struct notices before = sessions->notices;
	struct reply list, full;
	if (!reply_read(&reply, &list) || list.type != REPLY_ARRAY || list.integer != 2 || !reply_skip(&reply) || !reply_read(&reply, &full))
		return;
	if (access->changes != before.changes || !turn_is_open(sessions->turn))
		return;
	struct slice found = slice_of(store_facts(sessions->status->store)->notices_found);
	notices_read(&sessions->notices, buffer_slice(&access->stored), full.text, found);
	sessions->notices_are_unsaved |= !before.is_known || sessions->notices.full != before.full;
}

static void access_begin_round(struct access *access)
{
	struct buffer questions = { 0 };
	unsigned count = 0;
	if (access->upstream == NULL)
		access_open(access);
	for (const struct account *account = access->accounts; account != NULL; account = account->next)
		count++;
	access->round = memory_resize(access->round, count * sizeof(struct account *));
	access->round_at = access->round_count = 0;
	access_add_notices(access, &questions);
	for (struct account *account = access->accounts; account != NULL; account = account->next) {
		access->round[access->round_count++] = account;
		resp_add_command(&questions, 3, (struct slice[]){ SLICE("ACL"), SLICE("GETUSER"), account->user });
	}
	resp_add_command(&questions, 3, (struct slice[]){ SLICE("CONFIG"), SLICE("GET"), SLICE("notify-keyspace-events") });
	access->is_stale = false;
	access->is_asking = true;
	upstream_expect(access->upstream);
	upstream_send(access->upstream, buffer_slice(&questions));
	buffer_free(&questions);
}

static void access_on_timer(void *context)
{
	struct access *access = context;
	if (!access->is_asking)
		access_begin_round(access);
}

static void session_regate(void *context, struct client *client)
{
	(void)context;
	session_changed(client->session);
}

void access_ask(struct sessions *sessions, bool in_doubt)
{
	struct access *access = sessions->access;
	bool is_idle = !access->is_asking;
	if (in_doubt && !sessions->is_in_doubt) {
		sessions->is_in_doubt = true;
		client_table_visit(sessions->clients, session_regate, NULL);
	}
	access->is_stale = true;
	if (is_idle)
		access_begin_round(access);
}

/* ---- the answers ---- */

/* Who may do everything again is guarded no longer. Whoever has to be is so from its next request on. */
static void session_settle(void *context, struct client *client)
{
	(void)context;
	struct session *session = client->session;
	if (session->rights != NULL && !session->account->is_restricted && rights_is_idle(session->rights)) {
		rights_free(session->rights);
		session->rights = NULL;
	}
	session_changed(session);
	session_stop_checking(session);
}

/* The first answer is here, or will not come soon: clients that waited for it are told which. */
static void access_end_probing(struct access *access)
{
	struct sessions *sessions = access->sessions;
	if (!sessions->is_probing)
		return;
	sessions->is_probing = false;
	client_table_visit(sessions->clients, session_settle, NULL);
}

static void session_end_deleted(void *context, struct client *client)
{
	if (client->session->account == context)
		client_end(client, CLIENT_ENDS);
}

/* True: something has changed for somebody. */
static bool access_take(struct access *access, struct account *account, struct slice reply)
{
	struct sessions *sessions = access->sessions;
	struct user_rules rules;
	if (!user_rules_read(reply, &rules))
		return false;
	bool has_changed = account->is_restricted == rules.is_unrestricted;
	account->is_restricted = !rules.is_unrestricted;
	account->reads_all_keys = rules.reads_all_keys;
	if (account == access->strangers) {
		has_changed |= sessions->is_open_to_strangers != rules.is_open || !sessions->is_probed;
		sessions->is_open_to_strangers = rules.is_open;
		sessions->is_probed = true;
	} else if (!rules.is_there) {
		client_table_visit(sessions->clients, session_end_deleted, account);
	}
	return has_changed;
}

static void access_sweep(struct access *access)
{
	for (struct account **place = &access->accounts; *place != NULL;) {
		struct account *account = *place;
		if (account->sessions > 0 || account == access->strangers) {
			place = &account->next;
			continue;
		}
		*place = account->next;
		bytes_free(account->user);
		memory_free(account);
	}
}

static void access_end_round(struct access *access)
{
	struct sessions *sessions = access->sessions;
	unsigned count = access->round_count;
	upstream_settle(access->upstream);
	access->round_at = access->round_count = 0;
	access->is_asking = false;
	access_sweep(access);
	access_end_probing(access);
	if (access->is_stale) {
		access_begin_round(access);
		return;
	}
	timer_start(access->timer, ASK_EVERY_MS + count * ASK_PAUSE_MS);
	if (!sessions->is_in_doubt)
		return;
	sessions->is_in_doubt = false;
	client_table_visit(sessions->clients, session_settle, NULL);
}

static void access_take_stored(struct access *access, struct slice reply)
{
	struct reply stored;
	buffer_reset(&access->stored);
	if (reply_read(&reply, &stored) && stored.type == REPLY_STRING)
		buffer_add(&access->stored, stored.text);
}

static void access_on_reply(void *context, struct slice reply)
{
	struct access *access = context;
	if (access->preamble_due > 0 && !reply_is_error(reply)) {
		if (--access->preamble_due == 0)
			access_take_stored(access, reply);
	} else if (reply_is_error(reply) && access->preamble_due > 0) { /* it may have no room for one more client */
		access_on_lost(access, "refused");
	} else if (access->is_saving) {
		access->is_saving = false;
	} else if (access->round_at == access->round_count) {
		access_take_notices(access, reply);
		access_end_round(access);
	} else if (access_take(access, access->round[access->round_at++], reply)) {
		client_table_visit(access->sessions->clients, session_settle, NULL);
	}
}

static void access_on_lost(void *context, const char *why)
{
	(void)why;
	struct access *access = context;
	upstream_free(access->upstream);
	access->upstream = NULL;
	access->round_at = access->round_count = 0;
	access->is_asking = false;
	timer_start(access->timer, ASK_AGAIN_MS);
	access_end_probing(access);
}

/* ---- accounts ---- */

void access_start(struct sessions *sessions)
{
	struct access *access = memory_new(sizeof(*access));
	access->sessions = sessions;
	access->timer = timer_new(sessions->loop, access_on_timer, access);
	access->strangers = access->accounts = memory_new(sizeof(*access->accounts));
	access->strangers->user = buffer_copy(SLICE("default"));
	sessions->access = access;
}

void access_stop(struct sessions *sessions)
{
	struct access *access = sessions->access;
	access->strangers = NULL;
	access_sweep(access);
	upstream_free(access->upstream);
	timer_free(access->timer);
	memory_free(access->round);
	buffer_free(&access->stored);
	memory_free(access);
}

void access_leave(struct session *session)
{
	if (session->account != NULL)
		session->account->sessions--;
	session->account = NULL;
}

void access_enter(struct session *session, struct slice user)
{
	struct access *access = session->sessions->access;
	struct account *account = access->accounts;
	access_leave(session);
	while (account != NULL && !slice_equal(account->user, user))
		account = account->next;
	if (account == NULL) {
		account = memory_new(sizeof(*account));
		*account = (struct account){ .next = access->accounts, .user = buffer_copy(user) };
		access->accounts = account;
	}
	account->sessions++;
	session->account = account;
}

void access_learn(struct session *session, bool is_restricted)
{
	if (session->account->is_restricted == is_restricted)
		return;
	session->account->is_restricted = is_restricted;
	client_table_visit(session->sessions->clients, session_settle, NULL);
}

/* ---- sessions ---- */

enum rights_verdict access_verdict(struct session *session, const struct command *row, const struct request *request, struct slice *denial)
{
	if (!session_is_known(session) && session->sessions->is_probing && turn_is_open(session->sessions->turn))
		return RIGHTS_ASK;
	if (!session_is_known(session))
		return RIGHTS_ALLOW;     /* what it may run is said elsewhere */
	if (session->sessions->is_in_doubt && rights_depends_on_rules(row))
		return turn_is_open(session->sessions->turn) ? RIGHTS_ASK : RIGHTS_CANNOT_ASK;
	if (session->rights == NULL && session->sessions->is_in_doubt)
		return turn_is_open(session->sessions->turn) ? RIGHTS_ASK : RIGHTS_CANNOT_ASK;
	if (session->rights == NULL)
		session->rights = rights_new(session, NULL);
	return rights_ask(session->rights, row, request, denial);
}

void session_drop_login(struct session *session)
{
	login_cancel(session->login);
	session->login = NULL;
	greeting_forget(&session->greeting);
}
