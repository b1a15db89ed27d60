/* Event: all that the core can be told. With effect.h this is the core's whole contact with the world.
 * Time comes with every event; nothing else is remembered by the core about the world. Slices are borrowed for the call. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "options.h"
#include "proxy/core/resp/resp.h"

struct command;

#define POSITION_BEGIN INT64_C(-1)   /* before a log's first message */
#define CORE_POSITIONS_KEY "homeport:positions"   /* a hash, in the reserved database */
#define CORE_OUTBOX_KEY "homeport:outbox"         /* a stream, in the reserved database; entries have one field */
#define CORE_HOMES_KEY "homeport:homes"   /* a hash, in the reserved database: user -> "<epoch> <dc>"; replicated */
#define CORE_LOG_KEY "homeport:log"       /* a stream, in the reserved database: the own log, if it is kept there (connectors/stream) */
#define CORE_VERSIONS_KEY "homeport:versions"     /* a hash, in the reserved database (spill.c) */

/* What makes the reserved database whole. Each part is marked when it is made: a hash by its field CORE_MARK, the outbox by being there, as it is not made by
 * adding to it. So it is known that one was lost, whatever was written there since. */
enum core_part { PART_POSITIONS, PART_EPISODES, PART_VERSIONS, PART_HOMES, PART_OUTBOX, PART_COUNT };
#define CORE_MARK "made"
#define CORE_PARTS_ALL ((1u << PART_COUNT) - 1)

enum event_type {
	EVENT_HOMES,         /* some of CORE_HOMES_KEY, as the store that is being opened has it: all of them, before EVENT_OPENED. Not needed without homes */
	EVENT_OPENED,        /* the store is connected, older sidecars are fenced; here is what it remembers. First, and again after each EVENT_LOST */
	EVENT_LOST,          /* the store's connection broke: groups without an answer have an unknown outcome */
	EVENT_REQUEST,       /* a client's write, or its transaction, or a read that must follow its own unsent write */
	EVENT_TURN_ENDED,    /* all input of this turn of the loop was given: send what was gathered */
	EVENT_ANSWERED,      /* the store's answer to the oldest unanswered EFFECT_GROUP */
	EVENT_EXPIRED,       /* the store says that a key expired */
	EVENT_BATCH,         /* a message of a DC's log (the own one too, while recalling), in log order */
	EVENT_LOG_LOST_POSITION, /* a DC's log no longer has the position we asked for */
	EVENT_LOG_LOST_BEGINNING, /* asked for all of a DC's log, from POSITION_BEGIN on: its first messages are gone, what it still has follows */
	EVENT_BETWEEN,       /* in the own log, between messages that this process appended, stand others, up to POSITION. Without BYTES: they
	                      * follow, one event each, and then the message at POSITION. This comes before EVENT_APPENDED of the message behind */
	EVENT_NAMESAKE,      /* another process reads a DC's log in our name: again each time that is seen */
	EVENT_APPENDED,      /* everything up to append ID is durable in the own log */
	EVENT_APPEND_RETRY,  /* the connector dropped everything from append ID on: give it again */
	EVENT_TICK,          /* at least every 100 ms */
	EVENT_ASKED,         /* a client deals with versions or conflicts itself: answered by EFFECT_REPLY or EFFECT_REFUSE */
	EVENT_HANDLED,       /* the handler asked for by EFFECT_HANDLE has ended */
	EVENT_RULES,         /* the operator changed the rules: they count from now on */
};

enum ask {
	ASK_GET,             /* all siblings of KEY (or its field ELEMENT), and a context */
	ASK_SET,             /* VALUE replaces what CONTEXT has seen, and only that */
	ASK_DELETE,          /* likewise: removes what CONTEXT has seen */
	ASK_EXPLAIN,         /* which rule, which versions, which one is visible and why */
	ASK_RESOLVE,         /* ends the open conflict ID as CHOICE says */
	ASK_REHOME,          /* user KEY is to move from here to the datacenter VALUE, within HOLD_MS (0: the usual bound) */
	ASK_TAKE_OVER,       /* user KEY is to live here from now on, although his home did not give him away: it is dead */
	ASK_RETRY,           /* has the handler of the open conflict ID run again now */
	ASK_TOKEN,           /* a session token: all that was written or could be read here so far */
	ASK_WAIT,            /* answered when all that the session token CONTEXT tells is here, or refused after WAIT_MS */
};
enum choice {
	CHOICE_WINNER,       /* what is visible stays: the record says "ignored" */
	CHOICE_SIDE,         /* the value of the side whose dot VALUE names: "dc/incarnation/seq" */
	CHOICE_VALUE,        /* VALUE */
	CHOICE_REMOVAL,      /* nothing: the element goes */
	CHOICE_RULE,         /* what the rule that VALUE names ("lww", "merge") would choose */
};

