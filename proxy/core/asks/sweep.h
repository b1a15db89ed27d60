/* Sweep: drops the dots beside the data (spill.c) whose data is gone. */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include "proxy/core/versions/keyspace.h"

#define SWEEP_FIELDS_MAX 256         /* a step */

struct asks;

struct sweep {
	struct spills found;                 /* owned: fields that HSCAN returned, each as its removal */
	unsigned asked;                      /* the store was asked whether the last so many of them have data */
	unsigned replies[SWEEP_FIELDS_MAX];  /* which reply is the answer to that; the last field's first */
	unsigned parts_reply;                /* first of the replies to parts_ask */
	unsigned scan_reply;                 /* HSCAN's reply, followed by HLEN's; 0: neither was sent */
	struct buffer cursor;                /* owned: where the walk goes on; empty: it begins */
	bool has_asked_log;
	bool has_log, has_history;           /* the store has had these streams since it was opened, which nothing but a person deletes */
	bool is_under_way;
	uint64_t answered_ms, pause_ms;      /* when the last step was, and how long the next one waits */
};

void sweep_reset(struct asks *asks);             /* the next step begins a walk */

#endif
