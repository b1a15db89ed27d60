/* Net: what a series of writes comes to. A script is one write to all datacenters, and in one write each element stands once. */
#ifndef CORE_NET_H
#define CORE_NET_H

#include "base/arena.h"
#include "proxy/core/commands/change.h"

struct net_entry;

struct net {
	struct changes *changes;             /* what it comes to so far; those that a later one has undone are marked */
	struct arena *arena;
	uint32_t *slots;                     /* owned: index + 1 into CHANGES, by element and by key; 0: free */
	uint32_t slot_count;
	uint32_t *next_of_key;               /* owned: for each change, the one before it of its key, + 1 */
	bool *is_gone;                       /* owned */
	unsigned cap;
};

void net_begin(struct net *net, struct changes *changes, struct arena *arena);
/* REPLY: the command's own, which holds the number after an increment. What CHANGE points to has to stay. */
void net_add(struct net *net, const struct change *change, struct slice reply);
void net_end(struct net *net);

#endif
