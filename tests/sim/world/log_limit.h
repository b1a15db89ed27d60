/* Log limit: the size limit of one DC's log, as the connector for Redis streams has it (connectors/stream/stream_writer.h). Readers tell the owner
 * of a log how far they have read and from where they would read after a restart. Only what some reader has not read counts against the limit;
 * while the limit is reached, appends are dropped, and asked for again once there is room. Messages that all DCs have applied and that nobody would
 * read after a restart are trimmed once the log takes more than half of its limit. All of it only in worlds whose plan has a limit. */
#ifndef SIM_LOG_LIMIT_H
#define SIM_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_READERS_MAX 5

struct world;
struct dc;
struct happening;

/* 0: as large as never to matter. */
struct world_limits {
	uint64_t log_bytes;
	uint64_t inbox_bytes, outbox_bytes, metadata_bytes;
	uint32_t incarnations;
	unsigned value_bytes_max;    /* some values are as long as this */
	bool counts_what_is_read;    /* the limit of a log is for all that it holds, and restart positions are not told: never drains */
};

/* How often each limit was met. */
struct limits_met { uint64_t full_logs, paused_logs, full_stores, full_outboxes, full_metadata; };

/* What the owner of a log knows. Numbers of messages: those before NUMBER. */
struct log_limit {
	bool is_full, is_room_planned;
	bool is_passing;             /* full, but what passes the limit was dropped: it is asked for again at once */
	bool is_dropping;
	uint64_t dropped_from;       /* id of the first append that was dropped */
	unsigned trim_wanted;        /* all DCs have applied what is before */
	unsigned trim_settled;       /* trim_wanted as it was one look ago */
	unsigned read[LOG_READERS_MAX], restart[LOG_READERS_MAX]; /* as each DC told */
	bool is_trimmed;             /* it was ever */
};

/* What one reader of a log tells its owner. */
struct telling {
	bool is_planned;
	unsigned restart;            /* from here we would read after a restart */
	unsigned told_read, told_restart;
};

/* True: the append ID is dropped for now, because the log of DC is full. One that passes the limit is dropped only if some before it were; then all
 * of them are asked for again. */
bool log_limit_drops(struct world *world, struct dc *dc, uint64_t id, bool passes_limit);
/* The log of DC, or what is known of its readers, has changed: trims, and sees whether it is full. */
void log_limit_look(struct world *world, struct dc *dc);
/* There is room again. True: appends from *ID on are asked for again. */
bool log_limit_go_on(struct world *world, struct dc *dc, uint64_t *id);
/* The sidecar of DC is gone, and with it what it had not heard or told. */
void log_limit_forget(struct world *world, struct dc *dc);
/* All DCs have applied the messages of DC's log up to POSITION. */
void log_limit_applied(struct world *world, struct dc *dc, int64_t position);
/* DC would read the log of ORIGIN from behind POSITION after a restart. */
void log_limit_restart_at(struct world *world, struct dc *dc, unsigned origin, int64_t position);
/* The first message of ORIGIN's log that DC may be given again. */
unsigned log_limit_first_again(const struct world *world, const struct dc *dc, unsigned origin);
/* DC tells the owner of ORIGIN's log, if there is anything new. */
void log_limit_tell(struct world *world, struct dc *dc, unsigned origin);
/* What DC told arrives, or is lost because the link is cut. */
void log_limit_told(struct world *world, struct dc *dc, const struct happening *happening);

#endif
