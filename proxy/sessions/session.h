/* Session: one client's conversation: its state, and small questions about it. A map of the room, lowest first:
 *
 *   session.c              what a session is                    session_command.h   what the room commands/ fills in
 *   upstream.c             a connection to Redis of a client's own; login.c logs in on one, to see who a client is
 *   transaction.c          queued commands
 *   session_parts.c        an answer to EXEC that is put together from several hands
 *   session_reply.c        answers that the sidecar words itself
 *   user_rules.c           what Redis says of a user
 *   rights.c               holds a client to the rules of its user
 *   session_access.c       which users may do everything, and whether clients are let in without a password
 *   server_view.c          what the store says of itself, as a client sees it; session_info.c: INFO; slow_log.c
 *   notices.c              keyspace notifications: clients' own, and the sidecar's
 *   monitor.c              MONITOR
 *   session_answers.c      questions to store or core that are under way, and their answers
 *   session_homes.c        commands for users whose home is elsewhere      session_news.c   who lives where, for clients that keep it
 *   session_ask.c          questions to the core about versions and conflicts
 *   session_watch.c        WATCH: a connection of its own to Redis, which decides whether EXEC runs
 *   session_afar.c         WATCH where the home of the keys' user is elsewhere
 *   session_guarded.c      such EXECs, one at a time       session_pause.c  CLIENT PAUSE
 *   session_busy.c         while a script runs long
 *   session_transaction.c  MULTI … EXEC; session_exec.c: with commands that are the sidecar's own
 *   waiters.c              who waits for something to pop or to read, in which order     key_looks.c  what is in keys, and when they change
 *   block_form.c           what a command that may wait says         session_block.c  pops and reads that wait
 *   pinned.c               commands that need a connection of their own
 *   tracking.c             CLIENT TRACKING (tracking.h has a map of its files)
 *   session_promise.c      HOMEPORT SESSION: what a client has seen elsewhere is waited for
 *   session_route.c        where each request goes
 *   sessions.c             all of them, between the clients and the turn
 *   commands/              the commands that the sidecar answers itself */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "login.h"
#include "notices.h"
#include "proxy/clients/client_table.h"
#include "proxy/core/commands/command.h"
#include "proxy/turn/turn_guard.h"
#include "session_command.h"

struct access;
struct afar;
struct account;
struct blocked;
struct blocking;
struct conflicts;
struct rights;
struct homes;
struct news;
struct parts;
struct pinned;
struct promise;
struct timer;
struct tracker;
struct tracking;
struct transaction;

enum reply_mode { REPLY_MODE_ON, REPLY_MODE_OFF, REPLY_MODE_SKIP };

/* The arguments of AUTH by which a client logged in, [user] password. */
struct credentials {
	struct slice auth[2];        /* owned; wiped before they are freed */
	unsigned count;              /* 0: none */
};

/* A user whom clients are. */
struct account {
	struct account *next;
	struct slice user;           /* owned */
	unsigned sessions;
	bool is_restricted;          /* as last heard: it may not do everything */
	bool reads_all_keys;         /* likewise: by whatever command it may run */
};

/* What an AUTH or a HELLO asked for: takes effect once the login has succeeded. */
struct greeting {
	bool is_hello;
	unsigned protocol;
	struct slice user, name;     /* owned; NAME.ptr is NULL: leave it */
	struct credentials credentials;
};

/* The command of a transaction that the core has just found wrong in itself. */
struct mistake {
	uint64_t token;              /* whose; 0: nobody's */
	uint32_t index;
	struct buffer error;         /* owned */
};

