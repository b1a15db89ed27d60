/* Store guard: a connection of one client's own, on which it WATCHes keys. The client's next transaction runs there, too (EFFECT_GROUP.guard), in its turn
 * among all groups, so Redis itself decides whether what was watched has changed. Behind the client's keys each guard watches the epoch key: once another
 * sidecar has taken this Redis over, no transaction runs on it.
 * Guards that nobody needs are kept for the next client, a few of them. */
#ifndef CONNECTORS_STORE_GUARD_H
#define CONNECTORS_STORE_GUARD_H

#include "store.h"

struct store_guard;

struct store_guard_callbacks {
	void *context;
	void (*looked)(void *context, bool is_touched);          /* to store_guard_look */
	void (*replied)(void *context, struct slice reply);      /* to store_guard_watch or _check */
	/* The connection is gone, and the guard with it. ERROR is the line with which the store refused it, without '-'; empty if it did not. */
	void (*lost)(void *context, struct slice error);
};

/* The store must be open. */
struct store_guard *store_guard_new(struct store *store, unsigned protocol, const struct store_guard_callbacks *callbacks);
/* The client speaks another version of the protocol from now on. */
void store_guard_speak(struct store_guard *guard, unsigned protocol);
/* COMMAND is a WATCH, as RESP. */
void store_guard_watch(struct store_guard *guard, uint32_t db, struct slice command);
/* Has what is watched changed already? (A server that cannot tell says no.) */
void store_guard_look(struct store_guard *guard);
/* An EXEC of nothing: its reply says whether what was watched has changed, and nothing is watched any more. */
void store_guard_check(struct store_guard *guard);
/* For EFFECT_GROUP.guard. Never 0. */
uint64_t store_guard_number(const struct store_guard *guard);
/* Nothing is watched any more, and no callback will come. A transaction of it that is under way runs all the same. */
void store_guard_free(struct store_guard *guard);

#endif
