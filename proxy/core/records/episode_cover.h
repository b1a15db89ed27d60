/* Covers: what replaced, or killed, the sides of an episode. Whether a decision was open when a write came must be told from what that write had seen, not
 * from what happens to be applied here: another DC may meanwhile have applied something that covers a side or, being of another type, kills it. So of
 * each origin the first write that covers a side is remembered. A side was alive for a write that has seen none of them. */
#ifndef CORE_EPISODE_COVER_H
#define CORE_EPISODE_COVER_H

#include "episode_side.h"

/* Write BY of BY_ORIGIN covers the side with the dot (ORIGIN, SEQ) or, being of another type, kills it: it is the first such write of that origin. */
struct cover { unsigned origin, by_origin; uint64_t seq, by_seq; bool is_kill; };

/* False: it is known, or an earlier one of its origin is. */
bool episode_add_cover(struct keyspace *keyspace, struct episode *episode, const struct cover *cover);
/* An absolute write is about to compete: notes the sides that it covers. */
void episode_note_covers(struct keyspace *keyspace, struct episode *episode, const struct party *party);
void episode_note_kill(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct stamp *by);
/* SIDE was just added: finds what covers it already. */
void episode_find_covers(struct keyspace *keyspace, struct episode *episode, const struct side *side);
/* PARTY's side was met: if its version is gone and nobody knows by what, then every DC has what took it. */
void episode_find_life(const struct keyspace *keyspace, struct episode *episode, const struct party *party);
bool episode_covers_are_stable(const struct keyspace *keyspace, const struct episode *episode);
/* Every DC has all of it, and what covers its sides, so nobody will ask any more by what. False: there is nothing to forget. */
bool episode_forget_covers(struct keyspace *keyspace, struct episode *episode);
/* Did the live versions differ for a write that had seen as much as STAMP? */
bool episode_was_disputed(const struct episode *episode, const struct stamp *stamp);

/* Is given a write that replaces what it covers of the episode's element. Returns true if no later write of its origin is wanted. */
typedef bool visit_write(struct keyspace *keyspace, struct episode *episode, const struct side *side, const struct party *party);
/* Visits all such writes that are remembered: of the element, clears of its key, SETs if it is of another type, flushes. */
void episode_visit_writes(struct keyspace *keyspace, struct episode *episode, visit_write *visit, const struct side *side);

#endif
