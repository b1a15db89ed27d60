/* Sweep: drops the dots beside the data (spill.c) whose data is gone. */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include "proxy/core/versions/keyspace.h"

#define SWEEP_FIELDS_MAX 256         /* a step */

struct asks;

struct sweep {
	struct spills found;                 /* owned: fields that the store told of, each as its removal */
	unsigned asked;                      /* the store was asked whether the last so many of them have data */
	unsigned replies[SWEEP_FIELDS_MAX];  /* which replies tell: of the last one first */
	unsigned scan_reply;                 /* tells more fields, and the next one how many there are; 0: not asked */
	struct buffer cursor;                /* owned: where the walk goes on; empty: it begins */
	bool is_under_way;
	uint64_t answered_ms, pause_ms;      /* the last step was, and until the next one */
};

void sweep_reset(struct asks *asks);             /* the next step begins a walk */

#endif