struct session {
	struct sessions *sessions;
	struct client *client;
	bool is_plain;               /* logged in, and no transaction, subscription, WATCH or reply mode: requests take the short way. Kept by
	                              * session_changed */
	bool is_gated;               /* each request has to be looked at before it is run: it is ruled, a pause is on, a script runs long, or this datacenter is cut off. Kept by session_changed, as is the next */
	bool is_peer;                /* the sidecar of another datacenter: it said so (HOMEPORT PEER) */
	bool is_ruled;               /* by the rules of its user, or these may have changed */
	bool is_allowed;             /* its next request was found to be so, and was put off since */
	bool is_awaiting;            /* its next request waits until all earlier ones are answered */
	bool is_paused;              /* its next request waits until a CLIENT PAUSE is over */
	bool is_behind_script;       /* it waits until it is known what Redis says of a script that runs long */
	bool is_monitoring;          /* MONITOR: it is in the list of those */
	struct session *next_monitor;
	bool is_hearing;             /* of users' homes: it is in the list of those (session_news.h) */
	bool is_news_owed;           /* it has not read what it was told before: it has to forget all */
	struct session *next_hearing;
	uint64_t wanted;             /* of the answer that is to be asked for next (server_view.h) */
	bool is_checking;            /* it is stalled until a request has been looked at */
	uint32_t db;
	unsigned protocol;           /* 2 or 3 */
	bool is_logged_in;           /* by AUTH or HELLO. Other clients are let in as the default user if Redis asks for no password */
	bool is_spoiled;             /* a command inside MULTI was refused, so EXEC will be refused, too */
	uint32_t probes_due;         /* commands inside MULTI whose queueing waits for the store to say that it has memory */
	const struct session_command *deferred; /* it waits until all earlier answers are there; NULL: none does. The client is stalled */
	struct request *deferred_request; /* owned; what it is about */
	enum reply_mode reply_mode;
	uint64_t gathering;          /* turn_gathering at the client's last write */
	const struct command *row;   /* of the last command found by its name alone; clients often repeat a command */
	const struct command *last_row; /* of the last request, for CLIENT LIST */
	struct transaction *transaction; /* owned; NULL outside MULTI */
	struct parts *parts;         /* owned; of an EXEC that is under way, and whose answer they are; NULL: none is */
	uint64_t parts_token;        /* names that answer */
	struct store_guard *watcher; /* owned; on which it watches keys; NULL: it watches none */
	uint64_t watched_moves;      /* sessions.moves when it began to watch */
	uint64_t watcher_token;      /* names the answer to its WATCH; 0: none is due */
	struct request *watch_request; /* owned; the WATCH that waits in the queue; NULL: it is EXEC that does */
	struct session *next_guarded; /* in the queue */
	bool is_queued;              /* its EXEC, or its WATCH, waits for EXECs of others */
	bool is_looking;             /* meanwhile Redis is asked whether it would run at all */
	bool is_touched;             /* its watcher is gone: what it watched may have changed */
	struct afar *afar;           /* owned; NULL: it is not (session_afar.h) */
	struct login *login;         /* owned; NULL: none is under way */
	struct account *account;     /* who it is; shared */
	struct rights *rights;       /* owned; NULL: its user may do everything */
	struct credentials credentials; /* what it logged in with, to do so again on connections of its own */
	struct greeting greeting;    /* what waits for the login */
	struct pinned *subscription; /* owned; NULL: none */
	struct pinned *detour;       /* owned; NULL: none */
	struct blocked *blocked;     /* owned; a pop or a read that waits, or is tried; NULL: none */
	struct promise *promise;     /* owned; NULL: HOMEPORT SESSION is off */
	uint64_t gate;               /* of the EXEC that is being given to the core (tracking_gate) */
	struct tracker *tracker;     /* owned; NULL: it has never tracked (CLIENT TRACKING) */
	unsigned forwards;           /* commands that were sent to other datacenters and are not answered */
	bool is_settling;            /* a home has changed meanwhile: it is stalled until they are, so that no later command overtakes them */
	bool is_held;                /* it is stalled since the core holds a command of it */
	struct slice user, name;     /* owned, as are the two below */
	struct slice library_name, library_version;
};

enum pause_mode { PAUSE_NONE, PAUSE_WRITE, PAUSE_ALL };  /* the later, the more waits */

struct pause {
	enum pause_mode mode;
	uint64_t until_ms;           /* by the steady clock */
	struct timer *timer;         /* owned; NULL: nothing was ever paused */
};

/* EXECs of clients that watch keys: one at a time is given to the core, as each is alone on its connection. A WATCH that comes behind them waits, too:
 * they must not be found to have changed what it watches. */
struct guarded {
	struct session *first;       /* those that wait */
	struct session *running;     /* NULL: none is */
	unsigned looks_due;
	bool was_touched;            /* one has not run, as what it watched had changed: the same may be true of others */
};

/* Scripts that are under way: see session_busy.h. */
struct scripts_watch {
	struct timer *timer;         /* owned; NULL: there was none */
	bool is_watching, is_holding;
	uint64_t answers;            /* of the store, as last looked at */
};

