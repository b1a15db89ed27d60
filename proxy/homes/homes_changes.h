/* Homes changes: the latest changes of homes that this sidecar has seen, for programs that keep a copy of who lives where. Each change has the next version;
 * a reader says up to which version it knows, gets what is newer, and may wait for that. Only the latest HOMES_CHANGES_KEPT are kept, and none beyond a restart:
 * a reader that knows less is told to begin anew. */
#ifndef PROXY_HOMES_CHANGES_H
#define PROXY_HOMES_CHANGES_H

#include "base/bytes.h"

#define HOMES_CHANGES_KEPT 16384

struct event_base;
struct homes_changes;

struct home_change {
	struct slice user;
	unsigned dc;                 /* may be CORE_DC_UNKNOWN */
	uint64_t epoch;
	bool is_forced;
};

/* RUN tells this run of the sidecar from others. */
struct homes_changes *homes_changes_new(struct event_base *loop, uint64_t run);
void homes_changes_free(struct homes_changes *changes);
/* CHANGE is copied. Those who wait are told in the loop's next pass. */
void homes_changes_add(struct homes_changes *changes, const struct home_change *change);

/* "1764512345678-42": the run, and the version of the latest change. */
void homes_changes_add_tag(struct buffer *out, const struct homes_changes *changes);
/* *version: up to which TAG knows. False: that is not known here: it is another run's, or what follows it is not kept. */
MUST_CHECK bool homes_changes_read_tag(const struct homes_changes *changes, struct slice tag, uint64_t *version);
uint64_t homes_changes_version(const struct homes_changes *changes);
/* The change with this version, of those that are kept. */
const struct home_change *homes_changes_at(const struct homes_changes *changes, uint64_t version);

/* Calls TELL once: when there is a change, or after WAIT_MS. */
void homes_changes_wait(struct homes_changes *changes, uint32_t wait_ms, void (*tell)(void *context), void *context);
/* Whoever waits with this context is not told. */
void homes_changes_forget(struct homes_changes *changes, const void *context);

#endif