struct stored_pair { struct slice field, value; };
struct stored_entry { uint64_t ms, seq; struct slice kind, payload; };  /* an outbox entry: id, its one field and value */

struct event {
	enum event_type type;
	uint64_t now_ms;             /* Unix time, by a clock that may be wrong, and be set at any time */
	uint64_t steady_ms;          /* by a clock that nobody sets; it began anywhere */
	union {
		struct {
			const struct stored_pair *pairs;     /* HSCAN may tell one twice */
			unsigned count;
			bool is_first;               /* of this opening: what an earlier one read is forgotten */
		} homes;
		struct {
			struct slice run_id;         /* the server run (INFO's run_id) */
			struct slice store_id;       /* random, and the store's as long as it is not emptied; may be empty */
			uint64_t nonce;              /* unique for this opening, and larger than earlier ones of this DC: Unix time in µs */
			const struct stored_pair *positions; /* HGETALL CORE_POSITIONS_KEY */
			unsigned position_count;
			const struct stored_entry *outbox;   /* XRANGE CORE_OUTBOX_KEY - + */
			unsigned outbox_count;
			const struct stored_pair *episodes;  /* HGETALL CORE_EPISODES_KEY */
			unsigned episode_count;
			unsigned parts;              /* 1 << part, for each that is marked */
			bool is_data_there;          /* clients' databases hold keys */
		} opened;
		struct {
			uint64_t token;              /* not 0; comes back with the answer */
			uint32_t db;
			const uint32_t *dbs;         /* of each command; NULL: all are of DB. The first is DB */
			unsigned protocol;           /* 2 or 3 */
			const struct request *commands;
			const struct command *const *rows; /* COMMAND_WRITE or COMMAND_READ, arity checked */
			unsigned count;              /* more than 1, or is_transaction: atomic */
			bool is_transaction;
			uint64_t guard;              /* not 0: names where its client watched keys. It is sent there, alone, and the store decides whether it runs */
			struct slice client;         /* the client's name for itself (CLIENT SETNAME); may be empty */
			uint64_t forwarded_epoch;    /* a peer sent it, as it takes this datacenter for the home since this epoch. With is_forwarded */
			bool is_forwarded;           /* never sent on: who is not home says who is */
			bool brings_scripts;         /* its home did not know its script: the text goes with it */
		} request;
		struct {
			uint64_t token;
			enum ask ask;
			uint32_t db;
			struct slice key, element;
			bool is_field;               /* of a hash: ELEMENT; else the string KEY */
			struct slice value;
			struct slice context;        /* opaque, as ASK_GET, or ASK_TOKEN, gave it; empty: has seen nothing */
			uint64_t wait_ms;
			struct slice id;             /* of a conflict record */
			enum choice choice;
			uint32_t hold_ms;            /* of a move */
			bool is_now;                 /* of a take-over: whether or not the home is dead */
			struct slice by;             /* who resolves, for the record: "user@address" or the like */
			struct slice client;
		} asked;
		struct {
			uint64_t id;                 /* of EFFECT_HANDLE */
			bool is_done;
			struct slice value;          /* done: the merged value */
			struct slice error;          /* not done: why, in one line */
		} handled;
		struct { const struct core_rule *rules; unsigned count; } rules;
		struct {
			uint64_t id;
			const struct slice *replies; /* EXEC's elements, raw; NULL when it was aborted */
			unsigned reply_count;
			struct slice error;          /* aborted: the line to give clients, without '-' and CRLF. Empty: what was watched had changed */
		} answered;
		struct { uint32_t db; struct slice key; } expired;
		struct { unsigned dc; int64_t position; struct slice bytes; } batch;
		struct { unsigned dc; } log;
		struct { int64_t position; struct slice bytes; } between;
		struct { uint64_t id; int64_t position; } appended; /* POSITION of message ID in the own log; for retry unused */
	};
};

#endif