struct sessions {
	struct event_base *loop;
	struct turn_clock *clock;
	struct sidecar_status *status;
	struct turn *turn;
	struct client_table *clients;
	struct conflicts *conflicts;
	struct homes *homes;
	unsigned forwarding;         /* sessions with forwards */
	uint64_t moves;              /* how often a home was heard to be another one */
	uint32_t databases;          /* of the store, the reserved one included; 0: not known yet */
	struct access *access;       /* owned: what is known of users */
	bool is_in_doubt;            /* what users may do has changed, and is being asked */
	uint64_t doubt_until_us;     /* the store's limit of memory may have been changed: what is known of it is not believed (steady clock) */
	bool is_store_behind;        /* more bytes are under way to the store than limits.store allows */
	bool is_probing;             /* it is being asked for the first time: clients that do not log in wait */
	bool is_probed;              /* Redis has been asked since the start whether strangers are let in */
	bool is_open_to_strangers;   /* it said that the default user needs no password */
	struct guarded guarded;
	struct pause pause;
	struct scripts_watch scripts;
	struct news *news;           /* owned; NULL: nobody has wanted to hear of users' homes */
	struct tracking *tracking;   /* owned; NULL: nobody has tracked */
	void (*tracked_answered)(struct session *session, uint64_t token);    /* of a client that tracks; before the answer is given out */
	struct blocking *blocking;   /* owned; NULL: nobody has waited for a pop. What becomes of the answers to such pops: */
	bool (*pop_waits_on)(struct session *session, struct slice *reply);
	void (*pop_ended)(struct session *session);
	uint64_t submitting;         /* names the transaction that is being given to the core */
	struct mistake mistake;
	struct session *monitors;    /* a list: those that see all commands */
	uint64_t *calls;             /* owned; commands of clients, indexed as command.def is, for INFO */
	struct notices notices;
	bool notices_are_unsaved;    /* they are to be written down */
	struct request view_request; /* a request as the store is asked; its arguments, which are owned; one that was made anew */
	struct slice *view_argv;
	struct buffer view_text;
	struct buffer reply;         /* where an answer is put together; good until the next one */
	struct buffer encoded;       /* an inline command as RESP, likewise */
	const struct session_command **commands; /* owned; indexed as command.def is; NULL: not of class SESSION */
};

/* Call when anything that is_plain sums up has changed. */
void session_changed(struct session *session);
/* Did it log in, or need not? */
bool session_is_known(const struct session *session);
/* Puts off the request that is being looked at, which its user may run: it comes again after client_resume. */
void session_put_off(struct session *session);
/* What it was stalled for is over: it goes on unless it is stalled for something else. */
void session_resume(struct session *session);
/* Puts off the request that is being looked at: it comes again after session_stop_checking, which does nothing if none was put off. */
void session_check(struct session *session);
void session_stop_checking(struct session *session);
/* CLIENT REPLY SKIP silences one command: it has been dealt with. */
void session_end_skip(struct session *session);
/* Commands queued by MULTI that were refused spoil the transaction. No effect outside of one. */
void session_spoil(struct session *session);
/* Puts copies of AUTH, COUNT slices, in place of what was there. */
void credentials_set(struct credentials *credentials, const struct slice *auth, unsigned count);
void greeting_forget(struct greeting *greeting);
/* How EXEC says that it has not run. */
struct slice session_no_array(const struct session *session);
/* Watches nothing any more. */
void session_unwatch(struct session *session);
/* How ROW is answered by the sidecar itself; NULL: it is not. */
static inline const struct session_command *session_command_of(const struct session *session, const struct command *row)
{
	return session->sessions->commands[row - command_at(0)];
}

/* "user@address:port", for conflict records. */
void session_add_by(const struct session *session, struct buffer *by);

/* Reads the number of a database that clients may select. Returns why it is none; NULL: it is one. */
const char *session_read_db(const struct sessions *sessions, struct slice text, int64_t *db);

/* A copy of its words, in one memory. */
struct request *request_copy(const struct request *request);

/* Puts a copy of TEXT in PLACE, which is freed first. */
void slice_replace(struct slice *place, struct slice text);
/* Is WORD this TEXT, in whatever case? */
bool word_is(struct slice word, const char *text);
/* May a client or library call itself so? */
bool name_is_good(struct slice name);

#define SESSION_LOADING CORE_STORE_AWAY
#define SESSION_CUT_OFF "HOMEPORT ISOLATED a drill has cut this datacenter off for now: nothing was executed; connect to another datacenter"

#endif
