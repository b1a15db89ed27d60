/* Guards: all store guards of a store, for store.c (store_guard.h is what others see of them). */
#ifndef CONNECTORS_GUARDS_H
#define CONNECTORS_GUARDS_H

#include "pipeline.h"
#include "store_guard.h"

struct guards;

struct guards_options {
	const struct store_options *store;       /* borrowed */
	void *context;
	/* Of a group on a guard's pipeline, as in struct pipeline_callbacks. */
	void (*answered)(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count, struct slice error);
	void (*fed)(void *context);
	void (*failed)(void *context, const char *why);  /* nobody knows what became of a group, or another sidecar has taken the store over */
};

struct guards *guards_new(const struct guards_options *options);
void guards_free(struct guards *guards);
/* EPOCH: that of this opening. */
void guards_open(struct guards *guards, uint64_t epoch);
/* All guards are gone; their clients are told. */
void guards_close(struct guards *guards);
/* Queues GROUP. Returns the pipeline; NULL: that guard is gone, and what was watched may have changed. ORDINAL: names the pipeline in the order of groups, 0 first. */
struct pipeline *guards_group(struct guards *guards, uint64_t number, unsigned *ordinal);
void guards_set_gate(struct guards *guards, unsigned ordinal, uint64_t position);
void guards_flush(struct guards *guards);

struct store_guard *guards_add(struct guards *guards, unsigned protocol, const struct store_guard_callbacks *callbacks);

#endif
