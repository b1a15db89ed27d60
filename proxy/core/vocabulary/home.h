/* Home: where a user lives. */
#ifndef CORE_HOME_H
#define CORE_HOME_H

#include <stdbool.h>
#include <stdint.h>

struct home {
	unsigned dc;                 /* index into core_options.dcs; CORE_DC_UNKNOWN: a datacenter that is not configured here */
	uint64_t epoch;              /* 0: by default */
	bool is_explicit;            /* he has a home of his own */
	bool is_forced;              /* which somebody else than the home before gave him */
	bool is_moving;              /* he is being moved away from here, or taken over by us */
	bool is_nobodys;             /* default: first, and nobody is known to have written for him: dc is CORE_DC_UNKNOWN */
	bool is_here;                /* this datacenter acts as his home: it takes his writes now */
};

#endif
