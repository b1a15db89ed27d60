/* Effect: all that the core can ask for. proxy/turn runs a step's effects in the order given. */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include "base/bytes.h"
#include "options.h"

struct request;
struct command;

enum effect_type {
	EFFECT_GROUP,        /* one transaction for the store. Groups reach the store in this order; answers come in the same order */
	EFFECT_REFUSE,       /* answer this client with an error: its command was not executed */
	EFFECT_APPEND,       /* append one message to the own log, after all earlier ones */
	EFFECT_FOLLOW,       /* deliver a DC's log from the message after POSITION on, until told otherwise; replaces an earlier follow */
	EFFECT_UNFOLLOW,
	EFFECT_PAUSE,        /* the inbox for this DC is full: stop delivering */
	EFFECT_RESUME,
	EFFECT_TRIM,         /* we need not read a DC's log again up to POSITION. Of the own log: all DCs have applied those messages */
	EFFECT_CONFLICT,     /* concurrent changes were found and resolved */
	EFFECT_VISIBLE,      /* remote writes became visible here: for the latency histogram */
	EFFECT_REOPEN,       /* drop the store's connection and open it again: EVENT_LOST, then EVENT_OPENED */
	EFFECT_REPLY,        /* answer this client: the whole reply, as RESP2 (which RESP3 clients read as well) */
	EFFECT_HANDLE,       /* run the handler of a custom rule on these versions; answer with EVENT_HANDLED */
	EFFECT_AWAY,         /* not executed: another datacenter is home of the user. Redirect, forward or refuse it, as the policy says */
	EFFECT_HELD,         /* this client's request waits (a move, a start): it is answered later, by one of the others. What the client sends next waits, too */
	EFFECT_HOME,         /* a user's home of his own is new */
	EFFECT_ALARM,        /* something an operator must see; text says what, for the log */
};

struct handle_version {              /* a live version, for a handler. In the order of their stamps, newest first */
	struct slice dc;
	uint64_t incarnation, seq, hlc;
	bool is_present;
	struct slice value;
};

/* Who gets which reply. The store's answer to a group may be given to these clients before the core is told of it (local/release.h says when). */
struct slot {
	uint64_t token;              /* whose answer; 0: nobody's */
	unsigned reply;              /* which element of EXEC's reply */
	unsigned request;            /* which command of the transaction, 0-based */
	bool is_scripted;            /* the reply is a wrapper's, with the client's in it (scripting/ran.h) */
	bool is_grouped;             /* likewise, of a command of a consumer group: a script has run it (commands/plan_group.c) */
	bool is_reading;             /* … which is XREADGROUP */
	bool is_listing;             /* the reply may hold libraries of functions in our form (scripting/wrapper.h) */
	bool is_id_chosen;           /* we chose the id of a stream's entry: if it is too small, the command is run again */
	bool is_loading;             /* the reply before it says whether Redis can compile the script; if not, it is the client's */
};

enum outcome { OUTCOME_NEWEST, OUTCOME_ADD_WINS, OUTCOME_SUM, OUTCOME_TYPE, OUTCOME_PRIORITY, OUTCOME_OPEN, OUTCOME_COUNT };

struct effect {
	enum effect_type type;
	union {
		struct {
			uint64_t id;
			unsigned protocol;           /* 2 or 3; 0: whichever pipeline is writing */
			const struct slice *pieces;  /* MULTI … EXEC, complete, when joined; valid until the step after the answer */
			unsigned piece_count;
			unsigned reply_count;        /* store commands between MULTI and EXEC = elements of EXEC's reply */
			bool is_for_full;            /* a store at its limit of memory has to run it all the same: it frees memory, or is ours */
			const struct slot *slots;    /* who gets which reply; valid as long as the pieces. Empty for internal groups */
			unsigned slot_count;
			bool has_entry;              /* it adds to the outbox: that reply is the entry's id, or nil, if the outbox was deleted */
			unsigned entry_reply;
			uint64_t guard;              /* not 0: it runs on this connection, whose watched keys decide whether it does */
		} group;
		struct { uint64_t token; struct slice error; unsigned mistake; } refuse; /* without '-' and CRLF; empty: what was watched had changed.
		                                                                          * MISTAKE: counted from 1, the command of a transaction that is wrong
		                                                                          * in itself; 0: none is */
		struct {
			uint64_t id;                 /* count up by one */
			struct slice bytes;          /* valid until appended */
			bool passes_limit;           /* also if the log is full, with all that stands before it */
		} append;
		struct { unsigned dc; int64_t position; } log;           /* follow, unfollow, pause, resume, trim */
		struct {
			unsigned dc;                 /* origin of the arriving change, and its dot */
			uint64_t incarnation, seq;
			unsigned other_dc;           /* the writes it is concurrent with: one effect for each origin, change and outcome */
			uint64_t other_incarnation;
			const uint64_t *other_seqs;
			unsigned count;
			uint32_t db;
			struct slice key, element;
			const char *kind;            /* string, hash, set, zset, ttl, key */
			const char *rule;
			enum outcome outcome;
		} conflict;
		struct { unsigned dc; uint64_t written_ms, writes; } visible;    /* the oldest of them, and how many */
		struct { uint64_t token; struct slice bytes; } reply;
		struct {
			uint64_t id;
			unsigned rule;               /* index of the configured rule */
			uint32_t db;
			struct slice key, element;   /* element: the hash field; empty for a string */
			const struct handle_version *versions;
			unsigned count;
		} handle;
		struct {
			uint64_t token;
			unsigned dc;                 /* the home; CORE_DC_UNKNOWN: one that is not configured here */
			uint64_t epoch;              /* since when; 0: by default */
			enum home_away policy;       /* redirect, forward or refuse */
			struct slice user, key;      /* name:id, and the first of his keys in the request */
			const struct request *commands;      /* as in EVENT_REQUEST, with all that follows */
			const struct command *const *rows;
			unsigned count;
			uint32_t db;
			bool is_in_many;             /* its commands are not all of DB */
			unsigned protocol;
			bool is_transaction, is_guarded;
			bool brings_scripts; /* as in EVENT_REQUEST */
			struct slice client;
		} away;
		struct { uint64_t token; } held;
		struct { struct slice user; unsigned dc; uint64_t epoch; bool is_forced; } home;     /* dc may be CORE_DC_UNKNOWN */
		struct { struct slice text; unsigned dc; } alarm;
	};
};

/* The effects of a step, in order. Reused: core_step empties it first. What slices point to lives until the next step
 * unless said otherwise. */
struct effects {
	struct effect *items;
	unsigned count;
	unsigned cap;
};
/* A new last one, of this type; valid until the next is added. */
struct effect *effects_add(struct effects *effects, enum effect_type type);
void effects_free(struct effects *effects);
/* The bytes of EFFECT_GROUP in one piece: one of its own, or joined in ROOM, which the caller frees. */
struct slice effect_group_bytes(const struct effect *effect, struct buffer *room);

#endif
