/* Drill running: what homeportctl knows while a drill runs. */
#ifndef PROXY_CTL_DRILL_RUNNING_H
#define PROXY_CTL_DRILL_RUNNING_H

#include "ctl_options.h"
#include "drill.h"
#include "drill_canaries.h"
#include "drill_cut.h"

#include <signal.h>

struct running {
	const struct ctl_options *options;
	struct drill drill;
	uint64_t rate, hold_ms;
	uint64_t began_ms;           /* of a clock that nobody sets */
	long long conflicts_before;
	struct canaries *canaries;   /* owned; NULL: there are none */
	struct cut *cut;             /* owned; NULL: the source is not cut off */
	volatile sig_atomic_t *is_interrupted;
	char started[32];
	char crossed[64];            /* the limit that stopped it */
};

uint64_t running_now_ms(void);

#endif
