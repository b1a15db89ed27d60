/* Delivery: one message of a log, from when it was decoded until it is applied. */
#ifndef CORE_DELIVERY_H
#define CORE_DELIVERY_H

#include "proxy/core/versions/origin.h"

struct delivery {
	struct delivery *next;
	int64_t position;
	struct slice bytes;                  /* owned */
	struct context *context;             /* by our origin indexes; held */
	struct slice writes;                 /* in bytes */
	unsigned origin, write_count, changes_max;
	uint64_t first_seq, hlc, hello, rules_digest;
	uint64_t clock, steady_ms;           /* of its sender */
	uint64_t entries_from_ms;            /* what it promises of streams' entries */
	bool is_gap_counted, is_lifted, is_stopped, asks;
	bool is_homes_known, has_homes;      /* once it was looked at: it changes homes of users */
	bool is_weighed, is_removing;        /* once it was looked at: it only removes, and sets deadlines */
};

#endif
