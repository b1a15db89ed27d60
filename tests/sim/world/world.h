/* World: datacenters with real cores, simulated stores, logs, links and clocks, all driven from one seed. Which file is what: README.md. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "proxy/core/core.h"
#include "tests/sim/audit/auditor.h"
#include "coverage.h"
#include "dice.h"
#include "fault.h"
#include "happening.h"
#include "log_limit.h"
#include "tests/sim/traffic/lane.h"
#include "tests/sim/traffic/requests.h"
#include "sim_log.h"
#include "trace.h"

#define WORLD_DCS_MAX 5
#define WORLD_RULES_SEED 10001       /* from this seed on worlds have keys of every rule */
#define WORLD_LIMITS_SEED 400001     /* from this seed on logs, inboxes, outboxes and metadata have limits that are reached */
#define WORLD_CLOCKS_SEED 700001     /* from this seed on, instead of limits, clocks are set wrong and right again */
#define WORLD_TAIL_SEED 800001       /* from this seed on logs are in the stores: what a store forgets, its log does, too */
#define WORLD_FULL_SEED 600001       /* from this seed on stores get full */
#define WORLD_STREAMS_SEED 1500001   /* … and from this one on, those of streams */
#define WORLD_PIECES_SEED 1800001    /* from this seed on worlds of any of these kinds, but whole keys are dealt with an element or a few at a time */
#define WORLD_KILLED_PIECES_SEED 1850001     /* … and sidecars and stores are killed in between, or stores lose their end and that of the log in them */
#define WORLD_UNIONS_SEED 1900001    /* from this seed on, instead, half of all commands are those of HyperLogLogs */
#define WORLD_MIXED_SEED 3000001     /* from this seed on worlds of two kinds at once, with lists, streams, unions or renames */
#define WORLD_KILLED_SEED 3100001    /* from this seed on sidecars are killed with stores that have the log in them */
#define WORLD_GROUPS_SEED 2000001    /* from this seed on, half of all commands are those of streams, and half of these those of their consumer groups */
#define WORLD_LISTS_SEED 1400001     /* from this seed on, instead, half of all commands are those of lists */
#define WORLD_SESSIONS_SEED 1100001  /* from this seed on, instead of limits, clients move between DCs with session tokens */
#define WORLD_HOMES_SEED 1000001     /* from this seed on, instead, users have homes and move */
#define WORLD_TAKE_OVERS_SEED 1200001    /* from this seed on they are taken over by force, too */
#define WORLD_FIRST_SEED 1300001     /* from this seed on they live, instead, where somebody writes for them first */
#define SESSIONS_KEPT 8              /* session tokens, given out last */
#define WORLD_EMPTIED_SEED 900001    /* from this seed on stores lose keys while sidecars run */
#define SIM_SIBLINGS_MAX 5           /* few enough to be met */
#define REFUSED_KEPT 64              /* groups */
#define WORLD_EPOCH_MS UINT64_C(1700000000000)

/* Everything a run is made of besides its seed's rolls. Stories fill it by hand. */
struct world_plan {
	uint64_t seed;
	unsigned dc_count;
	unsigned operations;         /* client requests, all DCs together */
	unsigned keys;               /* per rule */
	uint64_t load_us;            /* how long clients send */
	uint64_t link_us_max;        /* latency between DCs */
	bool has_faults[FAULT_COUNT];
	unsigned fault_events;
	bool has_ttls;
	bool has_log_in_store;       /* a log is down, and comes back older, with its DC's store */
	bool has_drift;              /* clocks drift a little */
	unsigned elements_per_turn;  /* of whole keys that a core takes in, or sends, in one turn; 0: so many that there is no more */
	unsigned forget_per_turn;    /* marks of stable writes that a core drops in one turn; 0: so many that all are dropped at once */
	bool has_streams;            /* … of streams */
	bool has_groups;             /* … and of their consumer groups */
	bool has_unions;             /* half of all commands are those of HyperLogLogs, and what else their keys get */
	bool has_lists;              /* half of all commands are those of lists */
	bool has_renames;            /* a fifth of all commands make a key whole: RENAME, COPY */
	bool has_parts;              /* many strings are written in part: APPEND, SETRANGE, SETBIT, BITFIELD */
	unsigned message_bytes_max;
	bool has_all_rules;          /* keys of every rule; else of lww and merge */
	bool has_contexts;           /* clients deal with versions themselves */
	bool has_resolves;           /* … and decide open conflicts */
	bool has_sessions;           /* clients move between DCs with session tokens */
	bool has_homes;              /* users have homes, and move */
	bool has_take_overs;         /* and are taken over by force */
	bool has_first_homes;        /* they live nowhere until somebody writes for them */
	bool is_narrow;              /* few writes to few keys, mostly of one rule: many meet, and nothing comes after them to mend it */
	enum audit_rule favourite;   /* … of this one */
	struct world_limits limits;
};

/* How one DC follows one log. */
struct follower {
	bool is_active, is_paused, is_cut, is_planned;
	bool is_again;               /* it is delivered from an older message on */
	bool is_at_beginning;        /* nothing was delivered yet, and all was asked for */
	unsigned generation;
	unsigned cursor;             /* next message */
};

