/* Onlookers: keys whose changes somebody wants to hear of, because an answer of the store about them is under way or at hand. */
#ifndef CORE_ONLOOKERS_H
#define CORE_ONLOOKERS_H

#include "proxy/core/commands/change.h"
#include "proxy/core/commands/plan.h"

struct onlooker {                    /* part of whoever looks on */
	struct onlooker *next;
	uint32_t db;
	struct slice key;            /* borrowed from its owner */
	bool is_touched;             /* since the owner set it to false */
};

struct onlookers { struct onlooker *first; };     /* NULL: nobody looks on */

void onlookers_add(struct onlookers *onlookers, struct onlooker *onlooker);
void onlookers_remove(struct onlookers *onlookers, struct onlooker *onlooker);
void onlookers_touch(struct onlookers *onlookers, uint32_t db, struct slice key);
void onlookers_touch_changed(struct onlookers *onlookers, const struct changes *changes);

#endif
