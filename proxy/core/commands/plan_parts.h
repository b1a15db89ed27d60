/* Plan parts: the halves of each plan, as plan.def pairs them. A build function runs before the store's reply, a finish function after it. They are
 * defined in plan_string.c, plan_element.c, plan_scores.c, plan_list.c, plan_stream.c, plan_group.c, plan_key.c, plan_finish.c, plan_whole.c, plan_list_finish.c and
 * plan_stream_finish.c. Private to the plans. */
#ifndef CORE_PLAN_PARTS_H
#define CORE_PLAN_PARTS_H

#include "plan_build.h"

/* ---- before the reply ---- */

#define PLAN(name, number, certainty, removal, build, finish, prose) plan_build_function plan_build_##build;
#include "plan.def"
#undef PLAN

/* ---- after the reply ---- */

/* What an XRANGE found, and, in an XINFO STREAM, how far the stream had got. */
void plan_add_stream(const struct change *like, struct slice entries, struct slice info, struct changes *result);
/* What a script told of groups (plan_group.c). */
void plan_add_told(const struct change *like, struct slice told, struct changes *result);

typedef void plan_finish_function(const struct changes *intent, const struct slice *replies, struct changes *result);

#define PLAN(name, number, certainty, removal, build, finish, prose) plan_finish_function plan_finish_##finish;
#include "plan.def"
#undef PLAN

/* Does it tell a whole key? Then its changes can be had some at a time (plan_finish_some). */
bool plan_whole_is(plan_finish_function *finish);
bool plan_whole_some(plan_finish_function *finish, const struct changes *intent, const struct slice *replies, struct plan_walk *walk, struct changes *result);
uint64_t plan_whole_elements(const struct slice *replies, unsigned count);

#endif