struct dc {
	unsigned index;
	/* clock */
	int64_t skew_ms;             /* of its wall clock */
	int64_t drift_ppm;           /* … and how it drifts */
	int64_t steady_ppm;          /* how its steady clock drifts */
	int64_t steady_leap_ms;      /* … and by how much it has leapt, as where a machine slept and its clock did not */
	/* sidecar */
	struct core *core;           /* NULL: it is down */
	struct effects effects;
	unsigned life;               /* counts starts */
	bool is_open;                /* the core was told so, and the connection stands */
	bool is_turn_planned;
	uint64_t nonce;
	unsigned alarms;
	bool has_new_rules;
	uint64_t fault_until_us[FAULT_COUNT]; /* for coverage */
	/* store and the connection to it */
	struct sim_store *store;
	bool is_store_up;
	unsigned refusals;           /* the store refuses that many groups more */
	bool is_lost_unseen;         /* keys were deleted since the last opening */
	unsigned journal_floor;      /* of its store: it is not rolled back any further */
	uint64_t torn_us;            /* since when it waits for somebody to remove its data; 0: it does not */
	uint64_t memory_max;         /* beyond it the store is full; 0: no limit */
	bool is_beyond;              /* remote writes have taken the store beyond its limit, and none of its transactions was taken since */
	uint64_t refused_ids[REFUSED_KEPT];  /* of the groups that were refused last */
	unsigned refused_count;
	const struct lane_group *running;    /* it has added to, and removed from, clients' databases: */
	bool is_adding, is_removing;
	unsigned run;                /* counts starts */
	unsigned stores;             /* counts stores that were found empty: each has an id of its own */
	unsigned connection;         /* counts connections */
	struct lane lane;
	uint64_t group_us, answer_us; /* when the last one arrives: order is kept */
	/* log */
	struct sim_log log;
	bool is_log_cut, is_truncated;
	uint64_t started_us;         /* the sidecar, last */
	unsigned log_generation;
	uint64_t landing_us;
	struct follower followers[WORLD_DCS_MAX]; /* of each DC's log, by us */
	unsigned read_most[WORLD_DCS_MAX];        /* how far we ever read in it */
	struct log_limit limit;
	struct telling tellings[WORLD_DCS_MAX];   /* of what we have read of each DC's log */
	bool is_rolled_back;         /* its store ever was */
	bool has_lost_metadata;      /* an opening went on without it */
};

struct client_memories { struct client_memory *items; unsigned count, cap; };    /* client_memory.h */

struct handling { uint64_t id; bool is_done; uint32_t value; };      /* a handler that was asked for */
struct handlings { struct handling *items; unsigned count, cap; };

/* What became of users who move, and of requests for them. */
struct homes_met { uint64_t orders, ended[MOVE_RESULT_COUNT], flips, unanswered, forwarded, redirected, held; };

struct world {
	struct world_plan plan;
	struct dice dice;
	uint64_t now_us;
	struct happenings happenings;
	struct pool *pool;
	struct dc dcs[WORLD_DCS_MAX];
	struct requests requests;
	struct client_memories memories;
	uint32_t session_texts[SESSIONS_KEPT];       /* newest first, in the pool; 0: none */
	struct handlings handlings;
	struct auditor *auditor;
	struct coverage *coverage;   /* borrowed */
	struct trace *trace;         /* borrowed */
	unsigned requests_left;
	struct limits_met limits_met;
	struct homes_met homes_met;
	bool is_ending;              /* no more load, no more faults */
	uint64_t deadline_ms_max;    /* the latest short deadline any client set */
	struct dc *busy;             /* whose transaction runs: for the store's observer */
};

extern const char *const world_dc_names[WORLD_DCS_MAX];

/* Draws a plan from the seed. */
void world_plan_draw(struct world_plan *plan, uint64_t seed);
struct world *world_new(const struct world_plan *plan, struct coverage *coverage, struct trace *trace);
/* Runs load and faults, heals, waits for quiescence, audits. True: nothing was found. */
bool world_run(struct world *world);
/* Heals, waits for quiescence, audits. */
void world_conclude(struct world *world);
void world_free(struct world *world);

/* ---- for the files of the simulation ---- */

uint64_t world_clock_ms(const struct world *world, const struct dc *dc);     /* what DC's wall clock shows */
uint64_t world_steady_ms(const struct world *world, const struct dc *dc);    /* … and the one that nobody sets */
void world_plan_next(struct world *world, const struct happening *happening, uint64_t delay_us);
void world_advance(struct world *world, uint64_t duration_us);               /* stories: let time pass */
bool world_settle(struct world *world);                                      /* until nothing is left to do; false: it never ends */
void world_heal(struct world *world);                                        /* everything that is broken */
unsigned world_local_index(const struct dc *dc, unsigned other);             /* how DC's core numbers OTHER */
unsigned world_global_index(const struct dc *dc, unsigned local);

#endif
