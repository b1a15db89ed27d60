/* Open: do the versions of an episode that are alive now wait for a decision? */
#ifndef CORE_EPISODE_OPEN_H
#define CORE_EPISODE_OPEN_H

#include "episode_side.h"

/* Does its rule keep several live versions until a write covers them? */
bool episode_is_keeping(const struct episode *episode);
/* The side as a version; NULL: it is covered, or a newer write of another type killed it. */
const struct version *episode_live_version(const struct episode *episode, const struct side *side);
/* Do several versions of it live on until a write covers them? */
bool episode_is_kept(const struct episode *episode);
enum record_status episode_status(const struct episode *episode);

/* Sides, given one by one: do they differ? Zero but for KIND at first. */
struct dispute { enum kind kind; struct note *first; bool is_present; };
/* Returns whether this one differs from the one before. */
bool dispute_add(struct dispute *dispute, struct note *note, bool is_present);

#endif
