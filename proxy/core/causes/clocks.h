/* Clocks: how far the wall clocks of other datacenters are from ours, and whose is wrong (docs/replication-model.md, "Clocks"). Each message tells its
 * sender's clocks, and now and then how it has read ours: so both ends of a pair know their offset, and how exactly.
 *
 *   clock_pair.c     two steady clocks, compared by messages      clock_verdict.c  of three, the odd one out
 *   clocks.c         what messages tell of clocks */
#ifndef CORE_CLOCKS_H
#define CORE_CLOCKS_H

#include "causes.h"
#include "proxy/core/vocabulary/options.h"

/* A message of a DC's log was read. */
void clocks_hear(struct causes *causes, unsigned dc, const struct batch *batch, uint32_t heartbeat_ms);
/* Adds to HEADER what our clocks show, and, if IS_DUE, how we read those of others; it points into CAUSES until the next call. */
void clocks_tell(struct causes *causes, struct batch *header, bool is_due);
bool clocks_are_due(const struct causes *causes, uint32_t heartbeat_ms);     /* nobody was told for so long */
/* Where what was applied last stands by our own steady clock, as soon as that can be told. */
void clocks_date_freshness(struct causes *causes, unsigned dc);
/* Who is wrong? Alarms tell what has changed. */
void clocks_judge(struct causes *causes, const struct core_options *options);
/* Its clock is ahead by more than LIMIT, and not because ours is behind all others. */
bool clocks_are_ahead(const struct causes *causes, unsigned dc, uint64_t limit_ms);
/* How far its wall clock is ahead of ours; both ends unknown while nothing is known. */
struct clock_span clocks_span(const struct causes *causes, unsigned dc);

#endif
