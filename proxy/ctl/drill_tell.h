/* Drill tell: what homeportctl says of a drill: whom it would move, and what came of it. */
#ifndef PROXY_CTL_DRILL_TELL_H
#define PROXY_CTL_DRILL_TELL_H

#include "ctl_options.h"
#include "drill.h"

/* Prints the report, writes it to --report, and gives it to the sidecar, for metrics. Returns how to exit. STARTED: when, as text (RFC 3339). */
int drill_tell(const struct ctl_options *options, const struct drill *drill, const char *started);
/* RATE: users a second. */
int drill_tell_plan(const struct ctl_options *options, const struct drill *drill, uint64_t rate);

#endif
